//! The machine: a few frames, whose slots and pages are statics that no explorer sees.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};

use worker::world;

use crate::frame::{META_MAX_SIZE, MetaSlot, PAGE_SIZE, Paddr, init_slots};

/// More than any program names.
const FRAMES: usize = 16;

struct Slots(UnsafeCell<[MaybeUninit<MetaSlot>; FRAMES]>);

// SAFETY: who may touch a slot is a matter of the protocol.
unsafe impl Sync for Slots {}

static SLOTS: Slots = Slots(UnsafeCell::new([const { MaybeUninit::uninit() }; FRAMES]));

/// A page: each word of it is the frame's address. Nobody writes pages.
#[repr(align(4096))]
struct Page([Paddr; PAGE_SIZE / size_of::<Paddr>()]);

static PAGES: LazyLock<Box<[Page]>> = LazyLock::new(|| {
    (0..FRAMES)
        .map(|frame| Page([paddr_of(frame); _]))
        .collect()
});

/// Who hears of a frame that is given back, by its number.
static FREED: Mutex<fn(usize)> = Mutex::new(|_| ());

/// Makes so many frames that nobody uses.
///
/// # Safety
///
/// Handles from before the call are never used again, and no other thread runs.
pub(crate) unsafe fn reset(frames: usize, freed: fn(usize)) {
    assert!(frames <= FRAMES, "there are no {frames} frames");
    *FREED.lock().unwrap_or_else(PoisonError::into_inner) = freed;
    // SAFETY: the slots are a static, and nobody uses them.
    unsafe { init_slots(SLOTS.0.get().cast(), frames) };
}

/// The newest count of a slot: what memory holds, and no access of the kernel.
pub(crate) fn count(frame: usize) -> u64 {
    let slot = SLOTS.0.get().cast::<MetaSlot>().wrapping_add(frame);
    // SAFETY: the count lies behind the metadata, and is accessed atomically alone.
    unsafe { AtomicU64::from_ptr(slot.byte_add(META_MAX_SIZE).cast()) }.load(Ordering::Relaxed)
}

/// The address of a frame, by its number.
pub(crate) const fn paddr_of(frame: usize) -> Paddr {
    frame * PAGE_SIZE
}

/// The frame whose slot lies at an address.
pub(crate) fn frame_at(address: usize) -> Option<usize> {
    let offset = address.checked_sub(SLOTS.0.get().addr())?;
    Some(offset / size_of::<MetaSlot>()).filter(|frame| *frame < FRAMES)
}

pub(crate) fn page(paddr: Paddr) -> *mut u8 {
    let page = &raw const PAGES[paddr / PAGE_SIZE].0;
    page.cast_mut().cast()
}

pub(crate) fn dealloc(paddr: Paddr) {
    let freed = *FREED.lock().unwrap_or_else(PoisonError::into_inner);
    freed(paddr / PAGE_SIZE);
}

pub(crate) fn abort() -> ! {
    world::abort()
}
