//! What can be the metadata of a frame, and the table that a slot keeps of it.

use core::any::TypeId;

use super::page::PageReader;

/// The greatest size of metadata, in bytes.
pub const META_MAX_SIZE: usize = 48;

/// The greatest alignment of metadata, in bytes.
pub const META_MAX_ALIGN: usize = 64;

/// Metadata of a frame.
///
/// # Safety
///
/// [`on_drop`](Self::on_drop) reads the page only if nothing else writes to it
/// after the last handle is gone. [`UNTYPED`](Self::UNTYPED) is true only if the
/// page holds plain bytes.
pub unsafe trait FrameMeta: Send + Sync + Sized + 'static {
    /// Whether the page is memory of user space.
    const UNTYPED: bool = false;

    /// Called once, before the metadata is dropped and the frame given back.
    ///
    /// # Safety
    ///
    /// The caller is about to drop it.
    unsafe fn on_drop(&mut self, page: &mut PageReader<'_>) {
        let _ = page;
    }
}

/// Metadata of a type that a handle does not know.
#[derive(Debug)]
pub enum Opaque {}

/// What a slot remembers of the type of its metadata.
pub(super) struct Vtable {
    pub(super) type_id: fn() -> TypeId,
    pub(super) untyped: bool,
    pub(super) on_drop: unsafe fn(*mut u8, &mut PageReader<'_>),
    pub(super) drop: unsafe fn(*mut u8),
}

impl Vtable {
    pub(super) const fn of<M: FrameMeta>() -> &'static Self {
        const {
            assert!(size_of::<M>() <= META_MAX_SIZE, "metadata is too large");
            assert!(
                align_of::<M>() <= META_MAX_ALIGN,
                "metadata is aligned too much"
            );
            &Vtable {
                type_id: TypeId::of::<M>,
                untyped: M::UNTYPED,
                // SAFETY: the pointer is to an `M` about to be dropped, as is promised by
                // whoever calls what a table holds.
                on_drop: |meta, page| unsafe { (*meta.cast::<M>()).on_drop(page) },
                // SAFETY: as above.
                drop: |meta| unsafe { meta.cast::<M>().drop_in_place() },
            }
        }
    }

    pub(super) fn is<M: FrameMeta>(&self) -> bool {
        (self.type_id)() == TypeId::of::<M>()
    }
}
