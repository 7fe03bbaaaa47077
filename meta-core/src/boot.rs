//! From the firmware's memory map to an initialised region.
//!
//! [`init`] does it once, on the first processor, before the others start:
//!
//! 1. it [normalises](MemoryMap) the map and takes the end of physical memory
//!    from it;
//! 2. where the boot page table does not reach that far, it asks for a linear
//!    mapping of the rest;
//! 3. it takes a slot for every frame below that end from the early allocator,
//!    makes each slot Unused, and has the slots mapped;
//! 4. it makes the end known: from here on frames can be claimed;
//! 5. it claims every frame that is not usable, or was allocated early, or
//!    holds the slots, with [metadata](#structs) that states so.
//!
//! What stays unused is what a frame allocator may hand out.
//!
//! A boot that fails takes back each of these steps.
//!
//! ```
//! use core::cell::UnsafeCell;
//! use core::ptr::NonNull;
//! use core::sync::atomic::{AtomicUsize, Ordering};
//! use meta_core::boot::{self, BootPlatform, EarlyMemory, MapError, MemoryMap, MemoryRegion};
//! use meta_core::boot::{CachePolicy, KernelMeta, MemoryRegionType, MetaPageMeta, PageProperty};
//! use meta_core::{AnyFrameMeta, Frame, GetFrameError, MaxPaddr, MetaSlot, PAGE_SIZE, Paddr};
//! use meta_core::Platform;
//!
//! const FRAMES: usize = 8;
//! # #[repr(align(4096))]
//! # struct Memory(UnsafeCell<[u8; FRAMES * PAGE_SIZE]>);
//! # // SAFETY: pages are reached through the handles, which determine who may access them.
//! # unsafe impl Sync for Memory {}
//! # static MEMORY: Memory = Memory(UnsafeCell::new([0; FRAMES * PAGE_SIZE]));
//! static MAX_PADDR: MaxPaddr = MaxPaddr::new();
//! /// Where the slots are, set by the boot.
//! static SLOTS: AtomicUsize = AtomicUsize::new(0);
//!
//! struct Kernel;
//!
//! // SAFETY: the memory exists for ever, and the slots are in it once it is booted.
//! unsafe impl Platform for Kernel {
//!     fn slots() -> NonNull<MetaSlot> {
//!         let slots = Self::page(SLOTS.load(Ordering::Relaxed));
//!         NonNull::new(slots.cast()).expect("memory")
//!     }
//!     fn max_paddr() -> &'static MaxPaddr { &MAX_PADDR }
//!     fn page(paddr: Paddr) -> *mut u8 { MEMORY.0.get().cast::<u8>().wrapping_add(paddr) }
//!     unsafe fn free_frame(_: Paddr) {}
//!     fn abort() -> ! { std::process::abort() }
//! }
//!
//! // SAFETY: the slots lie in a row in the linear mapping, which holds all memory.
//! unsafe impl BootPlatform for Kernel {
//!     unsafe fn map_meta_page(
//!         index: usize,
//!         paddr: Paddr,
//!         property: PageProperty,
//!     ) -> Result<(), MapError> {
//!         assert_eq!(property.cache, CachePolicy::Writeback);
//!         if index == 0 {
//!             SLOTS.store(paddr, Ordering::Relaxed);
//!         }
//!         Ok(())
//!     }
//!     unsafe fn unmap_meta_page(_: usize, _: Paddr) {}
//! }
//!
//! let region = |base, frames, typ| MemoryRegion { base, len: frames * PAGE_SIZE, typ };
//! let regions = [
//!     region(0, 2, MemoryRegionType::Kernel),
//!     region(2 * PAGE_SIZE, 6, MemoryRegionType::Usable),
//! ];
//! let map = MemoryMap::new(&regions)?;
//! assert_eq!(map.highest().typ, MemoryRegionType::Usable);
//! assert!(map.highest().typ.is_ram());
//!
//! assert!(!boot::is_initialized::<Kernel>());
//! // SAFETY: nobody uses the memory yet, and all of it is mapped.
//! let mut early = unsafe { EarlyMemory::new(&map) };
//! // SAFETY: no other thread runs, and the map is correct.
//! let meta_pages = unsafe { boot::init::<Kernel>(&regions, &mut early)? };
//! assert!(boot::is_initialized::<Kernel>());
//! assert_eq!((meta_pages.start_paddr(), meta_pages.len()), (2 * PAGE_SIZE, 1));
//!
//! // The metadata of every frame in use states its use.
//! let frame = Frame::<dyn AnyFrameMeta, Kernel>::from_in_use(PAGE_SIZE)?;
//! assert!(Frame::<KernelMeta, _>::try_from(frame).is_ok());
//! let frame = Frame::<dyn AnyFrameMeta, Kernel>::from_in_use(2 * PAGE_SIZE)?;
//! assert!(Frame::<MetaPageMeta, _>::try_from(frame).is_ok());
//! let usable = Frame::<dyn AnyFrameMeta, Kernel>::from_in_use(3 * PAGE_SIZE);
//! assert_eq!(usable.unwrap_err(), GetFrameError::Unused);
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

