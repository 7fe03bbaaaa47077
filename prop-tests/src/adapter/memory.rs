//! Slots, and a page for each.

use std::cell::UnsafeCell;
use std::fmt;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, Ordering};

use meta_core::{ListIds, MaxPaddr, MetaSlot, PAGE_SIZE, Paddr};

use crate::program::MAX_SLOTS;

/// A region of slots and the pages that they describe.
#[derive(Debug)]
pub struct Memory {
    /// Never grows beyond its first capacity, so that the base stays.
    slots: UnsafeCell<Vec<MetaSlot>>,
    max_paddr: MaxPaddr,
    list_ids: UnsafeCell<ListIds>,
    pages: Box<[Page]>,
    /// Whether pages may be written before the next reset.
    written: AtomicBool,
}

/// A page; every word of it is the frame's address at first. No program writes pages.
#[repr(align(4096))]
struct Page(UnsafeCell<[usize; PAGE_SIZE / size_of::<usize>()]>);

// SAFETY: `slots`, `list_ids` and pages change only in unsafe functions, whose callers
// promise that nobody else uses them, and pages of untyped frames by atomic words;
// everything else is `Sync`.
unsafe impl Sync for Memory {}

impl Default for Memory {
    fn default() -> Self {
        let page = |slot| Page(UnsafeCell::new([paddr_of(slot); _]));
        Memory {
            slots: UnsafeCell::new(Vec::with_capacity(MAX_SLOTS)),
            max_paddr: MaxPaddr::new(),
            list_ids: UnsafeCell::default(),
            pages: (0..MAX_SLOTS).map(page).collect(),
            written: AtomicBool::new(false),
        }
    }
}

impl Memory {
    /// Makes so many slots, the first of them this one and all others unused: no
    /// atomic access is made.
    ///
    /// # Panics
    ///
    /// If there are more than [`MAX_SLOTS`].
    ///
    /// # Safety
    ///
    /// Borrows of slots from before the call are never used again, and no other
    /// thread uses the memory during the call.
    pub(super) unsafe fn reset(&self, count: usize, first: MetaSlot) {
        // More would move the slots, and the platform promises that they stay.
        assert!(count <= MAX_SLOTS, "{count} slots do not fit the world");
        // SAFETY: nobody else uses the memory, and nothing below asks for it.
        let slots = unsafe { &mut *self.slots.get() };
        slots.clear();
        slots.push(first);
        slots.resize_with(count, MetaSlot::new_unused);
        // SAFETY: all slots are initialised and in no list, and no other thread
        // runs.
        unsafe {
            self.max_paddr.set(count * PAGE_SIZE);
            self.restart_list_ids();
        }
        // ORDERING: Relaxed, without partner: no other thread runs.
        if self.written.load(Ordering::Relaxed) {
            self.written.store(false, Ordering::Relaxed);
            for (slot, page) in self.pages.iter().enumerate() {
                // SAFETY: nobody else uses the memory.
                unsafe { *page.0.get() = [paddr_of(slot); _] };
            }
        }
    }

    /// Ids of lists begin anew.
    ///
    /// # Safety
    ///
    /// No other thread uses the memory during the call, and no list exists.
    pub(super) unsafe fn restart_list_ids(&self) {
        // SAFETY: nobody else uses it.
        unsafe { *self.list_ids.get() = ListIds::new() };
    }

    /// Pages will be written: the next reset makes them what they were at first.
    pub(super) fn expect_written_pages(&self) {
        // ORDERING: Relaxed, without partner: whatever orders the reset.
        self.written.store(true, Ordering::Relaxed);
    }

    /// The slots.
    #[inline]
    pub fn slots(&self) -> &[MetaSlot] {
        // SAFETY: changed only while nobody uses the memory.
        unsafe { &*self.slots.get() }
    }

    /// The end of physical memory.
    #[inline]
    pub(super) fn max_paddr(&self) -> &MaxPaddr {
        &self.max_paddr
    }

    /// Where the ids of lists come from.
    pub(super) fn list_ids(&self) -> &ListIds {
        // SAFETY: changed only while nobody uses the memory.
        unsafe { &*self.list_ids.get() }
    }

    #[inline]
    pub(super) fn first_slot(&self) -> NonNull<MetaSlot> {
        // A shared borrow of the vector, for other threads have theirs: a slot
        // is all interior mutability.
        //
        // SAFETY: changed only while nobody uses the memory.
        let first = unsafe { &*self.slots.get() }.as_ptr().cast_mut();
        NonNull::new(first).expect("a vector's buffer is never null")
    }

    /// The page of a frame that exists.
    pub(super) fn page(&self, paddr: Paddr) -> *mut u8 {
        self.assert_frame(paddr);
        // From the whole slice, of interior mutability: the pages follow one
        // another.
        let first = self.pages.as_ptr().cast_mut();
        first.wrapping_add(paddr / PAGE_SIZE).cast()
    }

    /// Stricter than a kernel, which would take whatever it is given.
    pub(super) fn assert_frame(&self, paddr: Paddr) {
        assert!(
            paddr.is_multiple_of(PAGE_SIZE) && paddr < self.max_paddr.get(),
            "the platform was asked about {paddr:#x}, which is no frame"
        );
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Page")
    }
}

/// The address of the frame that `slot` describes.
pub const fn paddr_of(slot: usize) -> Paddr {
    slot * PAGE_SIZE
}
