//! Untyped memory: frames whose pages are plain bytes.

use core::ptr::NonNull;

use crate::frame::{Frame, FrameRef};
use crate::list::Link;
use crate::meta::AnyFrameMeta;
use crate::platform::{PAGE_SIZE, Platform};
use crate::reader::{VmReader, VmWriter};
use crate::segment::Segment;
use crate::unique::UniqueFrame;

/// Metadata of frames whose pages are plain bytes.
///
/// [`impl_untyped_frame_meta_for!`](crate::impl_untyped_frame_meta_for)
/// implements it for a type that needs no `on_drop`.
///
/// ```
/// use meta_core::{AnyFrameMeta, AnyUFrameMeta, VmReader};
///
/// struct PageCache { clean: bool }
///
/// // SAFETY: the page is reached through its handles, and programs that have
/// // it mapped have one.
/// unsafe impl AnyFrameMeta for PageCache {
///     unsafe fn on_drop(&mut self, page: &mut VmReader<'_>) {
///         # fn write_back(page: &mut VmReader<'_>) {}
///         if !self.clean { write_back(page) }
///     }
///     fn is_untyped(&self) -> bool { true }
/// }
///
/// // SAFETY: untyped, just above.
/// unsafe impl AnyUFrameMeta for PageCache {}
/// ```
///
/// # Safety
///
/// [`is_untyped`](AnyFrameMeta::is_untyped) returns `true`. While there is a
/// handle to the frame, nobody accesses its page but through [`UntypedMem`], or
/// in ways that no Rust code can tell from that, as programs and devices do that
/// have the page mapped.
pub unsafe trait AnyUFrameMeta: AnyFrameMeta {}

// SAFETY: as `M`, whose `is_untyped` is the link's.
unsafe impl<M: AnyUFrameMeta> AnyUFrameMeta for Link<M> {}

/// Makes types metadata of untyped frames, with no `on_drop`, and checks that
/// they fit.
///
/// ```
/// struct Anonymous { owner: u32 }
/// meta_core::impl_untyped_frame_meta_for!(Anonymous);
/// ```
#[macro_export]
macro_rules! impl_untyped_frame_meta_for {
    ($($meta:ty),+ $(,)?) => {$(
        // SAFETY: without an `on_drop` nothing reads the page; it is reached
        // through `UntypedMem` alone.
        unsafe impl $crate::AnyFrameMeta for $meta {
            fn is_untyped(&self) -> bool {
                true
            }
        }

        // SAFETY: untyped, just above.
        unsafe impl $crate::AnyUFrameMeta for $meta {}

        $crate::assert_frame_meta_fits!($meta);
    )+};
}

/// A shared handle to an untyped frame, whatever its metadata.
///
/// Any other frame is refused:
///
#[cfg_attr(not(model), doc = "```")]
#[cfg_attr(model, doc = "```ignore (needs the real atomics)")]
/// # mod kernel { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/kernel.rs")); }
/// # use kernel::Kernel;
/// use meta_core::{Frame, GetFrameError, PAGE_SIZE, UFrame, UntypedMem};
/// use meta_core::{impl_frame_meta_for, impl_untyped_frame_meta_for};
///
/// struct Anonymous;
/// impl_untyped_frame_meta_for!(Anonymous);
/// struct PageTable;
/// impl_frame_meta_for!(PageTable);
///
/// let table = Frame::<_, Kernel>::from_unused(0, PageTable)?;
/// let page = Frame::<_, Kernel>::from_unused(PAGE_SIZE, Anonymous)?;
///
/// let found = UFrame::try_from(Frame::<_, Kernel>::from_in_use(PAGE_SIZE)?);
/// assert_eq!(found.expect("an untyped frame").reader().remain(), PAGE_SIZE);
/// assert!(UFrame::try_from(Frame::<_, Kernel>::from_in_use(0)?).is_err());
/// # Ok::<(), GetFrameError>(())
/// ```
pub type UFrame<P> = Frame<dyn AnyUFrameMeta, P>;

/// Shared handles to untyped frames in a row, whatever their metadata.
///
#[cfg_attr(not(model), doc = "```")]
#[cfg_attr(model, doc = "```ignore (needs the real atomics)")]
/// # mod kernel { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/kernel.rs")); }
/// # use kernel::Kernel;
/// # use meta_core::{PAGE_SIZE, Segment, USegment, UntypedMem};
/// # struct Anonymous;
/// # meta_core::impl_untyped_frame_meta_for!(Anonymous);
/// let pages = Segment::<_, Kernel>::from_unused(0..2 * PAGE_SIZE, |_| Anonymous)?;
/// let buffer: USegment<Kernel> = pages.into();
/// assert_eq!(buffer.writer().fill_zeros(usize::MAX), 2 * PAGE_SIZE);
/// # Ok::<(), meta_core::GetFrameError>(())
/// ```
pub type USegment<P> = Segment<dyn AnyUFrameMeta, P>;