mod early;
mod error;
mod map;
mod meta;
mod pages;
mod platform;
mod region;

use core::alloc::Layout;
use core::marker::PhantomData;
use core::mem::{self, size_of};
use core::ops::Range;

use static_assertions::const_assert_eq;

pub use early::{EarlyAllocator, EarlyMemory};
pub use error::BootError;
pub use map::MemoryMap;
pub use meta::{
    EarlyAllocatedFrameMeta, KernelMeta, MetaPageMeta, ReservedMemoryMeta, UnusableMemoryMeta,
};
pub use pages::MetaPages;
pub use platform::{
    BootPlatform, CachePolicy, MapError, PageAccess, PageProperty, X86_64_LINEAR_END,
};
pub use region::{MemoryRegion, MemoryRegionType};

use crate::error::GetFrameError;
use crate::frame::Frame;
use crate::meta::AnyFrameMeta;
use crate::platform::{PAGE_SIZE, Paddr, Platform};
use crate::segment::Segment;
use crate::slot::MetaSlot;

const SLOTS_IN_PAGE: usize = PAGE_SIZE / size_of::<MetaSlot>();

// No slot lies across two pages, which the linear mapping gives one by one.
const_assert_eq!(SLOTS_IN_PAGE * size_of::<MetaSlot>(), PAGE_SIZE);

/// Whether the region of `P` has been booted.
#[inline]
pub fn is_initialized<P: Platform>() -> bool {
    P::max_paddr().get() != 0
}

/// Initialises the region of `P` from the memory map of the firmware, in any
/// order and shape, and returns the pages that hold the slots.
///
/// # Errors
///
/// Those of [`MemoryMap::new`], and
///
/// - [`AlreadyBooted`](BootError::AlreadyBooted) if it has been done;
/// - [`NoRoom`](BootError::NoRoom) if the early allocator has no room for the
///   slots;
/// - [`CannotMap`](BootError::CannotMap) if the platform cannot map pages;
/// - [`NotUsable`](BootError::NotUsable) if the early allocator has handed out
///   memory that is not usable according to the map.
///
/// After an error everything is as it was before, and the boot may be tried
/// again.
///
/// # Safety
///
/// - Only one processor runs, and nothing else uses this platform meanwhile.
/// - The map is correct: memory that is usable according to it, and which
///   the early allocator has not handed out, belongs to nobody.
pub unsafe fn init<P: BootPlatform>(
    regions: &[MemoryRegion],
    early: &mut impl EarlyAllocator,
) -> Result<MetaPages<P>, BootError> {
    if is_initialized::<P>() {
        let max_paddr = P::max_paddr().get();
        return Err(BootError::AlreadyBooted { max_paddr });
    }
    let map = MemoryMap::new(regions)?;
    let mut boot = Boot::<P, _> {
        map: &map,
        early,
        linear: None,
        meta_pages: None,
        mapped: 0,
        _platform: PhantomData,
    };
    // SAFETY: the caller's promises are the same.
    let meta_pages = unsafe {
        boot.map_linearly()?;
        let meta_pages = boot.alloc_slots()?;
        boot.write_slots(&meta_pages);
        boot.map_slots(&meta_pages)?;
        // The mapping may have allocated too.
        boot.check_early_allocations()?;
        // All slots are initialised.
        P::max_paddr().set(map.max_paddr());
        meta_pages
    };
    boot.mark_by_type();
    boot.mark_early_allocations(&meta_pages);
    let meta_pages = claim::<P, _>(meta_pages, || MetaPageMeta);
    mem::forget(boot);
    Ok(MetaPages::keep(meta_pages))
}

/// Claims frames that are unused because the map is normalised and the early
/// allocations were checked.
fn claim<P: Platform, M: AnyFrameMeta>(
    frames: Range<Paddr>,
    metadata: impl Fn() -> M,
) -> Segment<M, P> {
    Segment::from_unused(frames, |_| metadata()).expect("claimed once, by the boot")
}

/// A boot on its way. Dropped before its end, it takes back what it did.
struct Boot<'a, P: BootPlatform, E: EarlyAllocator> {
    map: &'a MemoryMap<'a>,
    early: &'a mut E,
    /// The memory mapped linearly.
    linear: Option<Range<Paddr>>,
    /// The memory taken for the slots.
    meta_pages: Option<(Paddr, Layout)>,
    /// How many pages of slots are mapped.
    mapped: usize,
    _platform: PhantomData<P>,
}

