//! The machine: 64 frames, hosted in a static of this process.

extern crate std;

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicUsize, Ordering};

use crate::frame::{PAGE_SIZE, Paddr};

/// How many frames there are.
pub const FRAMES: usize = 64;

#[repr(align(4096))]
struct Memory(UnsafeCell<[u8; FRAMES * PAGE_SIZE]>);

// SAFETY: pages are reached through raw pointers; who may use one is a matter of
// the handles.
unsafe impl Sync for Memory {}

static MEMORY: Memory = Memory(UnsafeCell::new([0; FRAMES * PAGE_SIZE]));

static GIVEN_BACK: [AtomicUsize; FRAMES] = [const { AtomicUsize::new(0) }; FRAMES];

/// Where the page of a frame is mapped.
pub fn page(paddr: Paddr) -> *mut u8 {
    assert!(
        paddr < FRAMES * PAGE_SIZE,
        "there is no frame at {paddr:#x}"
    );
    MEMORY.0.get().cast::<u8>().wrapping_add(paddr)
}

/// Takes a frame back that is no longer used.
pub fn dealloc(paddr: Paddr) {
    // Statistics: nothing depends on it.
    GIVEN_BACK[paddr / PAGE_SIZE].fetch_add(1, Ordering::Relaxed);
}

/// How often a frame was taken back.
pub fn given_back(paddr: Paddr) -> usize {
    GIVEN_BACK[paddr / PAGE_SIZE].load(Ordering::Relaxed)
}

/// Stops the machine.
pub fn abort() -> ! {
    std::process::abort()
}
