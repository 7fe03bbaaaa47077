//! `Frame`: a shared handle.

use core::any::Any;
use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::Deref;
use core::ptr::NonNull;

use crate::error::GetFrameError;
use crate::mapping::frame_to_meta;
use crate::meta::AnyFrameMeta;
use crate::platform::{PAGE_SIZE, Paddr, Platform};
use crate::slot::MetaSlot;
use crate::state::{Dropped, Ownership};
use crate::sync::Access;
use crate::unique::UniqueFrame;

/// A shared handle to a frame with metadata of type `M`.
///
/// One word. While any handle exists the metadata is initialised and read-only;
/// dropping the last one drops the metadata and gives the frame back.
///
#[cfg_attr(not(model), doc = "```")]
#[cfg_attr(model, doc = "```ignore (needs the real atomics)")]
/// # mod kernel { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/kernel.rs")); }
/// # use kernel::Kernel;
/// use meta_core::{AnyFrameMeta, Frame, GetFrameError, PAGE_SIZE, impl_frame_meta_for};
///
/// struct PageTable { level: u8 }
/// impl_frame_meta_for!(PageTable);
///
/// let root = Frame::<_, Kernel>::from_unused(PAGE_SIZE, PageTable { level: 4 })?;
/// let same = root.clone();
/// assert_eq!((same.start_paddr(), same.size()), (PAGE_SIZE, PAGE_SIZE));
///
/// // A register has room for the address alone: the handle is forgotten, and
/// // stays counted.
/// let register = same.into_raw();
/// assert_eq!(root.reference_count(), 2);
/// // SAFETY: the handle to a `PageTable` that was just forgotten.
/// let same = unsafe { Frame::<PageTable, Kernel>::from_raw(register) };
/// assert_eq!(same.meta().level, 4);
///
/// // Without its type, and with it again.
/// let any: Frame<dyn AnyFrameMeta, Kernel> = same.into();
/// assert!(!any.dyn_meta().is_untyped());
/// let same = Frame::<PageTable, Kernel>::try_from(any).expect("a page table");
/// assert_eq!(same.meta().level, 4);
/// # Ok::<(), GetFrameError>(())
/// ```
#[repr(transparent)]
pub struct Frame<M: AnyFrameMeta + ?Sized, P: Platform> {
    slot: NonNull<MetaSlot>,
    _metadata: PhantomData<M>,
    _platform: PhantomData<fn() -> P>,
}

// SAFETY: a handle is a counted reference to metadata, which is `Send + Sync`;
// the count is atomic.
unsafe impl<M: AnyFrameMeta + ?Sized, P: Platform> Send for Frame<M, P> {}

// SAFETY: as for `Send`.
unsafe impl<M: AnyFrameMeta + ?Sized, P: Platform> Sync for Frame<M, P> {}

impl<M: AnyFrameMeta, P: Platform> Frame<M, P> {
    /// Claims an unused frame and shares it.
    ///
    /// # Errors
    ///
    /// Those of [`MetaSlot::get_from_unused`]; `metadata` is dropped then.
    #[inline]
    pub fn from_unused(paddr: Paddr, metadata: M) -> Result<Self, GetFrameError> {
        let slot = MetaSlot::get_from_unused::<P, M>(paddr, metadata, Ownership::Shared)?;
        // SAFETY: the slot is shared by one handle: this one.
        Ok(unsafe { Self::from_slot(slot.into()) })
    }

    /// The metadata.
    #[inline]
    #[track_caller]
    pub fn meta(&self) -> &M {
        // SAFETY: while this handle exists the metadata is an initialised `M`
        // and read-only.
        unsafe { &*self.slot().as_meta_ptr::<M>(Access::Read) }
    }
}

impl<P: Platform> Frame<dyn AnyFrameMeta, P> {
    /// Looks up a shared frame, whatever its metadata.
    ///
    /// It aborts through the platform at
    /// [`REF_COUNT_MAX`](crate::REF_COUNT_MAX) handles.
    ///
    /// # Errors
    ///
    /// Those of [`MetaSlot::get_from_in_use`].
    #[inline]
    pub fn from_in_use(paddr: Paddr) -> Result<Self, GetFrameError> {
        let slot = MetaSlot::get_from_in_use::<P>(paddr)?;
        // SAFETY: the count includes this handle.
        Ok(unsafe { Self::from_slot(slot.into()) })
    }
}

