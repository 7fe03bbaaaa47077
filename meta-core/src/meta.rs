//! Metadata of any type, and the word in a slot that remembers which.

use core::any::Any;
use core::fmt;
use core::mem::{align_of, size_of};

use static_assertions::const_assert_eq;

use crate::platform::PAGE_SIZE;
use crate::reader::VmReader;

/// The size of a slot in bytes, in builds that ship.
pub const META_SLOT_SIZE: usize = 64;

/// The greatest size of a metadata type, in bytes: a slot less `ref_count`,
/// the vtable word and `in_list`.
pub const FRAME_METADATA_MAX_SIZE: usize =
    META_SLOT_SIZE - size_of::<u64>() - size_of::<MetaVtable>() - size_of::<u64>();

/// The greatest alignment of a metadata type, in bytes: metadata begins where
/// its slot begins.
pub const FRAME_METADATA_MAX_ALIGN: usize = META_SLOT_SIZE;

const_assert_eq!(PAGE_SIZE % META_SLOT_SIZE, 0);
const_assert_eq!(FRAME_METADATA_MAX_SIZE, 40);

/// Anything that can be the metadata of a frame.
///
/// [`impl_frame_meta_for!`](crate::impl_frame_meta_for) implements it for a
/// type that needs no `on_drop`.
///
/// # Safety
///
/// - [`on_drop`](Self::on_drop) reads the page only if nobody else writes its
///   bytes from the last handle to the end of the teardown, but as
///   [`VmWriter`](crate::VmWriter) writes them.
/// - [`is_untyped`](Self::is_untyped) may return `true` only if every byte of
///   the page is plain data, of no type, for as long as the frame has this
///   metadata, and reached only as [`AnyUFrameMeta`](crate::AnyUFrameMeta)
///   states.
///
#[cfg_attr(not(model), doc = "```")]
#[cfg_attr(model, doc = "```ignore (needs the real atomics)")]
/// # mod kernel { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/kernel.rs")); }
/// # use kernel::Kernel;
/// use meta_core::{AnyFrameMeta, FRAME_METADATA_MAX_ALIGN, FRAME_METADATA_MAX_SIZE};
/// use meta_core::{Frame, GetFrameError, META_SLOT_SIZE, PAGE_SIZE, Platform, VmReader};
///
/// /// Each entry that is not 0 is a forgotten handle to a page table below.
/// struct PageTable;
///
/// // SAFETY: the processor walks a page table only as long as there is a handle,
/// // and it is not untyped.
/// unsafe impl AnyFrameMeta for PageTable {
///     unsafe fn on_drop(&mut self, page: &mut VmReader<'_>) {
///         while let Some(entry) = page.read_val::<usize>() {
///             if entry != 0 {
///                 // SAFETY: the entries of this very page, and each once: the
///                 // handle that was forgotten for this one.
///                 drop(unsafe { Frame::<PageTable, Kernel>::from_raw(entry) });
///             }
///         }
///     }
/// }
///
/// // It has to fit beside what the slot needs itself.
/// assert!(size_of::<PageTable>() <= FRAME_METADATA_MAX_SIZE);
/// assert!(align_of::<PageTable>() <= FRAME_METADATA_MAX_ALIGN);
/// assert_eq!(META_SLOT_SIZE - FRAME_METADATA_MAX_SIZE, 24);
///
/// let child = Frame::<_, Kernel>::from_unused(PAGE_SIZE, PageTable)?;
/// let root = Frame::<_, Kernel>::from_unused(0, PageTable)?;
/// let entries = Kernel::page(root.start_paddr()).cast::<usize>();
/// // SAFETY: in the page of a page table that nobody walks yet.
/// unsafe { entries.add(7).write(child.into_raw()) };
///
/// // The page of the root is read, and its child is given up too.
/// drop(root);
/// assert_eq!(Frame::<_, Kernel>::from_in_use(PAGE_SIZE).unwrap_err(), GetFrameError::Unused);
/// # Ok::<(), GetFrameError>(())
/// ```
pub unsafe trait AnyFrameMeta: Any + Send + Sync {
    /// Called when the metadata's time is over: when the last handle is gone, or
    /// when the unique owner resets or repurposes the frame.
    ///
    /// The slot is Busy meanwhile (Unique while the frame is repurposed), so
    /// that looking up the frame itself fails. If this panics, the slot stays so
    /// for ever: the frame leaks, and the metadata is not dropped.
    ///
    /// # Safety
    ///
    /// This metadata is that of a frame, and `page` reads all the bytes of that
    /// frame, from the first one on. It is called once: afterwards the metadata
    /// is dropped, or is never used again.
    unsafe fn on_drop(&mut self, page: &mut VmReader<'_>) {
        let _ = page;
    }

    /// Whether the page holds plain bytes that anybody with a handle may read
    /// and write.
    fn is_untyped(&self) -> bool {
        false
    }
}

impl fmt::Debug for dyn AnyFrameMeta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("dyn AnyFrameMeta")
    }
}

/// Evaluated by the compiler for every `M` that is stored: a type that does
/// not fit does not compile.
pub(crate) const fn assert_fits<M>() {
    assert!(
        size_of::<M>() <= FRAME_METADATA_MAX_SIZE,
        "frame metadata is too large: FRAME_METADATA_MAX_SIZE is 40 bytes"
    );
    assert!(
        align_of::<M>() <= FRAME_METADATA_MAX_ALIGN,
        "frame metadata is over-aligned: FRAME_METADATA_MAX_ALIGN is 64 bytes"
    );
}

/// Makes types frame metadata, with no `on_drop`, and checks that they fit.
///
/// ```
/// struct PageTableNode { level: u8 }
/// meta_core::impl_frame_meta_for!(PageTableNode);
/// ```
#[macro_export]
macro_rules! impl_frame_meta_for {
    ($($meta:ty),+ $(,)?) => {$(
        // SAFETY: without an `on_drop` nothing reads the page, and it is not
        // declared to be untyped.
        unsafe impl $crate::AnyFrameMeta for $meta {}

        $crate::assert_frame_meta_fits!($meta);
    )+};
}

/// What the macros that implement metadata have in common.
#[doc(hidden)]
#[macro_export]
macro_rules! assert_frame_meta_fits {
    ($meta:ty) => {
        const _: () = {
            assert!(
                ::core::mem::size_of::<$meta>() <= $crate::FRAME_METADATA_MAX_SIZE,
                "frame metadata is too large: FRAME_METADATA_MAX_SIZE is 40 bytes"
            );
            assert!(
                ::core::mem::align_of::<$meta>() <= $crate::FRAME_METADATA_MAX_ALIGN,
                "frame metadata is over-aligned: FRAME_METADATA_MAX_ALIGN is 64 bytes"
            );
        };
    };
}

/// The vtable word: turns the thin pointer to a slot's storage into one that
/// knows the metadata's type.
///
/// A function rather than a vtable address, because stable Rust can neither
/// take a trait-object pointer apart nor put one together.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct MetaVtable(fn(*mut ()) -> *mut dyn AnyFrameMeta);

const_assert_eq!(size_of::<MetaVtable>(), 8);

impl MetaVtable {
    pub(crate) fn of<M: AnyFrameMeta>() -> Self {
        MetaVtable(|storage| storage.cast::<M>() as *mut dyn AnyFrameMeta)
    }

    pub(crate) fn attach(self, storage: *mut ()) -> *mut dyn AnyFrameMeta {
        (self.0)(storage)
    }
}
