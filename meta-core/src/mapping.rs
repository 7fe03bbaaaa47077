//! From a frame to its slot and back: shifts and adds from one base address.

use core::mem::size_of;

use crate::platform::{PAGE_SIZE, Paddr, Platform};
use crate::slot::MetaSlot;

/// The number of a frame: its position in the array of slots.
///
/// ```
/// use meta_core::{PAGE_SIZE, frame_to_index};
///
/// assert_eq!(frame_to_index(3 * PAGE_SIZE), 3);
/// ```
#[inline]
pub const fn frame_to_index(paddr: Paddr) -> usize {
    paddr / PAGE_SIZE
}

/// Where the slot of the frame at `paddr` is, if there is such a frame.
///
/// A pointer into the array for every frame of the region; for any other
/// address it points nowhere.
///
#[cfg_attr(not(model), doc = "```")]
#[cfg_attr(model, doc = "```ignore (needs the real atomics)")]
/// # mod kernel { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/kernel.rs")); }
/// # use kernel::Kernel;
/// use meta_core::{PAGE_SIZE, Platform, frame_to_meta};
///
/// assert_eq!(frame_to_meta::<Kernel>(0), Kernel::slots().as_ptr());
/// let distance = frame_to_meta::<Kernel>(PAGE_SIZE).addr() - Kernel::slots().addr().get();
/// assert_eq!(distance, 64);
/// ```
#[inline]
pub fn frame_to_meta<P: Platform>(paddr: Paddr) -> *const MetaSlot {
    P::slots().as_ptr().wrapping_add(frame_to_index(paddr))
}

/// The frame that a slot of the array describes.
///
/// For any other pointer the result means nothing.
///
#[cfg_attr(not(model), doc = "```")]
#[cfg_attr(model, doc = "```ignore (needs the real atomics)")]
/// # mod kernel { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/kernel.rs")); }
/// # use kernel::Kernel;
/// use meta_core::{PAGE_SIZE, frame_to_meta, meta_to_frame};
///
/// let slot = frame_to_meta::<Kernel>(5 * PAGE_SIZE);
/// assert_eq!(meta_to_frame::<Kernel>(slot), 5 * PAGE_SIZE);
/// ```
#[inline]
pub fn meta_to_frame<P: Platform>(slot: *const MetaSlot) -> Paddr {
    let offset = slot.addr().wrapping_sub(P::slots().addr().get());
    (offset / size_of::<MetaSlot>()).wrapping_mul(PAGE_SIZE)
}
