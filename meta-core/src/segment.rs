//! `Segment`: shared handles to frames in a row.

use core::fmt;
use core::iter::FusedIterator;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::Range;
use core::slice;

use crate::error::GetFrameError;
use crate::frame::{Frame, FrameRef, drop_each};
use crate::mapping::frame_to_meta;
use crate::meta::AnyFrameMeta;
use crate::platform::{PAGE_SIZE, Paddr, Platform};
use crate::slot::MetaSlot;

/// A shared handle to each frame of a contiguous range, with metadata of type
/// `M`.
///
/// Two words. It may be empty. It is also the iterator over its frames: each
/// [`next`](Iterator::next) takes the first frame out of it as a handle of its
/// own.
///
#[cfg_attr(not(model), doc = "```")]
#[cfg_attr(model, doc = "```ignore (needs the real atomics)")]
/// # mod kernel { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/kernel.rs")); }
/// # use kernel::Kernel;
/// use meta_core::{Frame, GetFrameError, PAGE_SIZE, Segment, impl_frame_meta_for};
///
/// struct Stack { page: usize }
/// impl_frame_meta_for!(Stack);
///
/// let range = 2 * PAGE_SIZE..6 * PAGE_SIZE;
/// let page = |paddr| Stack { page: paddr / PAGE_SIZE - 2 };
/// let stack = Segment::<_, Kernel>::from_unused(range, page)?;
/// assert_eq!((stack.len(), stack.size()), (4, 4 * PAGE_SIZE));
///
/// // The same frames twice: each is counted.
/// let top = stack.slice(2 * PAGE_SIZE..4 * PAGE_SIZE);
/// assert_eq!(stack.frames().map(|f| f.reference_count()).collect::<Vec<_>>(), [1, 1, 2, 2]);
///
/// // Frame by frame.
/// drop(stack);
/// let pages: Vec<_> = top.map(|frame| frame.meta().page).collect();
/// assert_eq!(pages, [2, 3]);
/// # Ok::<(), GetFrameError>(())
/// ```
pub struct Segment<M: AnyFrameMeta + ?Sized, P: Platform> {
    /// Page-aligned at both ends; one handle to each frame belongs to this
    /// segment.
    range: Range<Paddr>,
    _metadata: PhantomData<M>,
    _platform: PhantomData<fn() -> P>,
}

impl<M: AnyFrameMeta, P: Platform> Segment<M, P> {
    /// Claims every frame of `range`, or none, and shares them. `metadata` is
    /// asked for each frame's metadata before the frame is claimed, in
    /// ascending order.
    ///
    /// An empty range claims nothing and gives an empty segment.
    ///
    /// If a frame cannot be had, or `metadata` panics, the frames already
    /// claimed are given up again as by any last handle: their metadata sees
    /// `on_drop`, and they go to the allocator.
    ///
    /// # Errors
    ///
    /// Before anything is claimed: [`NotAligned`](GetFrameError::NotAligned)
    /// unless both ends are multiples of [`PAGE_SIZE`], else
    /// [`OutOfBound`](GetFrameError::OutOfBound) unless both are at most the
    /// end of physical memory. Then those of [`Frame::from_unused`] for the
    /// first frame that is not unused.
    ///
    /// # Panics
    ///
    /// If the range is in physical memory but ends before it starts.
    pub fn from_unused(
        range: Range<Paddr>,
        mut metadata: impl FnMut(Paddr) -> M,
    ) -> Result<Self, GetFrameError> {
        if !range.start.is_multiple_of(PAGE_SIZE) || !range.end.is_multiple_of(PAGE_SIZE) {
            return Err(GetFrameError::NotAligned);
        }
        if range.start.max(range.end) > P::max_paddr().get() {
            return Err(GetFrameError::OutOfBound);
        }
        assert!(
            range.start <= range.end,
            "the range {:#x}..{:#x} ends before it starts",
            range.start,
            range.end
        );

        // SAFETY: empty, without handles.
        let mut claimed = unsafe { Self::from_raw(range.start..range.start) };
        for paddr in range.step_by(PAGE_SIZE) {
            let frame = Frame::<M, P>::from_unused(paddr, metadata(paddr))?;
            claimed.range.end = frame.into_raw() + PAGE_SIZE;
        }
        Ok(claimed)
    }
}

impl<M: AnyFrameMeta + ?Sized, P: Platform> Segment<M, P> {
    /// The address of the first frame.
    #[inline]
    pub const fn start_paddr(&self) -> Paddr {
        self.range.start
    }

    /// The first address past the last frame.
    #[inline]
    pub const fn end_paddr(&self) -> Paddr {
        self.range.end
    }

    /// The size of all frames, in bytes.
    #[inline]
    pub const fn size(&self) -> usize {
        self.range.end - self.range.start
    }

    /// The number of frames.
    #[inline]
    pub const fn len(&self) -> usize {
        self.size() / PAGE_SIZE
    }

