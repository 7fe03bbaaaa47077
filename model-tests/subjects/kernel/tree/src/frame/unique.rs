//! The one owner of a frame.

use core::fmt;
use core::marker::PhantomData;
use core::mem;

use super::error::FrameError;
use super::meta::{FrameMeta, Opaque};
use super::shared::Frame;
use super::slot::MetaSlot;
use super::{Paddr, region};

/// The only handle to a frame, with metadata of type `M`, which it may change.
pub struct UniqueFrame<M = Opaque> {
    slot: &'static MetaSlot,
    _meta: PhantomData<M>,
}

impl<M: FrameMeta> UniqueFrame<M> {
    /// Claims an unused frame.
    ///
    /// # Errors
    ///
    /// If there is no such frame, or it is not unused.
    pub fn from_unused(paddr: Paddr, meta: M) -> Result<Self, FrameError> {
        // SAFETY: this is the owner of a frame that has one now.
        MetaSlot::claim(paddr, meta, true).map(|slot| unsafe { Self::new(slot) })
    }

    /// The metadata.
    pub fn meta(&self) -> &M {
        // SAFETY: it is an `M`, and only its owner changes it.
        unsafe { self.slot.meta() }
    }

    /// The metadata, to change.
    pub fn meta_mut(&mut self) -> &mut M {
        // SAFETY: it is an `M`, and nobody but the owner can get at it.
        unsafe { self.slot.meta_mut() }
    }
}

impl<M> UniqueFrame<M> {
    /// # Safety
    ///
    /// The frame is owned, but has no owner, and the metadata is an `M`.
    unsafe fn new(slot: &'static MetaSlot) -> Self {
        UniqueFrame {
            slot,
            _meta: PhantomData,
        }
    }

    /// Forgets the owner: the frame stays owned.
    fn into_slot(self) -> &'static MetaSlot {
        let slot = self.slot;
        mem::forget(self);
        slot
    }

    /// The metadata, if it is an `N`.
    pub fn meta_as<N: FrameMeta>(&self) -> Option<&N> {
        // SAFETY: only the owner changes the metadata; it is an `N` if its table
        // says so.
        unsafe { self.slot.vtable().is::<N>().then(|| self.slot.meta()) }
    }

    /// The metadata, to change, if it is an `N`.
    pub fn meta_mut_as<N: FrameMeta>(&mut self) -> Option<&mut N> {
        // SAFETY: nobody but the owner can get at the metadata; it is an `N` if its
        // table says so.
        unsafe { self.slot.vtable().is::<N>().then(|| self.slot.meta_mut()) }
    }

    /// Gives the frame other metadata.
    pub fn repurpose<N: FrameMeta>(self, meta: N) -> UniqueFrame<N> {
        let slot = self.into_slot();
        // SAFETY: the owner's alone, before and after.
        unsafe {
            slot.drop_meta();
            slot.write_meta(meta);
            UniqueFrame::new(slot)
        }
    }

    /// Drops the metadata, and leaves the frame unused without giving it back.
    pub fn reset_as_unused(self) {
        // SAFETY: the owner ends.
        unsafe { self.into_slot().reset() };
    }

    /// The address of the frame.
    pub fn start_paddr(&self) -> Paddr {
        region::paddr_of(self.slot)
    }

    /// Forgets the owner, and leaves the address: the frame stays owned.
    #[must_use = "without `from_raw` the frame leaks"]
    pub fn into_raw(self) -> Paddr {
        let paddr = self.start_paddr();
        mem::forget(self);
        paddr
    }

    /// The owner that [`into_raw`](Self::into_raw) forgot.
    ///
    /// # Safety
    ///
    /// It was forgotten, and the metadata is an `M`.
    pub unsafe fn from_raw(paddr: Paddr) -> Self {
        // SAFETY: the frame exists, for somebody owned it.
        unsafe { Self::new(&*region::slot_at(paddr)) }
    }
}

impl<M> Drop for UniqueFrame<M> {
    fn drop(&mut self) {
        // SAFETY: the owner ends.
        unsafe { self.slot.disown() };
    }
}

impl<M> From<UniqueFrame<M>> for Frame<M> {
    fn from(unique: UniqueFrame<M>) -> Self {
        let slot = unique.into_slot();
        slot.share();
        // SAFETY: shared by one now, which is this.
        unsafe { Self::new(slot) }
    }
}

impl<M> TryFrom<Frame<M>> for UniqueFrame<M> {
    type Error = Frame<M>;

    /// The owner, if the frame was shared by this handle alone.
    fn try_from(frame: Frame<M>) -> Result<Self, Frame<M>> {
        let slot = frame.into_slot();
        // SAFETY: owned now, or the handle as it was.
        unsafe {
            if slot.try_own() {
                Ok(Self::new(slot))
            } else {
                Err(Frame::new(slot))
            }
        }
    }
}

impl<M: FrameMeta> From<UniqueFrame<M>> for UniqueFrame {
    fn from(unique: UniqueFrame<M>) -> Self {
        // SAFETY: the same owner.
        unsafe { Self::new(unique.into_slot()) }
    }
}

impl<M: FrameMeta> TryFrom<UniqueFrame> for UniqueFrame<M> {
    type Error = UniqueFrame;

    fn try_from(unique: UniqueFrame) -> Result<Self, UniqueFrame> {
        if unique.meta_as::<M>().is_none() {
            return Err(unique);
        }
        // SAFETY: the same owner, and the metadata is an `M`.
        Ok(unsafe { Self::new(unique.into_slot()) })
    }
}

impl<M> fmt::Debug for UniqueFrame<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UniqueFrame({:#x})", self.start_paddr())
    }
}
