//! Metadata of every size and alignment that fits.

#![cfg(not(model))]

mod common;

use std::ptr;

use common::{Region, frame, states, unused};
use meta_core::SlotState::{Shared, Unused};
use meta_core::{
    AnyFrameMeta, FRAME_METADATA_MAX_ALIGN, FRAME_METADATA_MAX_SIZE, Frame, MetaSlot, SlotState,
    UniqueFrame, frame_to_meta, get_slot, impl_frame_meta_for,
};

struct Nothing;
struct Byte(u8);
struct Full([u8; FRAME_METADATA_MAX_SIZE]);
struct FullWords([u64; 5]);
#[repr(align(32))]
struct Wide([u8; 32]);
#[repr(align(64))]
struct MostAligned;

impl_frame_meta_for!(Nothing, Byte, Full, FullWords, Wide);
impl_frame_meta_for!(MostAligned);

/// Stores `metadata` through each kind of handle and reads it back.
macro_rules! stores {
    ($metadata:expr, $meta:ty, $read:expr) => {{
        platform!(Mem = Region::new(unused(3)));
        let shared = Frame::<$meta, Mem>::from_unused(frame(1), $metadata).unwrap();
        let meta: *const $meta = shared.meta();
        assert!(meta.is_aligned());
        // A slot pointer is a metadata pointer.
        assert_eq!(meta.addr(), frame_to_meta::<Mem>(frame(1)).addr());
        assert!(ptr::addr_eq(meta, ptr::from_ref(shared.dyn_meta())));
        assert_eq!($read(shared.meta()), $read(&$metadata));
        assert_eq!(size_of_val(shared.dyn_meta()), size_of::<$meta>());
        assert_eq!(align_of_val(shared.dyn_meta()), align_of::<$meta>());
        // Neither neighbour, nor the slot's own words behind the metadata.
        assert_eq!(states::<Mem>(), [Unused, Shared(1), Unused]);

        let mut owned = UniqueFrame::try_from(shared).unwrap();
        *owned.meta_mut() = $metadata;
        assert_eq!($read(owned.meta()), $read(&$metadata));
        assert_eq!(states::<Mem>(), [Unused, SlotState::Unique, Unused]);
        assert!(
            Frame::<$meta, Mem>::try_from(Frame::<dyn AnyFrameMeta, Mem>::from(Frame::from(owned)))
                .is_ok()
        );
        assert_eq!(Mem::take_freed(), [frame(1)]);
    }};
}

#[test]
fn metadata_of_no_size_is_stored() {
    stores!(Nothing, Nothing, |_: &Nothing| ());
}

#[test]
fn small_metadata_is_stored() {
    stores!(Byte(0xa5), Byte, |meta: &Byte| meta.0);
}

#[test]
fn metadata_of_the_greatest_size_is_stored() {
    assert_eq!(size_of::<Full>(), FRAME_METADATA_MAX_SIZE);
    stores!(Full([0xff; 40]), Full, |meta: &Full| meta.0);
    stores!(FullWords([u64::MAX; 5]), FullWords, |meta: &FullWords| meta
        .0);
}

#[test]
fn metadata_of_the_greatest_alignment_is_stored() {
    assert_eq!(align_of::<MostAligned>(), FRAME_METADATA_MAX_ALIGN);
    stores!(MostAligned, MostAligned, |_: &MostAligned| ());
    stores!(Wide([0x5a; 32]), Wide, |meta: &Wide| meta.0);
}

#[test]
fn a_slot_says_where_its_metadata_and_its_words_are() {
    platform!(Mem = Region::new(unused(2)));
    let shared = Frame::<_, Mem>::from_unused(frame(1), Full([0; 40])).unwrap();
    let metadata = ptr::from_ref(shared.meta()).addr();
    let fields = get_slot::<Mem>(frame(1)).unwrap().field_addresses();
    let expected = [
        ("storage", 0),
        ("ref_count", 40),
        ("vtable_ptr", 48),
        ("in_list", 56),
    ];
    assert_eq!(fields.map(|(name, at)| (name, at - metadata)), expected);
}

#[test]
fn a_frame_of_plain_bytes_says_so() {
    struct Plain;
    // SAFETY: the page holds bytes and nothing else, and `on_drop` reads none.
    unsafe impl AnyFrameMeta for Plain {
        fn is_untyped(&self) -> bool {
            true
        }
    }
    platform!(Mem = Region::new(unused(2)));
    let plain = Frame::<_, Mem>::from_unused(frame(0), Plain).unwrap();
    let typed = Frame::<_, Mem>::from_unused(frame(1), Byte(0)).unwrap();
    assert!(plain.dyn_meta().is_untyped());
    assert!(!typed.dyn_meta().is_untyped());
}

#[test]
fn a_slot_can_be_in_use_from_the_start() {
    platform!(
        Mem = Region::new(vec![
            MetaSlot::new_in_use(Byte(1), Shared(2)),
            MetaSlot::new_in_use(Byte(2), SlotState::Unique),
        ])
    );
    assert_eq!(states::<Mem>(), [Shared(2), SlotState::Unique]);
    let found = Frame::<_, Mem>::from_in_use(frame(0)).unwrap();
    assert_eq!(Frame::<Byte, Mem>::try_from(found).unwrap().meta().0, 1);
    // SAFETY: made with this metadata, and without a handle so far.
    let owned = unsafe { UniqueFrame::<Byte, Mem>::from_raw(frame(1)) };
    assert_eq!(owned.meta().0, 2);
}

#[test]
fn a_slot_in_another_state_holds_no_metadata_from_the_start() {
    for state in [
        SlotState::Unused,
        SlotState::Busy,
        Shared(0),
        Shared(meta_core::REF_COUNT_MAX + 1),
        SlotState::Overflow(meta_core::REF_COUNT_MAX + 1),
    ] {
        let made = std::panic::catch_unwind(|| MetaSlot::new_in_use(Byte(1), state));
        assert!(made.is_err(), "{state}");
    }
}
