//! Physical memory that is memory of this process.

use std::io;
use std::ops::Range;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use memmap2::{MmapMut, MmapOptions};
use meta_core::{MaxPaddr, MetaSlot, PAGE_SIZE, Paddr};

use super::frames::Frames;

/// The physical memory of one machine, and its allocator.
///
/// Stricter than hardware: it panics where a kernel would overwrite something.
#[derive(Debug)]
pub struct Memory {
    /// Physical address 0 in this process; null without memory.
    start: AtomicPtr<u8>,
    len: AtomicUsize,
    /// The page of slots that was mapped first; null before it is.
    slots: AtomicPtr<MetaSlot>,
    /// How many pages of slots are mapped.
    mapped: AtomicUsize,
    max_paddr: MaxPaddr,
    mapping: Mutex<Option<MmapMut>>,
    frames: Mutex<Frames>,
}

// ORDERING: Relaxed, without partner: these words change only while the machine
// boots or is switched off, and nobody else uses it then.
const ALONE: Ordering = Ordering::Relaxed;

impl Memory {
    /// No memory yet.
    pub const fn new() -> Self {
        Memory {
            start: AtomicPtr::new(ptr::null_mut()),
            len: AtomicUsize::new(0),
            slots: AtomicPtr::new(ptr::null_mut()),
            mapped: AtomicUsize::new(0),
            max_paddr: MaxPaddr::new(),
            mapping: Mutex::new(None),
            frames: Mutex::new(Frames::new()),
        }
    }

    /// Puts in `len` bytes of zeros, committed when they are touched.
    ///
    /// # Errors
    ///
    /// If the host has no room for them.
    ///
    /// # Panics
    ///
    /// If there is memory already.
    pub fn plug_in(&self, len: usize) -> io::Result<()> {
        let mut mapping = lock(&self.mapping);
        assert!(mapping.is_none(), "there is memory already");
        let mut fresh = MmapOptions::new().len(len).no_reserve_swap().map_anon()?;
        self.start.store(fresh.as_mut_ptr(), ALONE);
        self.len.store(len, ALONE);
        *mapping = Some(fresh);
        Ok(())
    }

    /// Takes the memory out, and forgets that the machine was booted.
    ///
    /// # Safety
    ///
    /// Nothing uses the machine, and no handle to a frame of it, slot or
    /// pointer to a page is ever used again.
    pub unsafe fn unplug(&self) {
        let mut mapping = lock(&self.mapping);
        // SAFETY: there are no frames below 0.
        unsafe { self.max_paddr.set(0) };
        self.mapped.store(0, ALONE);
        self.slots.store(ptr::null_mut(), ALONE);
        self.len.store(0, ALONE);
        self.start.store(ptr::null_mut(), ALONE);
        *lock(&self.frames) = Frames::new();
        *mapping = None;
    }

    /// The end of physical memory; 0 before the boot.
    #[inline]
    pub fn max_paddr(&self) -> &MaxPaddr {
        &self.max_paddr
    }

    /// The slot of frame 0.
    ///
    /// # Panics
    ///
    /// If no page of slots is mapped.
    #[inline]
    pub fn slots(&self) -> NonNull<MetaSlot> {
        NonNull::new(self.slots.load(ALONE)).expect("slots are mapped by the boot")
    }

    /// The page at `paddr`.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[inline]
    pub fn page(&self, paddr: Paddr) -> *mut u8 {
        assert!(
            paddr.is_multiple_of(PAGE_SIZE) && paddr < self.len.load(ALONE),
            "there is no page at {paddr:#x}"
        );
        self.start.load(ALONE).wrapping_add(paddr)
    }

    /// Makes the page at `paddr` the page `index` of the slots.
    ///
    /// # Panics
    ///
    /// Unless pages come in order and follow one another in memory: this
    /// machine maps slots where they are.
    pub fn map_meta_page(&self, index: usize, paddr: Paddr) {
        assert_eq!(index, self.mapped.load(ALONE), "pages of slots in order");
        let page = self.page(paddr).cast();
        if index == 0 {
            self.slots.store(page, ALONE);
        }
        let expected = self.slots.load(ALONE).wrapping_byte_add(index * PAGE_SIZE);
        assert!(ptr::eq(page, expected), "slots in one piece");
        self.mapped.store(index + 1, ALONE);
    }

    /// Takes back [`map_meta_page`](Self::map_meta_page).
    ///
    /// # Panics
    ///
    /// Unless it is the last page mapped.
    pub fn unmap_meta_page(&self, index: usize) {
        assert_eq!(index + 1, self.mapped.load(ALONE), "pages in reverse order");
        self.mapped.store(index, ALONE);
        if index == 0 {
            self.slots.store(ptr::null_mut(), ALONE);
        }
    }

    /// How many pages of slots are mapped.
    pub fn mapped(&self) -> usize {
        self.mapped.load(ALONE)
    }

    /// Leaves the frames of a page-aligned range to the allocator.
    pub fn open(&self, range: Range<Paddr>) {
        lock(&self.frames).open(range.start / PAGE_SIZE..range.end / PAGE_SIZE);
    }

    /// Hands out a frame.
    ///
    /// It may be in use all the same: anyone may claim an unused frame without
    /// asking here. Whoever touches the page claims the frame first; one that
    /// cannot be claimed comes back when its last handle is dropped.
    pub fn alloc(&self) -> Option<Paddr> {
        self.alloc_many(1)
    }

    /// Hands out so many frames in a row. Each comes back by itself.
    pub fn alloc_many(&self, count: usize) -> Option<Paddr> {
        Some(lock(&self.frames).alloc(count)? * PAGE_SIZE)
    }

    /// Takes a frame back if it is handed out, and says whether it was. One that
    /// was claimed without asking here was never taken out.
    pub fn free(&self, paddr: Paddr) -> bool {
        lock(&self.frames).free(paddr / PAGE_SIZE)
    }

    /// How many frames can be handed out.
    pub fn free_frames(&self) -> usize {
        lock(&self.frames).count()
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

/// A strict check that panics leaves everything as it was.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