    /// Whether there is no frame.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.size() == 0
    }

    /// The frames, borrowed; it costs no counting.
    pub fn frames(
        &self,
    ) -> impl DoubleEndedIterator<Item = FrameRef<'_, M, P>> + ExactSizeIterator + FusedIterator
    {
        let start = self.range.start;
        // SAFETY: a forgotten handle to each frame belongs to the segment,
        // which is borrowed as long as the references.
        (0..self.len()).map(move |n| unsafe { FrameRef::borrow_paddr(start + n * PAGE_SIZE) })
    }

    /// Two segments: the frames before byte `offset`, and the others. Either
    /// may be empty.
    ///
    /// # Panics
    ///
    /// Unless `offset` is a multiple of [`PAGE_SIZE`] and at most the size.
    ///
    #[cfg_attr(not(model), doc = "```")]
    #[cfg_attr(model, doc = "```ignore (needs the real atomics)")]
    /// # mod kernel { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/kernel.rs")); }
    /// # use kernel::Kernel;
    /// # use meta_core::{GetFrameError, PAGE_SIZE, Segment};
    /// # struct Stack;
    /// # meta_core::impl_frame_meta_for!(Stack);
    /// # let stack = Segment::<_, Kernel>::from_unused(0..4 * PAGE_SIZE, |_| Stack)?;
    /// let (guard, stack) = stack.split(PAGE_SIZE);
    /// assert_eq!((guard.start_paddr(), guard.end_paddr()), (0, PAGE_SIZE));
    /// assert_eq!((stack.start_paddr(), stack.len()), (PAGE_SIZE, 3));
    /// # Ok::<(), GetFrameError>(())
    /// ```
    #[inline]
    #[track_caller]
    #[must_use]
    pub fn split(self, offset: usize) -> (Self, Self) {
        let range = self.offsets(offset..self.size());
        let whole = self.into_raw();
        // SAFETY: the handles of `self`, each in one of the two.
        unsafe {
            (
                Self::from_raw(whole.start..range.start),
                Self::from_raw(range),
            )
        }
    }

    /// One more handle to each frame between two byte offsets.
    ///
    /// # Panics
    ///
    /// Unless both offsets are multiples of [`PAGE_SIZE`], in order, and at
    /// most the size.
    #[inline]
    #[track_caller]
    #[must_use]
    pub fn slice(&self, offsets: Range<usize>) -> Self {
        let range = self.offsets(offsets);
        // SAFETY: never dropped as it is, and its frames are among ours, which
        // stay as long as `self` is borrowed.
        let part = ManuallyDrop::new(unsafe { Self::from_raw(range) });
        Self::clone(&part)
    }

    /// The slots of its frames, which follow each other like the frames.
    #[inline]
    fn slots(&self) -> &[MetaSlot] {
        // An empty one may be anywhere.
        if self.is_empty() {
            return &[];
        }
        let first = frame_to_meta::<P>(self.range.start);
        // SAFETY: the segment has handles to frames that exist, so their slots
        // are in the array, initialised, and never borrowed mutably.
        unsafe { slice::from_raw_parts(first, self.len()) }
    }

    /// The addresses between two byte offsets.
    #[track_caller]
    fn offsets(&self, offsets: Range<usize>) -> Range<Paddr> {
        let Range { start, end } = offsets;
        assert!(
            start.is_multiple_of(PAGE_SIZE) && end.is_multiple_of(PAGE_SIZE),
            "the offsets {start:#x}..{end:#x} are not page-aligned"
        );
        // Compared as offsets: adding them to an address first could overflow.
        assert!(
            start <= end && end <= self.size(),
            "the offsets {start:#x}..{end:#x} are not in a segment of {:#x} bytes",
            self.size()
        );
        self.range.start + start..self.range.start + end
    }

    /// Forgets the segment and leaves its addresses: each count stays.
    #[inline]
    #[must_use = "without `from_raw` the frames leak"]
    pub fn into_raw(self) -> Range<Paddr> {
        ManuallyDrop::new(self).range.clone()
    }

    /// The segment that [`into_raw`](Self::into_raw) forgot.
    ///
    /// # Safety
    ///
    /// The range is page-aligned at both ends and in order. For each frame in
    /// it a shared handle to metadata of type `M` (of any type for
    /// `dyn AnyFrameMeta`) was forgotten, by `into_raw` of a segment or of a
    /// [`Frame`], and is taken back once.
    ///
    #[cfg_attr(not(model), doc = "```")]
    #[cfg_attr(model, doc = "```ignore (needs the real atomics)")]
    /// # mod kernel { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/kernel.rs")); }
    /// # use kernel::Kernel;
    /// # use meta_core::{GetFrameError, PAGE_SIZE, Segment};
    /// # struct Stack;
    /// # meta_core::impl_frame_meta_for!(Stack);
    /// # let stack = Segment::<_, Kernel>::from_unused(0..4 * PAGE_SIZE, |_| Stack)?;
    /// let copy = stack.clone();
    /// let range = copy.into_raw();
    /// assert_eq!(range, 0..4 * PAGE_SIZE);
    /// // The copy's handles stay counted.
    /// assert!(stack.frames().all(|frame| frame.reference_count() == 2));
    ///
    /// // SAFETY: the handles that were just forgotten, to metadata of this type.
    /// let copy = unsafe { Segment::<Stack, Kernel>::from_raw(range) };
    /// drop(copy);
    /// assert!(stack.frames().all(|frame| frame.reference_count() == 1));
    /// assert!(!stack.is_empty());
    /// # Ok::<(), GetFrameError>(())
    /// ```
    #[inline]
    pub unsafe fn from_raw(range: Range<Paddr>) -> Self {
        Segment {
            range,
            _metadata: PhantomData,
            _platform: PhantomData,
        }
    }

    /// The same handles, declared to be to metadata of another type.
    ///
    /// # Safety
    ///
    /// The metadata of every frame is an `N`.
    #[inline]
    pub(crate) unsafe fn cast<N: AnyFrameMeta + ?Sized>(self) -> Segment<N, P> {
        // SAFETY: the handles of `self`, and the metadata is as promised.
        unsafe { Segment::from_raw(self.into_raw()) }
    }
}

