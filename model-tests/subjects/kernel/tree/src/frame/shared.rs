//! A handle to a frame that may be shared.

use core::fmt;
use core::marker::PhantomData;
use core::mem;

use super::error::FrameError;
use super::meta::{FrameMeta, Opaque};
use super::slot::MetaSlot;
use super::{Paddr, region};

/// One of the handles that share a frame, with metadata of type `M`.
pub struct Frame<M = Opaque> {
    slot: &'static MetaSlot,
    _meta: PhantomData<M>,
}

impl<M: FrameMeta> Frame<M> {
    /// Claims an unused frame.
    ///
    /// # Errors
    ///
    /// If there is no such frame, or it is not unused.
    pub fn from_unused(paddr: Paddr, meta: M) -> Result<Self, FrameError> {
        // SAFETY: this is the handle of a frame that is now shared by one.
        MetaSlot::claim(paddr, meta, false).map(|slot| unsafe { Self::new(slot) })
    }

    /// The metadata.
    pub fn meta(&self) -> &M {
        // SAFETY: it is an `M`, and a handle keeps it from changing.
        unsafe { self.slot.meta() }
    }
}

impl Frame {
    /// Finds a frame that somebody shares.
    ///
    /// # Errors
    ///
    /// If there is no such frame, or nobody shares it.
    pub fn from_in_use(paddr: Paddr) -> Result<Self, FrameError> {
        // SAFETY: this is the handle that was counted.
        MetaSlot::find(paddr).map(|slot| unsafe { Self::new(slot) })
    }
}

impl<M> Frame<M> {
    /// # Safety
    ///
    /// A handle was counted that nobody has, and the metadata is an `M`.
    pub(super) unsafe fn new(slot: &'static MetaSlot) -> Self {
        Frame {
            slot,
            _meta: PhantomData,
        }
    }

    /// Forgets the handle, which stays counted.
    pub(super) fn into_slot(self) -> &'static MetaSlot {
        let slot = self.slot;
        mem::forget(self);
        slot
    }

    /// The metadata, if it is an `N`.
    pub fn meta_as<N: FrameMeta>(&self) -> Option<&N> {
        // SAFETY: a handle keeps the metadata from changing; it is an `N` if its
        // table says so.
        unsafe { self.slot.vtable().is::<N>().then(|| self.slot.meta()) }
    }

    /// Whether the page is memory of user space.
    pub fn is_untyped(&self) -> bool {
        // SAFETY: a handle keeps the metadata from changing.
        unsafe { self.slot.vtable().untyped }
    }

    /// The address of the frame.
    pub fn start_paddr(&self) -> Paddr {
        region::paddr_of(self.slot)
    }

    /// How many handles there are.
    pub fn reference_count(&self) -> u64 {
        self.slot.shared_by()
    }

    /// Forgets the handle, and leaves the address: the frame stays shared.
    #[must_use = "without `from_raw` the frame leaks"]
    pub fn into_raw(self) -> Paddr {
        let paddr = self.start_paddr();
        mem::forget(self);
        paddr
    }

    /// The handle that [`into_raw`](Self::into_raw) forgot.
    ///
    /// # Safety
    ///
    /// It was forgotten, and the metadata is an `M`.
    pub unsafe fn from_raw(paddr: Paddr) -> Self {
        // SAFETY: the frame exists, for somebody had a handle to it.
        unsafe { Self::new(&*region::slot_at(paddr)) }
    }
}

impl<M> Clone for Frame<M> {
    fn clone(&self) -> Self {
        self.slot.increment();
        // SAFETY: just counted.
        unsafe { Self::new(self.slot) }
    }
}

impl<M> Drop for Frame<M> {
    fn drop(&mut self) {
        // SAFETY: this handle ends.
        unsafe { self.slot.decrement() };
    }
}

impl<M: FrameMeta> From<Frame<M>> for Frame {
    fn from(frame: Frame<M>) -> Self {
        // SAFETY: the same handle.
        unsafe { Self::new(frame.into_slot()) }
    }
}

impl<M: FrameMeta> TryFrom<Frame> for Frame<M> {
    type Error = Frame;

    fn try_from(frame: Frame) -> Result<Self, Frame> {
        if frame.meta_as::<M>().is_none() {
            return Err(frame);
        }
        // SAFETY: the same handle, and the metadata is an `M`.
        Ok(unsafe { Self::new(frame.into_slot()) })
    }
}

impl<M> fmt::Debug for Frame<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Frame({:#x})", self.start_paddr())
    }
}
