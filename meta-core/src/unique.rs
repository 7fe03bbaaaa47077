//! `UniqueFrame`: the one owner of a frame.

use core::any::Any;
use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

use crate::error::GetFrameError;
use crate::frame::Frame;
use crate::mapping::frame_to_meta;
use crate::meta::AnyFrameMeta;
use crate::platform::{PAGE_SIZE, Paddr, Platform};
use crate::slot::MetaSlot;
use crate::state::{Ownership, TryUnique};
use crate::sync::Access;

/// The only handle to a frame with metadata of type `M`, which it may change.
///
/// One word. It is not `Clone`; turn it into a [`Frame`] to share it.
///
#[cfg_attr(not(model), doc = "```")]
#[cfg_attr(model, doc = "```ignore (needs the real atomics)")]
/// # mod kernel { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/kernel.rs")); }
/// # use kernel::Kernel;
/// use meta_core::{AnyFrameMeta, Frame, GetFrameError, PAGE_SIZE, UniqueFrame};
/// use meta_core::impl_frame_meta_for;
///
/// struct Slab { free: u16 }
/// struct PageTable { level: u8 }
/// impl_frame_meta_for!(Slab, PageTable);
///
/// let mut slab = UniqueFrame::<_, Kernel>::from_unused(PAGE_SIZE, Slab { free: 64 })?;
/// slab.meta_mut().free -= 1;
/// assert_eq!((slab.meta().free, slab.start_paddr()), (63, PAGE_SIZE));
///
/// // Another use for the same frame.
/// let table = slab.repurpose(PageTable { level: 1 });
/// let any: UniqueFrame<dyn AnyFrameMeta, Kernel> = table.into();
/// assert!(!any.dyn_meta().is_untyped());
///
/// // Only its address is kept, and it stays owned.
/// let paddr = any.into_raw();
/// assert_eq!(Frame::<_, Kernel>::from_in_use(paddr).unwrap_err(), GetFrameError::Unique);
/// // SAFETY: the handle to a `PageTable` that was just forgotten.
/// let table = unsafe { UniqueFrame::<PageTable, Kernel>::from_raw(paddr) };
///
/// // Shared, and owned again by the last who shares it.
/// let shared = Frame::from(table);
/// let other = shared.clone();
/// let shared = UniqueFrame::try_from(shared).expect_err("there are two handles");
/// drop(other);
/// let owned = UniqueFrame::try_from(shared).expect("the only handle");
/// owned.reset_as_unused();
/// assert_eq!(Frame::<_, Kernel>::from_in_use(paddr).unwrap_err(), GetFrameError::Unused);
/// # Ok::<(), GetFrameError>(())
/// ```
#[repr(transparent)]
pub struct UniqueFrame<M: AnyFrameMeta + ?Sized, P: Platform> {
    slot: NonNull<MetaSlot>,
    _metadata: PhantomData<M>,
    _platform: PhantomData<fn() -> P>,
}

// SAFETY: the handle owns the metadata, which is `Send + Sync`.
unsafe impl<M: AnyFrameMeta + ?Sized, P: Platform> Send for UniqueFrame<M, P> {}

// SAFETY: as for `Send`; a shared reference only reads.
unsafe impl<M: AnyFrameMeta + ?Sized, P: Platform> Sync for UniqueFrame<M, P> {}

impl<M: AnyFrameMeta, P: Platform> UniqueFrame<M, P> {
    /// Claims an unused frame for one owner.
    ///
    /// # Errors
    ///
    /// Those of [`MetaSlot::get_from_unused`]; `metadata` is dropped then.
    #[inline]
    pub fn from_unused(paddr: Paddr, metadata: M) -> Result<Self, GetFrameError> {
        let slot = MetaSlot::get_from_unused::<P, M>(paddr, metadata, Ownership::Unique)?;
        // SAFETY: the slot is unique, and this is the handle.
        Ok(unsafe { Self::from_slot(slot.into()) })
    }

