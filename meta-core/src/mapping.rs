//! From a frame to its slot and back: shifts and adds from one base address.

use core::mem::size_of;

use crate::platform::{PAGE_SIZE, Paddr, Platform};
use crate::slot::MetaSlot;

/// The number of a frame: its position in the array of slots.
#[inline]
pub const fn frame_to_index(paddr: Paddr) -> usize {
    paddr / PAGE_SIZE
}

/// Where the slot of the frame at `paddr` is, if there is such a frame.
///
/// A pointer into the array for every frame of the region; for any other
/// address it points nowhere.
#[inline]
pub fn frame_to_meta<P: Platform>(paddr: Paddr) -> *const MetaSlot {
    P::slots().as_ptr().wrapping_add(frame_to_index(paddr))
}

/// The frame that a slot of the array describes.
///
/// For any other pointer the result means nothing.
#[inline]
pub fn meta_to_frame<P: Platform>(slot: *const MetaSlot) -> Paddr {
    let offset = slot.addr().wrapping_sub(P::slots().addr().get());
    (offset / size_of::<MetaSlot>()).wrapping_mul(PAGE_SIZE)
}
