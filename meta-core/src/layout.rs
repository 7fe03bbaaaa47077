//! What the compiler checks: sizes, offsets, auto traits and the order of the
//! constants. Nothing here exists at run time.

use core::mem::{align_of, offset_of, size_of};
use core::ptr::NonNull;

use static_assertions::{
    assert_eq_align, assert_eq_size, assert_impl_all, assert_not_impl_any, assert_obj_safe,
    const_assert, const_assert_eq,
};

use crate::frame::{Frame, FrameRef};
use crate::meta::{
    AnyFrameMeta, FRAME_METADATA_MAX_ALIGN, FRAME_METADATA_MAX_SIZE, META_SLOT_SIZE,
};
use crate::platform::{MaxPaddr, Paddr, Platform};
use crate::segment::Segment;
use crate::slot::MetaSlot;
use crate::state::{REF_COUNT_BUSY, REF_COUNT_UNIQUE, REF_COUNT_UNUSED};
use crate::sync::REF_COUNT_MAX;
use crate::unique::UniqueFrame;

/// Metadata and platform of the handles below.
enum Nothing {}

crate::impl_frame_meta_for!(Nothing);

// SAFETY: there is no end of physical memory to ask for, hence no frame, no
// slot and no page.
unsafe impl Platform for Nothing {
    fn slots() -> NonNull<MetaSlot> {
        NonNull::dangling()
    }
    fn max_paddr() -> &'static MaxPaddr {
        unreachable!()
    }
    fn page(_: Paddr) -> *mut u8 {
        unreachable!()
    }
    unsafe fn free_frame(_: Paddr) {
        unreachable!()
    }
    fn abort() -> ! {
        unreachable!()
    }
}

type Shared = Frame<Nothing, Nothing>;
type SharedDyn = Frame<dyn AnyFrameMeta, Nothing>;
type Owned = UniqueFrame<Nothing, Nothing>;
type OwnedDyn = UniqueFrame<dyn AnyFrameMeta, Nothing>;
type Row = Segment<Nothing, Nothing>;
type RowDyn = Segment<dyn AnyFrameMeta, Nothing>;
type Borrowed = FrameRef<'static, Nothing, Nothing>;
type BorrowedDyn = FrameRef<'static, dyn AnyFrameMeta, Nothing>;

// A slot is one cache line, in models too.
const_assert_eq!(META_SLOT_SIZE, 64);
const_assert_eq!(size_of::<MetaSlot>(), META_SLOT_SIZE);
const_assert_eq!(align_of::<MetaSlot>(), META_SLOT_SIZE);
const_assert_eq!(offset_of!(MetaSlot, ref_count), 40);
const_assert_eq!(offset_of!(MetaSlot, vtable_ptr), 48);
const_assert_eq!(offset_of!(MetaSlot, in_list), 56);

// The one number that differs in a model.
const_assert_eq!(
    REF_COUNT_MAX,
    if cfg!(model) { 16 } else { i64::MAX as u64 }
);

// A slot pointer is a metadata pointer.
const_assert_eq!(offset_of!(MetaSlot, storage), 0);
const_assert_eq!(FRAME_METADATA_MAX_SIZE, 40);
const_assert_eq!(FRAME_METADATA_MAX_ALIGN, 64);
const_assert!(align_of::<MetaSlot>() >= FRAME_METADATA_MAX_ALIGN);

// Busy, the handle counts, the overflow margin, and the two sentinels.
const_assert_eq!(REF_COUNT_BUSY, 0);
const_assert!(REF_COUNT_BUSY < 1 && 1 < REF_COUNT_MAX && REF_COUNT_MAX <= i64::MAX as u64);
const_assert!(REF_COUNT_MAX < REF_COUNT_UNIQUE && REF_COUNT_UNIQUE < REF_COUNT_UNUSED);
const_assert_eq!(REF_COUNT_UNIQUE, u64::MAX - 1);
const_assert_eq!(REF_COUNT_UNUSED, u64::MAX);

// A handle is one word, and so is the absence of one.
assert_eq_size!(Shared, Option<Shared>, *const ());
assert_eq_size!(SharedDyn, Option<SharedDyn>, *const ());
assert_eq_size!(Owned, Option<Owned>, *const ());
assert_eq_size!(OwnedDyn, Option<OwnedDyn>, *const ());
assert_eq_size!(Borrowed, Option<Borrowed>, *const ());
assert_eq_size!(BorrowedDyn, Option<BorrowedDyn>, *const ());
assert_eq_align!(
    Shared,
    SharedDyn,
    Owned,
    OwnedDyn,
    Borrowed,
    BorrowedDyn,
    *const ()
);

// A segment is two words.
assert_eq_size!(Row, RowDyn, [*const (); 2]);

// Any thread may hold a handle; the metadata is `Send + Sync` by its trait.
assert_impl_all!(MetaSlot: Send, Sync);
assert_impl_all!(dyn AnyFrameMeta: core::any::Any, Send, Sync);
assert_impl_all!(Shared: Send, Sync, Clone);
assert_impl_all!(SharedDyn: Send, Sync, Clone);
assert_impl_all!(Owned: Send, Sync);
assert_impl_all!(OwnedDyn: Send, Sync);
assert_impl_all!(Row: Send, Sync, Clone);
assert_impl_all!(RowDyn: Send, Sync, Clone);
assert_impl_all!(Borrowed: Send, Sync, Clone);
assert_impl_all!(BorrowedDyn: Send, Sync, Clone);
assert_obj_safe!(AnyFrameMeta);

// A unique handle is the only one, and no handle may be copied uncounted.
assert_not_impl_any!(Owned: Clone, Copy);
assert_not_impl_any!(OwnedDyn: Clone, Copy);
assert_not_impl_any!(Shared: Copy, core::ops::DerefMut);
assert_not_impl_any!(SharedDyn: Copy);
assert_not_impl_any!(Row: Copy);
assert_not_impl_any!(RowDyn: Copy);
assert_not_impl_any!(Borrowed: core::ops::DerefMut);
