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
/// - [`on_drop`](Self::on_drop) may read the page only if its bytes are not
///   accessed by anybody else once no handle is left.
/// - [`is_untyped`](Self::is_untyped) may return `true` only if every byte of
///   the page is plain data, of no type, for as long as the frame has this
///   metadata, and reached only as [`AnyUFrameMeta`](crate::AnyUFrameMeta)
///   says.
///
/// ```
/// use meta_core::{AnyFrameMeta, FRAME_METADATA_MAX_ALIGN, FRAME_METADATA_MAX_SIZE};
/// use meta_core::{META_SLOT_SIZE, VmReader};
///
/// struct PageTable { entries_in_use: u16 }
///
/// // SAFETY: the processor walks a page table only as long as there is a handle,
/// // and it is not untyped.
/// unsafe impl AnyFrameMeta for PageTable {
///     fn on_drop(&mut self, page: &mut VmReader<'_>) {
///         # fn give_up_child(_: u64) {}
///         while let Some(entry) = page.read_val::<u64>() {
///             if entry & 1 != 0 {
///                 give_up_child(entry);
///                 self.entries_in_use -= 1;
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
/// let mut table = PageTable { entries_in_use: 1 };
/// let page = [0, 0x5001_u64, 0];
/// // SAFETY: the bytes of the array, which nobody else uses.
/// table.on_drop(&mut unsafe { VmReader::from_raw(page.as_ptr().cast(), 24) });
/// assert_eq!((table.entries_in_use, table.is_untyped()), (0, false));
/// ```
pub unsafe trait AnyFrameMeta: Any + Send + Sync {
    /// Called once when the metadata's time is over, before its destructor:
    /// when the last handle is gone, or when the unique owner resets or
    /// repurposes the frame.
    ///
    /// `page` reads the bytes of the frame. The slot is Busy meanwhile (Unique
    /// while the frame is repurposed), so that looking up the frame itself
    /// fails. If this panics, the slot stays so for ever: the frame leaks, and
    /// the metadata is not dropped.
    fn on_drop(&mut self, page: &mut VmReader<'_>) {
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
        // said to be untyped.
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
