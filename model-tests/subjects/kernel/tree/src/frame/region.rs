//! Where the slots are: statics that the boot sets once.

use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use super::error::FrameError;
use super::slot::MetaSlot;
use super::{PAGE_SIZE, Paddr};

/// The slot of frame 0.
static SLOTS: AtomicPtr<MetaSlot> = AtomicPtr::new(ptr::null_mut());

/// The end of physical memory; 0 before the boot.
static MAX_PADDR: AtomicUsize = AtomicUsize::new(0);

/// The end of physical memory: the first address that is not of a frame.
pub fn max_paddr() -> Paddr {
    // Set before the other processors started.
    MAX_PADDR.load(Ordering::Relaxed)
}

/// Makes the slots known.
///
/// # Safety
///
/// `frames` slots at `slots` are initialised and live for ever, and no other
/// processor runs.
pub(super) unsafe fn set(slots: *mut MetaSlot, frames: usize) {
    SLOTS.store(slots, Ordering::Relaxed);
    MAX_PADDR.store(frames * PAGE_SIZE, Ordering::Relaxed);
}

/// The slot of a frame that exists.
pub(super) fn slot_at(paddr: Paddr) -> *const MetaSlot {
    SLOTS
        .load(Ordering::Relaxed)
        .wrapping_add(paddr / PAGE_SIZE)
}

/// The frame of a slot.
pub(super) fn paddr_of(slot: &MetaSlot) -> Paddr {
    let first = SLOTS.load(Ordering::Relaxed).addr();
    (ptr::from_ref(slot).addr() - first) / size_of::<MetaSlot>() * PAGE_SIZE
}

/// The slot of the frame at an address that may be anything.
pub(super) fn get_slot(paddr: Paddr) -> Result<&'static MetaSlot, FrameError> {
    if !paddr.is_multiple_of(PAGE_SIZE) {
        return Err(FrameError::NotAligned);
    }
    if paddr >= max_paddr() {
        return Err(FrameError::OutOfBound);
    }
    // SAFETY: frames below the end have slots, which live for ever.
    Ok(unsafe { &*slot_at(paddr) })
}