/// Memory that may be read and written as plain bytes, by anybody with a handle
/// to it.
///
/// Any number of readers and writers may be used at once, on any threads; see
/// [`VmReader`] and [`VmWriter`].
///
#[cfg_attr(not(model), doc = "```")]
#[cfg_attr(model, doc = "```ignore (needs the real atomics)")]
/// # mod kernel { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/kernel.rs")); }
/// # use kernel::Kernel;
/// use meta_core::{Frame, UntypedMem, impl_untyped_frame_meta_for};
///
/// /// Of a frame or of frames in a row.
/// fn checksum(memory: &impl UntypedMem) -> u32 {
///     let mut reader = memory.reader();
///     let mut sum = 0_u32;
///     while let Some(word) = reader.read_val::<u32>() {
///         sum = sum.wrapping_add(word);
///     }
///     sum
/// }
///
/// struct Anonymous;
/// impl_untyped_frame_meta_for!(Anonymous);
///
/// let page = Frame::<_, Kernel>::from_unused(0, Anonymous)?;
/// page.writer().write_val(&[2_u32, 3, 4]).expect("there is room");
/// assert_eq!(checksum(&page), 9);
/// # Ok::<(), meta_core::GetFrameError>(())
/// ```
pub trait UntypedMem {
    /// Reads the bytes from the first one on.
    fn reader(&self) -> VmReader<'_>;

    /// Writes the bytes from the first one on.
    fn writer(&self) -> VmWriter<'_>;
}

impl<M: AnyUFrameMeta + ?Sized, P: Platform> UntypedMem for Frame<M, P> {
    fn reader(&self) -> VmReader<'_> {
        // SAFETY: the platform maps the page, initialised, for as long as this
        // handle exists; that of an untyped frame is reached by readers and
        // writers alone.
        unsafe { VmReader::from_raw(P::page(self.start_paddr()), PAGE_SIZE) }
    }

    fn writer(&self) -> VmWriter<'_> {
        // SAFETY: as for the reader.
        unsafe { VmWriter::from_raw(P::page(self.start_paddr()), PAGE_SIZE) }
    }
}

impl<M: AnyUFrameMeta + ?Sized, P: Platform> UntypedMem for UniqueFrame<M, P> {
    fn reader(&self) -> VmReader<'_> {
        // SAFETY: as for `Frame`.
        unsafe { VmReader::from_raw(P::page(self.start_paddr()), PAGE_SIZE) }
    }

    fn writer(&self) -> VmWriter<'_> {
        // SAFETY: as for `Frame`.
        unsafe { VmWriter::from_raw(P::page(self.start_paddr()), PAGE_SIZE) }
    }
}

impl<M: AnyUFrameMeta + ?Sized, P: Platform> UntypedMem for Segment<M, P> {
    fn reader(&self) -> VmReader<'_> {
        // SAFETY: as for `Frame`; the pages follow one another.
        unsafe { VmReader::from_raw(first_byte(self), self.size()) }
    }

    fn writer(&self) -> VmWriter<'_> {
        // SAFETY: as for `Frame`; the pages follow one another.
        unsafe { VmWriter::from_raw(first_byte(self), self.size()) }
    }
}

/// Where the bytes of a segment begin.
fn first_byte<M: AnyUFrameMeta + ?Sized, P: Platform>(segment: &Segment<M, P>) -> *mut u8 {
    if segment.is_empty() {
        // There may be no page at its address.
        NonNull::<u64>::dangling().as_ptr().cast()
    } else {
        P::page(segment.start_paddr())
    }
}

impl<M: AnyUFrameMeta, P: Platform> From<Frame<M, P>> for UFrame<P> {
    #[inline]
    fn from(frame: Frame<M, P>) -> Self {
        // SAFETY: the same handle; `M` is untyped.
        unsafe { Self::from_slot(frame.into_slot()) }
    }
}

impl<P: Platform> From<UFrame<P>> for Frame<dyn AnyFrameMeta, P> {
    #[inline]
    fn from(frame: UFrame<P>) -> Self {
        // SAFETY: the same handle; any metadata will do.
        unsafe { Self::from_slot(frame.into_slot()) }
    }
}

impl<P: Platform> TryFrom<Frame<dyn AnyFrameMeta, P>> for UFrame<P> {
    type Error = Frame<dyn AnyFrameMeta, P>;

    /// The untyped handle, or the same handle back if the frame is not untyped.
    fn try_from(frame: Frame<dyn AnyFrameMeta, P>) -> Result<Self, Self::Error> {
        if frame.dyn_meta().is_untyped() {
            // SAFETY: the same handle, and the page is plain bytes.
            Ok(unsafe { Self::from_slot(frame.into_slot()) })
        } else {
            Err(frame)
        }
    }
}

impl<M: AnyUFrameMeta, P: Platform> From<Segment<M, P>> for USegment<P> {
    #[inline]
    fn from(segment: Segment<M, P>) -> Self {
        // SAFETY: `M` is untyped.
        unsafe { segment.cast() }
    }
}

impl<P: Platform> From<USegment<P>> for Segment<dyn AnyFrameMeta, P> {
    #[inline]
    fn from(segment: USegment<P>) -> Self {
        // SAFETY: any metadata will do.
        unsafe { segment.cast() }
    }
}

impl<P: Platform> TryFrom<Segment<dyn AnyFrameMeta, P>> for USegment<P> {
    type Error = Segment<dyn AnyFrameMeta, P>;

    /// The untyped segment, or the same segment back unless every frame is
    /// untyped.
    fn try_from(segment: Segment<dyn AnyFrameMeta, P>) -> Result<Self, Self::Error> {
        let is_untyped = |frame: FrameRef<'_, _, _>| frame.dyn_meta().is_untyped();
        if segment.frames().all(is_untyped) {
            // SAFETY: just checked.
            Ok(unsafe { segment.cast() })
        } else {
            Err(segment)
        }
    }
}
