//! What the boot needs from the kernel around it.

use core::fmt;
use core::ops::Range;

use crate::platform::{Paddr, Platform};

/// Where the linear mapping of the boot page table ends on x86-64: at 4 GiB.
pub const X86_64_LINEAR_END: Paddr = 1 << 32;

/// A platform that can be booted: it maps memory when asked.
///
/// # Safety
///
/// The methods behave as documented; writing the slots depends on it.
pub unsafe trait BootPlatform: Platform {
    /// Where the linear mapping ends before the boot. Memory above is mapped by
    /// [`map_linear`](Self::map_linear) first. [`X86_64_LINEAR_END`] there; on
    /// other machines all memory is mapped.
    const LINEAR_END: Paddr = Paddr::MAX;

    /// Maps physical memory into the linear mapping.
    ///
    /// Safety for the implementer: from then on [`page`](Platform::page) holds
    /// for it, aligned to a page.
    ///
    /// # Errors
    ///
    /// If it cannot; nothing of it is mapped then.
    ///
    /// # Safety
    ///
    /// The range is page-aligned, in physical memory, not mapped yet, and
    /// nothing else uses this platform.
    unsafe fn map_linear(range: Range<Paddr>, property: PageProperty) -> Result<(), MapError> {
        let _ = (range, property);
        Err(MapError)
    }

    /// Takes back [`map_linear`](Self::map_linear), because the boot failed.
    ///
    /// # Safety
    ///
    /// The range was mapped by `map_linear` and nobody uses it.
    unsafe fn unmap_linear(range: Range<Paddr>) {
        let _ = range;
    }

    /// Maps the page at `paddr` as the page `index` of the array of slots.
    ///
    /// Safety for the implementer: once pages 0 to `index` are mapped,
    /// [`slots`](Platform::slots) points at the first of them, and they follow
    /// one another. They stay mapped for ever, unless the boot fails.
    ///
    /// # Errors
    ///
    /// If it cannot; the page is not mapped then.
    ///
    /// # Safety
    ///
    /// The page holds slots, and nothing else uses it or this platform. Pages
    /// come in order, starting with 0.
    unsafe fn map_meta_page(
        index: usize,
        paddr: Paddr,
        property: PageProperty,
    ) -> Result<(), MapError>;

    /// Takes back [`map_meta_page`](Self::map_meta_page), because the boot
    /// failed. Pages come in reverse order.
    ///
    /// # Safety
    ///
    /// The page was mapped by `map_meta_page` and nobody uses it.
    unsafe fn unmap_meta_page(index: usize, paddr: Paddr);
}

/// A page cannot be mapped: there is no memory for page tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapError;

impl fmt::Display for MapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no memory for page tables")
    }
}

impl core::error::Error for MapError {}

/// How a page is mapped. Nothing is mapped executable, nor for user programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageProperty {
    /// What may be done with it.
    pub access: PageAccess,
    /// How it is cached.
    pub cache: CachePolicy,
    /// Whether the mapping is the same in every address space.
    pub global: bool,
}

impl PageProperty {
    /// The kernel's own data.
    pub const KERNEL_DATA: PageProperty = PageProperty {
        access: PageAccess::ReadWrite,
        cache: CachePolicy::Writeback,
        global: true,
    };
}

/// What may be done with a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PageAccess {
    /// Reads and writes.
    ReadWrite,
}

/// How accesses to a page are cached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CachePolicy {
    /// As ordinary memory.
    Writeback,
}
