//! Debug output names frames and states, in every state, and never touches
//! metadata. States, sites, operations and errors have their words.

#![cfg(not(model))]

mod common;

use common::{Log, Region, Watched, frame, unused};
use meta_core::ordering::{self, Operation};
use meta_core::{Frame, GetFrameError, Link, LinkedList, Segment, SlotState, UniqueFrame};
use meta_core::{get_slot, impl_frame_meta_for};

/// Not `Debug` itself.
struct Secret;
impl_frame_meta_for!(Secret);

#[test]
fn a_shared_handle_shows_its_frame_and_state() {
    platform!(Mem = Region::new(unused(3)));
    let shared = Frame::<_, Mem>::from_unused(frame(2), Secret).unwrap();
    let expected = "Frame { paddr: 0x2000, state: Shared(1) }";
    assert_eq!(format!("{shared:?}"), expected);
    assert_eq!(format!("{:?}", shared.borrow()), expected);
    let dynamic = Frame::<_, Mem>::from_in_use(frame(2)).unwrap();
    drop(shared);
    assert_eq!(format!("{dynamic:?}"), expected);
    assert_eq!(format!("{:?}", dynamic.dyn_meta()), "dyn AnyFrameMeta");
}

#[test]
fn a_unique_handle_shows_its_frame() {
    platform!(Mem = Region::new(unused(3)));
    let owned = UniqueFrame::<_, Mem>::from_unused(frame(1), Secret).unwrap();
    assert_eq!(format!("{owned:?}"), "UniqueFrame { paddr: 0x1000 }");
}

#[test]
fn a_segment_shows_its_range() {
    platform!(Mem = Region::new(unused(4)));
    let segment = Segment::<_, Mem>::from_unused(frame(1)..frame(3), |_| Secret).unwrap();
    assert_eq!(format!("{segment:?}"), "Segment { paddr: 0x1000..0x3000 }");
}

#[test]
fn a_list_shows_how_long_it_is_and_a_cursor_where_it_is() {
    platform!(Mem = Region::new(unused(3)));
    let mut list = LinkedList::<Secret, Mem>::new();
    for index in [2, 1] {
        let owned = UniqueFrame::from_unused(frame(index), Link::new(Secret)).unwrap();
        list.push_back(owned);
    }
    assert_eq!(format!("{list:?}"), "LinkedList { len: 2, .. }");
    let mut cursor = list.cursor_front_mut();
    let expected = "CursorMut { paddr: 0x2000, list: LinkedList { len: 2, .. } }";
    assert_eq!(format!("{cursor:?}"), expected);
    cursor.move_prev();
    let expected = "CursorMut { paddr: None, list: LinkedList { len: 2, .. } }";
    assert_eq!(format!("{cursor:?}"), expected);
    assert_eq!(format!("{:?}", Link::new(7)), "Link(7)");
}

#[test]
fn a_slot_shows_its_state_even_without_metadata() {
    platform!(Mem = Region::new(unused(1)));
    fn slot() -> String {
        format!("{:?}", get_slot::<Mem>(frame(0)).unwrap())
    }
    assert_eq!(slot(), "MetaSlot { state: Unused, .. }");
    let log = Log::default();
    let watched = Watched::new(&log, 1).at_destroy(|log| log.note(slot()));
    let owned = UniqueFrame::<_, Mem>::from_unused(frame(0), watched).unwrap();
    assert_eq!(slot(), "MetaSlot { state: Unique, .. }");
    drop(owned);
    assert_eq!(
        log.take(),
        ["on_drop 1", "destroy 1", "MetaSlot { state: Busy, .. }"]
    );
}

#[test]
fn states_have_the_names_of_the_protocol() {
    for (raw, state, name) in [
        (u64::MAX, SlotState::Unused, "UNUSED"),
        (u64::MAX - 1, SlotState::Unique, "UNIQUE"),
        (0, SlotState::Busy, "BUSY"),
        (1, SlotState::Shared(1), "SHARED(1)"),
        (
            i64::MAX as u64,
            SlotState::Shared(i64::MAX as u64),
            "SHARED(9223372036854775807)",
        ),
        (
            1 << 63,
            SlotState::Overflow(1 << 63),
            "OVERFLOW(9223372036854775808)",
        ),
        (
            u64::MAX - 2,
            SlotState::Overflow(u64::MAX - 2),
            "OVERFLOW(18446744073709551613)",
        ),
    ] {
        assert_eq!(SlotState::from_raw(raw), state);
        assert_eq!(state.to_raw(), raw);
        assert_eq!(state.to_string(), name);
    }
}

#[test]
fn sites_and_operations_have_the_names_of_the_table() {
    let site = ordering::DEC;
    assert_eq!(format!("{site}|{site:?}|{site:>4}"), "DEC|DEC| DEC");
    for (operation, name) in [
        (Operation::Load, "load"),
        (Operation::Store, "store"),
        (Operation::CasSuccess, "CAS"),
        (Operation::CasFailure, "CAS, failing"),
        (Operation::FetchAdd, "fetch_add"),
        (Operation::FetchSub, "fetch_sub"),
        (Operation::Fence, "fence"),
    ] {
        assert_eq!(operation.to_string(), name);
    }
}

#[test]
fn errors_say_why_a_frame_could_not_be_had() {
    for (error, words) in [
        (GetFrameError::InUse, "the frame is in use"),
        (GetFrameError::Unused, "the frame is not in use"),
        (GetFrameError::Busy, "the frame is being built or torn down"),
        (GetFrameError::Unique, "the frame has a unique owner"),
        (
            GetFrameError::OutOfBound,
            "the address is past the end of physical memory",
        ),
        (GetFrameError::NotAligned, "the address is not page-aligned"),
    ] {
        assert_eq!(error.to_string(), words);
    }
}