    /// The metadata.
    #[inline]
    #[track_caller]
    pub fn meta(&self) -> &M {
        // SAFETY: the metadata is an initialised `M`, and borrowed as long as
        // its owner.
        unsafe { &*self.slot().as_meta_ptr::<M>(Access::Read) }
    }

    /// The metadata, to be changed.
    #[inline]
    #[track_caller]
    pub fn meta_mut(&mut self) -> &mut M {
        // SAFETY: as `meta`; nobody else can reach it, and the owner is
        // exclusively borrowed.
        unsafe { &mut *self.slot().as_meta_ptr::<M>(Access::Write) }
    }
}

impl<M: AnyFrameMeta + ?Sized, P: Platform> UniqueFrame<M, P> {
    /// # Safety
    ///
    /// The slot is unique without another handle, and the metadata is an `M`.
    #[inline]
    pub(crate) unsafe fn from_slot(slot: NonNull<MetaSlot>) -> Self {
        UniqueFrame {
            slot,
            _metadata: PhantomData,
            _platform: PhantomData,
        }
    }

    #[inline]
    pub(crate) fn slot(&self) -> &MetaSlot {
        // SAFETY: slots live for ever, as the platform promises.
        unsafe { self.slot.as_ref() }
    }

    #[inline]
    pub(crate) fn into_slot(self) -> NonNull<MetaSlot> {
        ManuallyDrop::new(self).slot
    }

    /// The metadata, whatever its type.
    #[inline]
    #[track_caller]
    pub fn dyn_meta(&self) -> &dyn AnyFrameMeta {
        // SAFETY: the metadata is initialised, and borrowed as long as its
        // owner.
        unsafe { &*self.slot().dyn_meta_ptr(Access::Read) }
    }

    /// The metadata, whatever its type, to be changed.
    ///
    #[cfg_attr(not(model), doc = "```")]
    #[cfg_attr(model, doc = "```ignore (needs the real atomics)")]
    /// # mod kernel { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/kernel.rs")); }
    /// # use kernel::Kernel;
    /// use core::any::Any;
    /// # use meta_core::{AnyFrameMeta, GetFrameError, UniqueFrame};
    /// # struct Slab { free: u16 }
    /// # meta_core::impl_frame_meta_for!(Slab);
    /// # let slab = UniqueFrame::<_, Kernel>::from_unused(0, Slab { free: 64 })?;
    /// let mut any: UniqueFrame<dyn AnyFrameMeta, Kernel> = slab.into();
    /// let metadata: &mut dyn Any = any.dyn_meta_mut();
    /// if let Some(slab) = metadata.downcast_mut::<Slab>() {
    ///     slab.free = 0;
    /// }
    /// let slab = UniqueFrame::<Slab, Kernel>::try_from(any).expect("a slab");
    /// assert_eq!(slab.meta().free, 0);
    /// # Ok::<(), GetFrameError>(())
    /// ```
    #[inline]
    #[track_caller]
    pub fn dyn_meta_mut(&mut self) -> &mut dyn AnyFrameMeta {
        // SAFETY: as `dyn_meta`; nobody else can reach it, and the owner is
        // exclusively borrowed.
        unsafe { &mut *self.slot().dyn_meta_ptr(Access::Write) }
    }

    /// Replaces the metadata by one of another type. The old one sees its
    /// `on_drop`; the frame stays owned throughout.
    ///
    /// If the old metadata panics on its way out, the frame leaks: it stays
    /// Unique without an owner, nothing is dropped twice, and the new metadata
    /// is dropped without `on_drop`.
    #[inline]
    pub fn repurpose<N: AnyFrameMeta>(self, metadata: N) -> UniqueFrame<N, P> {
        let slot = self.into_slot();
        // SAFETY: the metadata is initialised and ours alone, before and after;
        // afterwards it is an `N`.
        unsafe {
            slot.as_ref().drop_meta_in_place::<P>();
            slot.as_ref().write_meta(metadata);
            UniqueFrame::from_slot(slot)
        }
    }

