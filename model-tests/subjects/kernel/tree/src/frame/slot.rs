//! The slot of a frame, and the steps that its reference count takes.

use core::cell::UnsafeCell;
use core::hint;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicU64, Ordering, fence};

use super::Paddr;
use super::error::FrameError;
use super::meta::{FrameMeta, META_MAX_SIZE, Vtable};
use super::page::PageReader;
use super::region;
use crate::arch;

const UNUSED: u64 = u64::MAX;
const UNIQUE: u64 = u64::MAX - 1;
const MAX: u64 = i64::MAX as u64;

/// The metadata of one frame.
#[repr(C, align(64))]
pub struct MetaSlot {
    /// First, so that metadata is as aligned as a slot.
    storage: UnsafeCell<MaybeUninit<[u8; META_MAX_SIZE]>>,
    ref_count: AtomicU64,
    vtable: UnsafeCell<MaybeUninit<&'static Vtable>>,
}

const _: () = assert!(size_of::<MetaSlot>() == 64);

// SAFETY: who may touch the cells is what the reference count says; metadata is
// `Send + Sync`.
unsafe impl Sync for MetaSlot {}

/// What a reference count says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Nobody uses the frame.
    Unused,
    /// It is being built, or torn down.
    Busy,
    /// So many handles share it.
    Shared(u64),
    /// It has one owner.
    Unique,
}

impl MetaSlot {
    /// The slot of a frame that nobody uses.
    pub(super) const fn new() -> Self {
        MetaSlot {
            storage: UnsafeCell::new(MaybeUninit::uninit()),
            ref_count: AtomicU64::new(UNUSED),
            vtable: UnsafeCell::new(MaybeUninit::uninit()),
        }
    }