impl<P: BootPlatform, E: EarlyAllocator> Boot<'_, P, E> {
    /// # Safety
    ///
    /// As for [`init`].
    unsafe fn map_linearly(&mut self) -> Result<(), BootError> {
        let rest = P::LINEAR_END..self.map.max_paddr();
        if rest.is_empty() {
            return Ok(());
        }
        // SAFETY: physical memory, and nothing uses the platform.
        unsafe { P::map_linear(rest.clone(), PageProperty::KERNEL_DATA) }
            .map_err(|MapError| cannot_map(&rest))?;
        self.linear = Some(rest);
        Ok(())
    }

    /// Takes memory for a slot of each frame, in whole pages.
    ///
    /// # Safety
    ///
    /// As for [`init`].
    unsafe fn alloc_slots(&mut self) -> Result<Range<Paddr>, BootError> {
        let frames = self.map.max_paddr() / PAGE_SIZE;
        let pages = frames.div_ceil(SLOTS_IN_PAGE);
        let no_room = BootError::NoRoom {
            bytes: pages * PAGE_SIZE,
            highest: self.map.highest(),
        };
        let layout = Layout::from_size_align(pages * PAGE_SIZE, PAGE_SIZE);
        let layout = layout.map_err(|_| no_room.clone())?;
        let start = self.early.alloc(layout).ok_or(no_room)?;
        self.meta_pages = Some((start, layout));
        let meta_pages = start..start + layout.size();
        self.map.check_usable(&meta_pages)?;
        Ok(meta_pages)
    }

    /// Makes every slot Unused.
    ///
    /// # Safety
    ///
    /// The pages are ours, usable, and mapped linearly.
    unsafe fn write_slots(&self, meta_pages: &Range<Paddr>) {
        let mut left = self.map.max_paddr() / PAGE_SIZE;
        for paddr in meta_pages.clone().step_by(PAGE_SIZE) {
            let page = P::page(paddr).cast::<MetaSlot>();
            let here = left.min(SLOTS_IN_PAGE);
            for index in 0..here {
                // SAFETY: within a page of memory that is nobody else's, and
                // aligned as the page is.
                unsafe { page.add(index).write(MetaSlot::new_unused()) };
            }
            left -= here;
        }
    }

    /// # Safety
    ///
    /// The pages hold the initialised slots.
    unsafe fn map_slots(&mut self, meta_pages: &Range<Paddr>) -> Result<(), BootError> {
        for (index, paddr) in meta_pages.clone().step_by(PAGE_SIZE).enumerate() {
            // SAFETY: each page once, in order.
            unsafe { P::map_meta_page(index, paddr, PageProperty::KERNEL_DATA) }
                .map_err(|MapError| cannot_map(meta_pages))?;
            self.mapped += 1;
        }
        Ok(())
    }

    fn check_early_allocations(&self) -> Result<(), BootError> {
        self.early
            .allocated_regions()
            .try_for_each(|allocated| self.map.check_usable(&allocated))
    }

    /// Claims every frame that is not usable. They stay claimed.
    fn mark_by_type(&self) {
        fn mark<P: Platform, M: AnyFrameMeta>(frames: Range<Paddr>, metadata: impl Fn() -> M) {
            let _ = claim::<P, _>(frames, metadata).into_raw();
        }
        for region in self.map.ranges() {
            let frames = region.base..region.base + region.len;
            match region.typ {
                MemoryRegionType::Usable => {}
                MemoryRegionType::BadMemory
                | MemoryRegionType::NonVolatileSleep
                | MemoryRegionType::Module
                | MemoryRegionType::Reclaimable => mark::<P, _>(frames, || UnusableMemoryMeta),
                MemoryRegionType::Reserved
                | MemoryRegionType::Unknown
                | MemoryRegionType::Framebuffer => mark::<P, _>(frames, || ReservedMemoryMeta),
                MemoryRegionType::Kernel => mark::<P, _>(frames, || KernelMeta),
            }
        }
    }

    /// Claims every frame that was allocated early, except those of the slots.
    /// They stay claimed.
    fn mark_early_allocations(&self, meta_pages: &Range<Paddr>) {
        for allocated in self.early.allocated_regions() {
            let frames = region::pages_around(&allocated).unwrap_or_default();
            for paddr in frames.step_by(PAGE_SIZE) {
                if meta_pages.contains(&paddr) {
                    continue;
                }
                match Frame::<_, P>::from_unused(paddr, EarlyAllocatedFrameMeta) {
                    Ok(frame) => {
                        let _ = frame.into_raw();
                    }
                    // Two early allocations share the page.
                    Err(GetFrameError::InUse) => {}
                    Err(error) => unreachable!("{paddr:#x} was checked: {error}"),
                }
            }
        }
    }
}

impl<P: BootPlatform, E: EarlyAllocator> Drop for Boot<'_, P, E> {
    fn drop(&mut self) {
        // SAFETY: each step that was done is taken back once, the last one
        // first; no handle to a frame is left, and no slot is used again.
        unsafe {
            P::max_paddr().set(0);
            if let Some((start, layout)) = self.meta_pages.take() {
                for index in (0..self.mapped).rev() {
                    P::unmap_meta_page(index, start + index * PAGE_SIZE);
                }
                self.early.dealloc(start, layout);
            }
            if let Some(rest) = self.linear.take() {
                P::unmap_linear(rest);
            }
        }
    }
}

fn cannot_map(pages: &Range<Paddr>) -> BootError {
    BootError::CannotMap {
        region: MemoryRegion {
            base: pages.start,
            len: pages.end - pages.start,
            typ: MemoryRegionType::Usable,
        },
    }
}
