//! The start: slots for all frames, and what the machine keeps for itself.

use core::mem;
use core::ops::Range;
use core::slice;

use super::meta::FrameMeta;
use super::segment::Segment;
use super::slot::MetaSlot;
use super::{Frame, PAGE_SIZE, Paddr, region};
use crate::arch;

/// What the firmware says of a range of addresses.
#[derive(Clone, Debug)]
pub struct MemoryRegion {
    /// Where it is; its ends are those of frames.
    pub range: Range<Paddr>,
    /// What it is.
    pub kind: RegionKind,
}

/// What a region is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegionKind {
    /// Memory that is free.
    Usable,
    /// The kernel, and what was loaded with it.
    Kernel,
    /// Memory that the firmware keeps.
    Firmware,
    /// Addresses of devices: no memory.
    Device,
}

/// Metadata of the pages in which the slots are.
#[derive(Debug)]
pub struct MetaPages;

// SAFETY: it does not look at the page.
unsafe impl FrameMeta for MetaPages {}

/// Metadata of frames that are in use from the start, and for ever.
#[derive(Debug)]
pub struct SystemMemory(pub RegionKind);

// SAFETY: it does not look at the page.
unsafe impl FrameMeta for SystemMemory {}

/// Makes slots for all memory, within the first usable region that has room, and
/// claims what is not usable. Returns the pages of the slots.
///
/// # Panics
///
/// If there is no room for the slots.
///
/// # Safety
///
/// It is called once, before the other processors start. The regions are those of
/// the machine and do not overlap, and usable memory is not used.
pub unsafe fn init(regions: &[MemoryRegion]) -> Segment<MetaPages> {
    let memory = regions
        .iter()
        .filter(|region| region.kind != RegionKind::Device);
    let end = memory.map(|region| region.range.end).max().unwrap_or(0);
    let frames = end / PAGE_SIZE;
    let size = (frames * size_of::<MetaSlot>()).next_multiple_of(PAGE_SIZE);
    let pages = regions
        .iter()
        .find(|region| region.kind == RegionKind::Usable && region.range.len() >= size)
        .map(|region| region.range.start..region.range.start + size)
        .expect("no usable region has room for the slots");

    // SAFETY: the pages are usable memory, large enough, and used for nothing else:
    // they are claimed below.
    unsafe { init_slots(arch::page(pages.start).cast(), frames) };
    for region in regions
        .iter()
        .filter(|region| region.kind != RegionKind::Usable)
    {
        let Range { start, end: stop } = region.range;
        for paddr in (start..stop.min(end)).step_by(PAGE_SIZE) {
            let frame = Frame::from_unused(paddr, SystemMemory(region.kind));
            mem::forget(frame.expect("regions do not overlap"));
        }
    }
    Segment::from_unused(pages, |_| MetaPages).expect("nobody else claims frames yet")
}

/// Writes slots of unused frames, and makes them known.
///
/// # Safety
///
/// There is memory for so many slots, aligned as they are, which is theirs for ever,
/// and no other processor uses slots.
pub unsafe fn init_slots(slots: *mut MetaSlot, frames: usize) {
    // SAFETY: promised by the caller.
    unsafe {
        for slot in slice::from_raw_parts_mut(slots.cast::<mem::MaybeUninit<_>>(), frames) {
            slot.write(MetaSlot::new());
        }
        region::set(slots, frames);
    }
}