impl<M: AnyFrameMeta + ?Sized, P: Platform> Clone for Segment<M, P> {
    /// One more handle to each frame. It aborts through the platform at
    /// [`REF_COUNT_MAX`](crate::REF_COUNT_MAX) handles.
    fn clone(&self) -> Self {
        for slot in self.slots() {
            // SAFETY: the segment has a handle to each of its frames, and the
            // new one gets another.
            unsafe { slot.inc_ref_count::<P>() };
        }
        // SAFETY: the handles just counted.
        unsafe { Self::from_raw(self.range.clone()) }
    }
}

impl<M: AnyFrameMeta + ?Sized, P: Platform> Drop for Segment<M, P> {
    /// Gives each frame up, in ascending order. If metadata panics on its way
    /// out, its frame leaks, and the others are still given up.
    #[inline]
    fn drop(&mut self) {
        drop_each(self);
    }
}

/// Takes the frames out of the segment, one by one. What is left stays a
/// segment.
impl<M: AnyFrameMeta + ?Sized, P: Platform> Iterator for Segment<M, P> {
    type Item = Frame<M, P>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.is_empty() {
            return None;
        }
        let paddr = self.range.start;
        self.range.start += PAGE_SIZE;
        // SAFETY: the handle to this frame, no longer the segment's.
        Some(unsafe { Frame::from_raw(paddr) })
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len(), Some(self.len()))
    }
}

impl<M: AnyFrameMeta + ?Sized, P: Platform> DoubleEndedIterator for Segment<M, P> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        if self.is_empty() {
            return None;
        }
        self.range.end -= PAGE_SIZE;
        // SAFETY: the handle to this frame, no longer the segment's.
        Some(unsafe { Frame::from_raw(self.range.end) })
    }
}

impl<M: AnyFrameMeta + ?Sized, P: Platform> FusedIterator for Segment<M, P> {}

impl<M: AnyFrameMeta + ?Sized, P: Platform> From<Frame<M, P>> for Segment<M, P> {
    #[inline]
    fn from(frame: Frame<M, P>) -> Self {
        let start = frame.into_raw();
        // SAFETY: the handle just forgotten.
        unsafe { Self::from_raw(start..start + PAGE_SIZE) }
    }
}

impl<M: AnyFrameMeta, P: Platform> From<Segment<M, P>> for Segment<dyn AnyFrameMeta, P> {
    #[inline]
    fn from(segment: Segment<M, P>) -> Self {
        // SAFETY: any metadata will do; the vtable words remember the type.
        unsafe { segment.cast() }
    }
}

impl<M: AnyFrameMeta, P: Platform> TryFrom<Segment<dyn AnyFrameMeta, P>> for Segment<M, P> {
    type Error = Segment<dyn AnyFrameMeta, P>;

    /// The typed segment, or the same segment back unless the metadata of
    /// every frame is an `M`.
    fn try_from(segment: Segment<dyn AnyFrameMeta, P>) -> Result<Self, Self::Error> {
        let typed = segment
            .frames()
            .all(|frame| FrameRef::<M, P>::try_from(frame).is_ok());
        if typed {
            // SAFETY: just checked.
            Ok(unsafe { segment.cast() })
        } else {
            Err(segment)
        }
    }
}

impl<M: AnyFrameMeta + ?Sized, P: Platform> fmt::Debug for Segment<M, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Segment")
            .field("paddr", &format_args!("{:#x?}", self.range))
            .finish()
    }
}
