//! Frames in a row.

use core::fmt;
use core::marker::PhantomData;
use core::mem;
use core::ops::Range;

use super::error::FrameError;
use super::meta::{FrameMeta, Opaque};
use super::shared::Frame;
use super::{PAGE_SIZE, Paddr, region};

/// A handle to each frame of a range, with metadata of type `M`.
///
/// It gives its frames out one by one, as an iterator.
pub struct Segment<M = Opaque> {
    range: Range<Paddr>,
    _meta: PhantomData<M>,
}

impl<M: FrameMeta> Segment<M> {
    /// Claims all frames of a range, or none.
    ///
    /// # Errors
    ///
    /// If there is a frame that does not exist, or is not unused.
    ///
    /// # Panics
    ///
    /// If the range is empty.
    pub fn from_unused(
        range: Range<Paddr>,
        mut meta: impl FnMut(Paddr) -> M,
    ) -> Result<Self, FrameError> {
        assert!(!range.is_empty(), "the range {range:#x?} is empty");
        if !range.start.is_multiple_of(PAGE_SIZE) || !range.end.is_multiple_of(PAGE_SIZE) {
            return Err(FrameError::NotAligned);
        }
        // SAFETY: without frames, it has every handle that it needs.
        let mut claimed = unsafe { Self::from_raw(range.start..range.start) };
        for paddr in range.step_by(PAGE_SIZE) {
            // Those claimed so far are given back by `claimed`.
            let frame = Frame::from_unused(paddr, meta(paddr))?;
            claimed.range.end = frame.into_raw() + PAGE_SIZE;
        }
        Ok(claimed)
    }
}

impl<M> Segment<M> {
    /// The address of the first frame.
    pub fn start_paddr(&self) -> Paddr {
        self.range.start
    }

    /// The address after the last frame.
    pub fn end_paddr(&self) -> Paddr {
        self.range.end
    }

    /// The size in bytes.
    pub fn size(&self) -> usize {
        self.range.end - self.range.start
    }

    /// Splits it in two, neither of which is empty.
    ///
    /// # Panics
    ///
    /// Unless `offset` is that of a frame within it.
    #[must_use]
    pub fn split(self, offset: usize) -> (Self, Self) {
        assert!(
            offset.is_multiple_of(PAGE_SIZE) && 0 < offset && offset < self.size(),
            "no frame begins within the segment at {offset:#x}"
        );
        let Range { start, end } = self.into_raw();
        let middle = start + offset;
        // SAFETY: each handle is in one of them.
        unsafe { (Self::from_raw(start..middle), Self::from_raw(middle..end)) }
    }

    /// Shares a part of it, which may be empty.
    ///
    /// # Panics
    ///
    /// Unless the offsets are those of frames, in order and within it.
    #[must_use]
    pub fn slice(&self, offsets: Range<usize>) -> Self {
        assert!(
            offsets.start.is_multiple_of(PAGE_SIZE)
                && offsets.end.is_multiple_of(PAGE_SIZE)
                && offsets.start <= offsets.end
                && offsets.end <= self.size(),
            "{offsets:#x?} are not frames of the segment"
        );
        let range = self.range.start + offsets.start..self.range.start + offsets.end;
        for paddr in range.clone().step_by(PAGE_SIZE) {
            // SAFETY: the segment has a handle to the frame.
            unsafe { (*region::slot_at(paddr)).increment() };
        }
        // SAFETY: just counted.
        unsafe { Self::from_raw(range) }
    }

    /// Forgets the handles, and leaves the range: the frames stay shared.
    #[must_use = "without `from_raw` the frames leak"]
    pub fn into_raw(self) -> Range<Paddr> {
        let range = self.range.clone();
        mem::forget(self);
        range
    }

    /// The segment that [`into_raw`](Self::into_raw) forgot.
    ///
    /// # Safety
    ///
    /// A handle to each frame of the range was forgotten, and their metadata is an
    /// `M`.
    pub unsafe fn from_raw(range: Range<Paddr>) -> Self {
        Segment {
            range,
            _meta: PhantomData,
        }
    }

    /// Whether the first frame has metadata of type `N`.
    fn first_is<N: FrameMeta>(&self) -> bool {
        // SAFETY: the segment has a handle to the frame.
        unsafe { (*region::slot_at(self.range.start)).vtable().is::<N>() }
    }
}

impl Segment {
    /// The segment of known metadata, or the same one back.
    ///
    /// An empty segment has no frame to look at, and is one of any metadata.
    ///
    /// # Errors
    ///
    /// The segment, if its metadata is not of type `M`.
    pub fn downcast<M: FrameMeta>(self) -> Result<Segment<M>, Self> {
        if !self.range.is_empty() && !self.first_is::<M>() {
            return Err(self);
        }
        // SAFETY: the same handles; all frames of a segment have metadata of one type.
        Ok(unsafe { Segment::from_raw(self.into_raw()) })
    }
}

impl<M> Clone for Segment<M> {
    fn clone(&self) -> Self {
        self.slice(0..self.size())
    }
}

impl<M> Drop for Segment<M> {
    fn drop(&mut self) {
        self.for_each(drop);
    }
}

impl<M> Iterator for Segment<M> {
    type Item = Frame<M>;

    fn next(&mut self) -> Option<Frame<M>> {
        if self.range.is_empty() {
            return None;
        }
        let paddr = self.range.start;
        self.range.start += PAGE_SIZE;
        // SAFETY: the handle to it is no longer the segment's.
        Some(unsafe { Frame::from_raw(paddr) })
    }
}

impl<M: FrameMeta> From<Segment<M>> for Segment {
    fn from(segment: Segment<M>) -> Self {
        // SAFETY: the same handles.
        unsafe { Self::from_raw(segment.into_raw()) }
    }
}

impl<M: FrameMeta> TryFrom<Segment> for Segment<M> {
    type Error = Segment;

    /// The segment of known metadata, or the same one back.
    fn try_from(segment: Segment) -> Result<Self, Segment> {
        if !segment.first_is::<M>() {
            return Err(segment);
        }
        // SAFETY: the same handles; all frames of a segment have metadata of one type.
        Ok(unsafe { Self::from_raw(segment.into_raw()) })
    }
}

impl<M> fmt::Debug for Segment<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Segment({:#x?})", self.range)
    }
}