impl<M: AnyFrameMeta + ?Sized, P: Platform> Frame<M, P> {
    /// # Safety
    ///
    /// The count of the slot includes the new handle, and the metadata is an
    /// `M`.
    #[inline]
    pub(crate) unsafe fn from_slot(slot: NonNull<MetaSlot>) -> Self {
        Frame {
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
        // SAFETY: while this handle exists the metadata is initialised and
        // read-only.
        unsafe { &*self.slot().dyn_meta_ptr(Access::Read) }
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

    /// The number of handles, which may be old by the time it is used.
    #[inline]
    pub fn reference_count(&self) -> u64 {
        self.slot().reference_count()
    }

    /// A handle for as long as this one is borrowed; it costs no counting.
    #[inline]
    pub fn borrow(&self) -> FrameRef<'_, M, P> {
        FrameRef {
            // SAFETY: never dropped, and this handle outlives it.
            frame: ManuallyDrop::new(unsafe { Self::from_slot(self.slot) }),
            _lifetime: PhantomData,
        }
    }

    /// Forgets the handle and leaves the frame's address: the count stays.
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
    /// The address comes from `into_raw` of a shared handle to metadata of type
    /// `M` (of any type for `dyn AnyFrameMeta`), once for each call.
    #[inline]
    pub unsafe fn from_raw(paddr: Paddr) -> Self {
        let slot = frame_to_meta::<P>(paddr).cast_mut();
        // SAFETY: the frame exists, so its slot is in the array; the count
        // still includes the forgotten handle.
        unsafe { Self::from_slot(NonNull::new_unchecked(slot)) }
    }
}

impl<M: AnyFrameMeta + ?Sized, P: Platform> Clone for Frame<M, P> {
    /// One more handle. It aborts through the platform at
    /// [`REF_COUNT_MAX`](crate::REF_COUNT_MAX) handles.
    #[inline]
    fn clone(&self) -> Self {
        // SAFETY: `self` is a shared handle, and the count includes the new one.
        unsafe {
            self.slot().inc_ref_count::<P>();
            Self::from_slot(self.slot)
        }
    }
}

impl<M: AnyFrameMeta + ?Sized, P: Platform> Drop for Frame<M, P> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: this handle is given up here, and the last one tears down.
        unsafe {
            if self.slot().dec_ref_count() == Dropped::Last {
                tear_down::<P>(self.slot());
            }
        }
    }
}

/// What the last handle does. Out of line: most are not the last, and their drop
/// is one instruction and a branch.
///
/// # Safety
///
/// The last handle was given up, which made the slot Busy, and all others were
/// before.
#[inline(never)]
unsafe fn tear_down<P: Platform>(slot: &MetaSlot) {
    // SAFETY: the fence of the last handle ordered all others before, so that
    // the metadata is ours to drop; the frame is retired then, and offered to
    // the allocator once.
    unsafe {
        slot.drop_last_in_place::<P>();
        P::free_frame(slot.frame_paddr::<P>());
    }
}

impl<M: AnyFrameMeta, P: Platform> From<Frame<M, P>> for Frame<dyn AnyFrameMeta, P> {
    #[inline]
    fn from(frame: Frame<M, P>) -> Self {
        // SAFETY: the same handle; the vtable word remembers the type.
        unsafe { Self::from_slot(frame.into_slot()) }
    }
}

impl<M: AnyFrameMeta, P: Platform> TryFrom<Frame<dyn AnyFrameMeta, P>> for Frame<M, P> {
    type Error = Frame<dyn AnyFrameMeta, P>;

    /// The typed handle, or the same handle back if the metadata is not an `M`.
    fn try_from(frame: Frame<dyn AnyFrameMeta, P>) -> Result<Self, Self::Error> {
        let metadata: &dyn Any = frame.dyn_meta();
        if metadata.is::<M>() {
            // SAFETY: the same handle, and the metadata is an `M`.
            Ok(unsafe { Self::from_slot(frame.into_slot()) })
        } else {
            Err(frame)
        }
    }
}

impl<M: AnyFrameMeta + ?Sized, P: Platform> From<UniqueFrame<M, P>> for Frame<M, P> {
    /// Shares what was uniquely owned.
    #[inline]
    fn from(unique: UniqueFrame<M, P>) -> Self {
        let slot = unique.into_slot();
        // SAFETY: slots live for ever; the unique one became shared.
        unsafe {
            slot.as_ref().share();
            Self::from_slot(slot)
        }
    }
}

impl<M: AnyFrameMeta + ?Sized, P: Platform> fmt::Debug for Frame<M, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame")
            .field("paddr", &format_args!("{:#x}", self.start_paddr()))
            .field("state", &self.slot().snapshot())
            .finish()
    }
}

