//! A platform like a kernel's: slots and pages are at addresses that are known
//! when it is linked, so that what is measured is the protocol.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};

use meta_core::{MaxPaddr, MetaSlot, PAGE_SIZE, Paddr, Platform};

const FRAMES: usize = 1024;

#[repr(align(4096))]
struct Static<T>(UnsafeCell<MaybeUninit<T>>);

// SAFETY: slots are written before other threads start, and shared from then on;
// pages are never written.
unsafe impl<T: Sync> Sync for Static<T> {}

static SLOTS: Static<[MetaSlot; FRAMES]> = Static(UnsafeCell::new(MaybeUninit::uninit()));
static PAGES: Static<[u64; FRAMES * PAGE_SIZE / 8]> =
    Static(UnsafeCell::new(MaybeUninit::zeroed()));
static MAX_PADDR: MaxPaddr = MaxPaddr::new();
static NEXT: AtomicUsize = AtomicUsize::new(0);

pub(crate) struct Kernel;

// SAFETY: slots and pages exist for ever, and `boot` initialises the slots
// before there is a frame below the end of memory.
unsafe impl Platform for Kernel {
    #[inline(always)]
    fn slots() -> NonNull<MetaSlot> {
        NonNull::from(&SLOTS.0).cast()
    }

    #[inline(always)]
    fn max_paddr() -> &'static MaxPaddr {
        &MAX_PADDR
    }

    #[inline(always)]
    fn page(paddr: Paddr) -> *mut u8 {
        PAGES.0.get().cast::<u8>().wrapping_add(paddr)
    }

    unsafe fn free_frame(_: Paddr) {
        // Frames are handed out once.
    }

    fn abort() -> ! {
        std::process::abort()
    }
}

/// Makes all frames unused.
///
/// # Safety
///
/// It is called once, and before any other thread starts.
pub(crate) unsafe fn boot() {
    let first = Kernel::slots();
    for n in 0..FRAMES {
        // SAFETY: a slot of the array, which nobody else uses yet.
        unsafe { first.add(n).write(MetaSlot::new_unused()) };
    }
    // SAFETY: all slots are initialised.
    unsafe { MAX_PADDR.set(FRAMES * PAGE_SIZE) };
}

/// Some frames in a row that nobody else gets.
pub(crate) fn frames(count: usize) -> Range<Paddr> {
    // ORDERING: Relaxed: a number of its own, without partner.
    let first = NEXT.fetch_add(count, Ordering::Relaxed);
    assert!(first + count <= FRAMES, "the benchmarks need more frames");
    first * PAGE_SIZE..(first + count) * PAGE_SIZE
}
