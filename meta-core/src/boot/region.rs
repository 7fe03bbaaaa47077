//! Typed regions of physical memory.

use core::fmt;
use core::ops::Range;

use crate::platform::{PAGE_SIZE, Paddr};

/// What a region of physical memory is.
///
/// In ascending order of use: where regions overlap, the least wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MemoryRegionType {
    /// Defective.
    BadMemory,
    /// The firmware does not state it, or nothing is there.
    Unknown,
    /// Kept by the firmware across sleep.
    NonVolatileSleep,
    /// The firmware's own, or a device's.
    Reserved,
    /// The kernel's image.
    Kernel,
    /// A file that the boot loader brought along.
    Module,
    /// The screen's memory.
    Framebuffer,
    /// Tables of the firmware or the boot loader, usable once they are read.
    Reclaimable,
    /// Nobody's.
    Usable,
}

impl MemoryRegionType {
    /// All of them, in ascending order of use.
    pub const ALL: [MemoryRegionType; 9] = [
        MemoryRegionType::BadMemory,
        MemoryRegionType::Unknown,
        MemoryRegionType::NonVolatileSleep,
        MemoryRegionType::Reserved,
        MemoryRegionType::Kernel,
        MemoryRegionType::Module,
        MemoryRegionType::Framebuffer,
        MemoryRegionType::Reclaimable,
        MemoryRegionType::Usable,
    ];

    /// Whether such a region is memory that works: the highest one is the end
    /// of physical memory.
    pub const fn is_ram(self) -> bool {
        !matches!(
            self,
            MemoryRegionType::BadMemory
                | MemoryRegionType::Unknown
                | MemoryRegionType::Reserved
                | MemoryRegionType::Framebuffer
        )
    }
}

/// A region of physical memory, as the firmware describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MemoryRegion {
    /// The first address.
    pub base: Paddr,
    /// The number of bytes.
    pub len: usize,
    /// What it is.
    pub typ: MemoryRegionType,
}

impl MemoryRegion {
    /// The whole pages of the region: within it if it is usable, around it if
    /// not, and none if it is empty. `None` if it does not fit the address
    /// space.
    pub(super) fn pages(&self) -> Option<Range<Paddr>> {
        if self.len == 0 {
            return Some(0..0);
        }
        let end = self.base.checked_add(self.len)?;
        let around = pages_around(&(self.base..end))?;
        if self.typ != MemoryRegionType::Usable {
            return Some(around);
        }
        let start = self.base.checked_next_multiple_of(PAGE_SIZE)?;
        Some(start..(end - end % PAGE_SIZE).max(start))
    }
}

/// The pages that hold the bytes of a range; none if it is empty. `None` if
/// they do not fit the address space.
pub(super) fn pages_around(bytes: &Range<Paddr>) -> Option<Range<Paddr>> {
    if bytes.is_empty() {
        return Some(0..0);
    }
    let end = bytes.end.checked_next_multiple_of(PAGE_SIZE)?;
    Some(bytes.start - bytes.start % PAGE_SIZE..end)
}

impl fmt::Display for MemoryRegion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let MemoryRegion { base, len, typ } = self;
        write!(f, "{typ:?} {base:#x} + {len:#x}")
    }
}
