//! Debug output names frames and states, in every state, and never touches
//! metadata.

#![cfg(not(model))]

mod common;

use common::{Log, Region, Watched, frame, unused};
use meta_core::{Frame, SlotState, UniqueFrame, get_slot, impl_frame_meta_for};

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
