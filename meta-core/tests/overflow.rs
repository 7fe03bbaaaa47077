//! The number of handles never passes `REF_COUNT_MAX`: one more aborts.

#![cfg(not(model))]

mod common;

use std::mem::{ManuallyDrop, forget};

use common::{Log, Other, Region, Watched, aborts, frame, state, states, unused};
use meta_core::SlotState::{Overflow, Shared, Unused};
use meta_core::{Frame, MetaSlot, Platform, REF_COUNT_MAX};

fn crowded(handles: u64) -> Vec<MetaSlot> {
    let metadata = Watched::new(&Log::default(), 7);
    let mut slots = unused(1);
    slots.push(MetaSlot::new_in_use(metadata, Shared(handles)));
    slots
}

/// One of the handles that the slot of frame 1 counts from the start.
fn handle<P: Platform>() -> ManuallyDrop<Frame<Watched, P>> {
    // SAFETY: counted, and never dropped.
    ManuallyDrop::new(unsafe { Frame::from_raw(frame(1)) })
}

#[test]
fn a_clone_past_the_greatest_count_aborts() {
    platform!(Mem = Region::new(crowded(REF_COUNT_MAX)));
    let handle = handle::<Mem>();
    assert!(aborts(|| Frame::clone(&handle)));
    // Seen only between the increment and the abort: this one unwound.
    assert_eq!(states::<Mem>(), [Unused, Overflow(REF_COUNT_MAX + 1)]);
    // Whoever comes in that window aborts as well.
    assert!(aborts(|| Frame::clone(&handle)));
    assert!(aborts(|| Frame::<_, Mem>::from_in_use(frame(1))));
    assert_eq!(state::<Mem>(frame(1)), Overflow(REF_COUNT_MAX + 2));
}

#[test]
fn a_lookup_past_the_greatest_count_aborts_and_changes_nothing() {
    platform!(Mem = Region::new(crowded(REF_COUNT_MAX)));
    assert!(aborts(|| Frame::<_, Mem>::from_in_use(frame(1))));
    assert_eq!(states::<Mem>(), [Unused, Shared(REF_COUNT_MAX)]);
}

#[test]
fn the_greatest_count_is_reached_by_clone() {
    platform!(Mem = Region::new(crowded(REF_COUNT_MAX - 1)));
    let handle = handle::<Mem>();
    assert!(!aborts(|| Frame::clone(&handle)));
    assert_eq!(states::<Mem>(), [Unused, Shared(REF_COUNT_MAX)]);
}

#[test]
fn the_greatest_count_is_reached_by_lookup() {
    platform!(Mem = Region::new(crowded(REF_COUNT_MAX - 1)));
    assert!(!aborts(|| Frame::<_, Mem>::from_in_use(frame(1))));
    assert_eq!(states::<Mem>(), [Unused, Shared(REF_COUNT_MAX)]);
}

#[test]
fn at_the_greatest_count_a_drop_makes_room_again() {
    platform!(Mem = Region::new(crowded(REF_COUNT_MAX)));
    drop(ManuallyDrop::into_inner(handle::<Mem>()));
    assert_eq!(states::<Mem>(), [Unused, Shared(REF_COUNT_MAX - 1)]);
    forget(Frame::<_, Mem>::from_in_use(frame(1)).unwrap());
    assert_eq!(states::<Mem>(), [Unused, Shared(REF_COUNT_MAX)]);
}

#[test]
fn other_operations_do_not_look_for_the_overflow() {
    platform!(Mem = Region::new(crowded(REF_COUNT_MAX)));
    let handle = handle::<Mem>();
    assert!(!aborts(|| {
        assert_eq!(handle.reference_count(), REF_COUNT_MAX);
        assert_eq!(handle.meta().value, 7);
        let claim = Frame::<_, Mem>::from_unused(frame(1), Other(Watched::new(&Log::default(), 8)));
        assert!(claim.is_err());
    }));
    assert_eq!(states::<Mem>(), [Unused, Shared(REF_COUNT_MAX)]);
}