    /// Claims an unused frame, and leaves it shared by one handle, or owned.
    pub(super) fn claim<M: FrameMeta>(
        paddr: Paddr,
        meta: M,
        unique: bool,
    ) -> Result<&'static Self, FrameError> {
        let slot = region::get_slot(paddr)?;
        // Acquire: the metadata that was here before is gone.
        slot.ref_count
            .compare_exchange(UNUSED, 0, Ordering::Acquire, Ordering::Relaxed)
            .map_err(|count| match count {
                UNIQUE => FrameError::Unique,
                0 => FrameError::Busy,
                _ => FrameError::InUse,
            })?;
        // SAFETY: the count is 0 by our own doing.
        unsafe { slot.write_meta(meta) };
        if unique {
            // Nobody can get at an owned frame by its address.
            slot.ref_count.store(UNIQUE, Ordering::Relaxed);
        } else {
            // Release: whoever finds the frame finds its metadata.
            slot.ref_count.store(1, Ordering::Release);
        }
        Ok(slot)
    }

    /// Finds a shared frame by its address, and counts a handle to it.
    pub(super) fn find(paddr: Paddr) -> Result<&'static Self, FrameError> {
        let slot = region::get_slot(paddr)?;
        loop {
            let count = match slot.ref_count.load(Ordering::Relaxed) {
                UNUSED => return Err(FrameError::Unused),
                UNIQUE => return Err(FrameError::Unique),
                0 => return Err(FrameError::Busy),
                MAX.. => arch::abort(),
                count => count,
            };
            // Acquire: the metadata was written before we read it.
            let counted = slot.ref_count.compare_exchange_weak(
                count,
                count + 1,
                Ordering::Acquire,
                Ordering::Relaxed,
            );
            if counted.is_ok() {
                return Ok(slot);
            }
            hint::spin_loop();
        }
    }

    /// Counts a handle more, for somebody who has one.
    pub(super) fn increment(&self) {
        if self.ref_count.fetch_add(1, Ordering::Relaxed) >= MAX {
            arch::abort();
        }
    }

    /// Counts a handle less, and gives the frame back with the last one.
    ///
    /// # Safety
    ///
    /// A shared handle ends here.
    pub(super) unsafe fn decrement(&self) {
        // Release: what this handle has read is read before the metadata goes.
        if self.ref_count.fetch_sub(1, Ordering::Release) == 1 {
            fence(Ordering::Acquire);
            // SAFETY: the last handle is gone.
            unsafe { self.retire() };
            arch::dealloc(region::paddr_of(self));
        }
    }

    /// Makes the only handle the owner, if it is the only one.
    pub(super) fn try_own(&self) -> bool {
        self.ref_count
            .compare_exchange(1, UNIQUE, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
    }

    /// Makes the owner a handle that can be shared.
    pub(super) fn share(&self) {
        // Release: whoever finds the frame finds what its owner wrote.
        self.ref_count.store(1, Ordering::Release);
    }

    /// Ends the owner, and gives the frame back.
    ///
    /// # Safety
    ///
    /// The owner ends here.
    pub(super) unsafe fn disown(&self) {
        self.ref_count.store(0, Ordering::Relaxed);
        // SAFETY: the owner is gone.
        unsafe { self.retire() };
        arch::dealloc(region::paddr_of(self));
    }

    /// Ends the owner, and leaves the frame unused.
    ///
    /// # Safety
    ///
    /// The owner ends here.
    pub(super) unsafe fn reset(&self) {
        self.ref_count.store(0, Ordering::Release);
        // SAFETY: the owner is gone.
        unsafe { self.retire() };
    }

    /// Tears down the metadata of a frame whose count is 0.
    ///
    /// # Safety
    ///
    /// The count is 0 by the caller's doing, and there is metadata.
    unsafe fn retire(&self) {
        // SAFETY: nobody else touches a slot whose count is 0.
        unsafe { self.drop_meta() };
        // Release: who claims the frame comes after us.
        self.ref_count.store(UNUSED, Ordering::Release);
    }

    /// Puts metadata in.
    ///
    /// # Safety
    ///
    /// The slot is the caller's alone, and holds no metadata.
    pub(super) unsafe fn write_meta<M: FrameMeta>(&self, meta: M) {
        // SAFETY: nobody else touches the slot; the metadata fits, as its table
        // was made.
        unsafe {
            (*self.vtable.get()).write(Vtable::of::<M>());
            self.storage.get().cast::<M>().write(meta);
        }
    }

    /// Takes metadata out and drops it.
    ///
    /// # Safety
    ///
    /// The slot is the caller's alone, and holds metadata, which is not used again.
    pub(super) unsafe fn drop_meta(&self) {
        // SAFETY: promised by the caller; so is the page, as long as the frame is.
        unsafe {
            let vtable = self.vtable();
            let meta = self.storage.get().cast::<u8>();
            (vtable.on_drop)(meta, &mut PageReader::new(region::paddr_of(self)));
            (vtable.drop)(meta);
        }
    }

    /// What is known of the type of the metadata.
    ///
    /// # Safety
    ///
    /// There is metadata, and nobody changes it.
    pub(super) unsafe fn vtable(&self) -> &'static Vtable {
        // SAFETY: promised by the caller.
        unsafe { (*self.vtable.get()).assume_init() }
    }

    /// The metadata, to read.
    ///
    /// # Safety
    ///
    /// It is an `M`, and nobody changes it as long as the reference lives.
    pub(super) unsafe fn meta<M: FrameMeta>(&self) -> &M {
        // SAFETY: promised by the caller.
        unsafe { &*self.storage.get().cast::<M>() }
    }

    /// The metadata, to change.
    ///
    /// # Safety
    ///
    /// It is an `M`, and nobody else uses it as long as the reference lives.
    #[expect(clippy::mut_from_ref, reason = "whose the slot is, its count says")]
    pub(super) unsafe fn meta_mut<M: FrameMeta>(&self) -> &mut M {
        // SAFETY: promised by the caller.
        unsafe { &mut *self.storage.get().cast::<M>() }
    }

    /// The number of handles.
    pub(super) fn shared_by(&self) -> u64 {
        self.ref_count.load(Ordering::Relaxed)
    }

    /// What the count says, for diagnostics: it may be another one by now.
    ///
    /// # Errors
    ///
    /// If there is no such frame.
    pub fn count_at(paddr: Paddr) -> Result<Count, FrameError> {
        let slot = region::get_slot(paddr)?;
        Ok(match slot.ref_count.load(Ordering::Relaxed) {
            UNUSED => Count::Unused,
            UNIQUE => Count::Unique,
            0 => Count::Busy,
            handles => Count::Shared(handles),
        })
    }
}