/// Drops the handles that an iterator gives. If one of them panics on its way
/// out, the others are still dropped.
pub(crate) fn drop_each(handles: impl Iterator) {
    /// What is left if one of them panics.
    struct Rest<I: Iterator>(I);

    impl<I: Iterator> Drop for Rest<I> {
        fn drop(&mut self) {
            self.0.by_ref().for_each(drop);
        }
    }

    Rest(handles).0.by_ref().for_each(drop);
}

/// A borrowed [`Frame`], as good as `&Frame` but one word without indirection.
///
#[cfg_attr(not(model), doc = "```")]
#[cfg_attr(model, doc = "```ignore (needs the real atomics)")]
/// # mod kernel { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/kernel.rs")); }
/// # use kernel::Kernel;
/// use meta_core::{Frame, FrameRef, GetFrameError, PAGE_SIZE, impl_frame_meta_for};
///
/// struct PageTable { level: u8 }
/// impl_frame_meta_for!(PageTable);
///
/// let root = Frame::<_, Kernel>::from_unused(PAGE_SIZE, PageTable { level: 4 })?;
/// let borrowed = root.borrow();
/// assert_eq!((borrowed.meta().level, borrowed.reference_count()), (4, 1));
///
/// // A handle that is forgotten in a register can be borrowed too.
/// let register = root.into_raw();
/// // SAFETY: it stays forgotten for as long as the reference lives.
/// let borrowed = unsafe { FrameRef::<PageTable, Kernel>::borrow_paddr(register) };
/// let counted = Frame::clone(&borrowed);
/// assert_eq!(counted.reference_count(), 2);
/// # Ok::<(), GetFrameError>(())
/// ```
#[repr(transparent)]
pub struct FrameRef<'a, M: AnyFrameMeta + ?Sized, P: Platform> {
    frame: ManuallyDrop<Frame<M, P>>,
    _lifetime: PhantomData<&'a Frame<M, P>>,
}

impl<M: AnyFrameMeta + ?Sized, P: Platform> FrameRef<'_, M, P> {
    /// Borrows the handle that [`Frame::into_raw`] forgot.
    ///
    /// # Safety
    ///
    /// The forgotten handle to metadata of type `M` stays forgotten for as long
    /// as the reference lives.
    #[inline]
    pub unsafe fn borrow_paddr(paddr: Paddr) -> Self {
        FrameRef {
            // SAFETY: never dropped, so the forgotten handle is not given up.
            frame: ManuallyDrop::new(unsafe { Frame::from_raw(paddr) }),
            _lifetime: PhantomData,
        }
    }
}

impl<M: AnyFrameMeta + ?Sized, P: Platform> Clone for FrameRef<'_, M, P> {
    #[inline]
    fn clone(&self) -> Self {
        FrameRef {
            // SAFETY: never dropped, and what `self` borrows outlives it.
            frame: ManuallyDrop::new(unsafe { Frame::from_slot(self.slot) }),
            _lifetime: PhantomData,
        }
    }
}

impl<'a, M: AnyFrameMeta, P: Platform> From<FrameRef<'a, M, P>>
    for FrameRef<'a, dyn AnyFrameMeta, P>
{
    #[inline]
    fn from(frame: FrameRef<'a, M, P>) -> Self {
        FrameRef {
            // SAFETY: never dropped, and what `frame` borrows outlives it; the
            // vtable word remembers the type.
            frame: ManuallyDrop::new(unsafe { Frame::from_slot(frame.slot) }),
            _lifetime: PhantomData,
        }
    }
}

impl<'a, M: AnyFrameMeta, P: Platform> TryFrom<FrameRef<'a, dyn AnyFrameMeta, P>>
    for FrameRef<'a, M, P>
{
    type Error = FrameRef<'a, dyn AnyFrameMeta, P>;

    /// The typed reference, or the same reference back if the metadata is not
    /// an `M`.
    fn try_from(frame: FrameRef<'a, dyn AnyFrameMeta, P>) -> Result<Self, Self::Error> {
        let metadata: &dyn Any = frame.dyn_meta();
        if metadata.is::<M>() {
            Ok(FrameRef {
                // SAFETY: never dropped, and what `frame` borrows outlives it;
                // the metadata is an `M`.
                frame: ManuallyDrop::new(unsafe { Frame::from_slot(frame.slot) }),
                _lifetime: PhantomData,
            })
        } else {
            Err(frame)
        }
    }
}

impl<M: AnyFrameMeta + ?Sized, P: Platform> Deref for FrameRef<'_, M, P> {
    type Target = Frame<M, P>;

    #[inline]
    fn deref(&self) -> &Self::Target {
        &self.frame
    }
}

impl<M: AnyFrameMeta + ?Sized, P: Platform> fmt::Debug for FrameRef<'_, M, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
