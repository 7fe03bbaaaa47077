// The smallest kernel, for the examples in the documentation: eight frames, all
// of them unused.

use std::cell::UnsafeCell;
use std::ptr::NonNull;
use std::sync::LazyLock;

use meta_core::{MaxPaddr, MetaSlot, PAGE_SIZE, Paddr, Platform};

const FRAMES: usize = 8;

#[repr(align(4096))]
struct Memory(UnsafeCell<[u8; FRAMES * PAGE_SIZE]>);

// SAFETY: pages are reached through the handles, which say who may touch them.
unsafe impl Sync for Memory {}

static MEMORY: Memory = Memory(UnsafeCell::new([0; FRAMES * PAGE_SIZE]));

static SLOTS: [MetaSlot; FRAMES] = [const { MetaSlot::new_unused() }; FRAMES];

static MAX_PADDR: LazyLock<MaxPaddr> = LazyLock::new(|| {
    let max_paddr = MaxPaddr::new();
    // SAFETY: the slots are a static, and nobody else has this value yet.
    unsafe { max_paddr.set(FRAMES * PAGE_SIZE) };
    max_paddr
});

pub(crate) struct Kernel;

// SAFETY: slots and pages exist for ever, initialised.
unsafe impl Platform for Kernel {
    fn slots() -> NonNull<MetaSlot> {
        NonNull::from(&SLOTS).cast()
    }
    fn max_paddr() -> &'static MaxPaddr {
        &MAX_PADDR
    }
    fn page(paddr: Paddr) -> *mut u8 {
        MEMORY.0.get().cast::<u8>().wrapping_add(paddr)
    }
    unsafe fn free_frame(_: Paddr) {}
    fn abort() -> ! {
        std::process::abort()
    }
}