    /// Drops the metadata and leaves the frame unused, without giving it to
    /// the allocator.
    #[inline]
    pub fn reset_as_unused(self) {
        let slot = self.into_slot();
        // SAFETY: slots live for ever; the unique handle is given up, so that
        // the metadata is ours to drop.
        unsafe {
            slot.as_ref().begin_reset();
            slot.as_ref().drop_last_in_place::<P>();
        }
    }

    /// The physical address of the frame.
    #[inline]
    pub fn start_paddr(&self) -> Paddr {
        self.slot().frame_paddr::<P>()
    }

    /// The size of the frame, in bytes.
    #[inline]
    pub const fn size(&self) -> usize {
        PAGE_SIZE
    }

    /// Forgets the handle and leaves the frame's address: it stays owned.
    #[inline]
    #[must_use = "without `from_raw` the frame leaks"]
    pub fn into_raw(self) -> Paddr {
        let paddr = self.start_paddr();
        let _ = ManuallyDrop::new(self);
        paddr
    }

    /// The handle that [`into_raw`](Self::into_raw) forgot.
    ///
    /// # Safety
    ///
    /// The address comes from `into_raw` of a unique handle to metadata of type
    /// `M` (of any type for `dyn AnyFrameMeta`), once for each call.
    #[inline]
    pub unsafe fn from_raw(paddr: Paddr) -> Self {
        let slot = frame_to_meta::<P>(paddr).cast_mut();
        // SAFETY: the frame exists, so its slot is in the array; it is still
        // unique, and the forgotten handle was the only one.
        unsafe { Self::from_slot(NonNull::new_unchecked(slot)) }
    }
}

impl<M: AnyFrameMeta + ?Sized, P: Platform> Drop for UniqueFrame<M, P> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the only handle is given up here, so that the metadata is
        // ours to drop; the frame is retired then, and offered to the allocator
        // once.
        unsafe {
            self.slot().begin_unique_drop();
            self.slot().drop_last_in_place::<P>();
            P::free_frame(self.start_paddr());
        }
    }
}

impl<M: AnyFrameMeta + ?Sized, P: Platform> TryFrom<Frame<M, P>> for UniqueFrame<M, P> {
    type Error = Frame<M, P>;

    /// The unique handle if `frame` was the only one, else `frame` back.
    #[inline]
    fn try_from(frame: Frame<M, P>) -> Result<Self, Self::Error> {
        let slot = frame.into_slot();
        // SAFETY: slots live for ever; the shared handle comes back, as the only
        // and unique one or as it was.
        unsafe {
            match slot.as_ref().try_make_unique() {
                TryUnique::Unique => Ok(Self::from_slot(slot)),
                TryUnique::Shared => Err(Frame::from_slot(slot)),
            }
        }
    }
}

impl<M: AnyFrameMeta, P: Platform> From<UniqueFrame<M, P>> for UniqueFrame<dyn AnyFrameMeta, P> {
    #[inline]
    fn from(unique: UniqueFrame<M, P>) -> Self {
        // SAFETY: the same handle; the vtable word remembers the type.
        unsafe { Self::from_slot(unique.into_slot()) }
    }
}

impl<M: AnyFrameMeta, P: Platform> TryFrom<UniqueFrame<dyn AnyFrameMeta, P>> for UniqueFrame<M, P> {
    type Error = UniqueFrame<dyn AnyFrameMeta, P>;

    /// The typed handle, or the same handle back if the metadata is not an `M`.
    fn try_from(unique: UniqueFrame<dyn AnyFrameMeta, P>) -> Result<Self, Self::Error> {
        let metadata: &dyn Any = unique.dyn_meta();
        if metadata.is::<M>() {
            // SAFETY: the same handle, and the metadata is an `M`.
            Ok(unsafe { Self::from_slot(unique.into_slot()) })
        } else {
            Err(unique)
        }
    }
}

impl<M: AnyFrameMeta + ?Sized, P: Platform> fmt::Debug for UniqueFrame<M, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UniqueFrame")
            .field("paddr", &format_args!("{:#x}", self.start_paddr()))
            .finish()
    }
}
