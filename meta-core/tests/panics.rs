//! Metadata that panics on its way out: the frame leaks. Its slot stays Busy
//! for ever (Unique where it was to be repurposed), nothing is dropped twice,
//! and the allocator never gets the frame.

#![cfg(not(model))]

mod common;

use common::{Log, Other, Region, Watched, explode, explodes, frame, states, unused};
use meta_core::GetFrameError::{self, Busy, Unique};
use meta_core::SlotState::{self, Shared, Unused};
use meta_core::{Frame, Paddr, Platform, UniqueFrame};

/// Explodes in `on_drop`: its destructor must not run any more.
fn explodes_in_on_drop(log: &Log) -> Watched {
    Watched::new(log, 1).at_on_drop(|_, _| explode())
}

/// Explodes in the destructor.
fn explodes_in_destructor(log: &Log) -> Watched {
    Watched::new(log, 1).at_destroy(|_| explode())
}

type Explosive = (fn(&Log) -> Watched, &'static [&'static str]);

const EXPLOSIVES: [Explosive; 2] = [
    (explodes_in_on_drop, &["on_drop 1"]),
    (explodes_in_destructor, &["on_drop 1", "destroy 1"]),
];

/// Nobody can have the frame any more.
fn assert_out_of_reach<P: Platform>(paddr: Paddr, error: GetFrameError) {
    let log = Log::default();
    let claim = Frame::<_, P>::from_unused(paddr, Watched::new(&log, 0));
    assert_eq!(claim.unwrap_err(), error);
    let claim = UniqueFrame::<_, P>::from_unused(paddr, Watched::new(&log, 0));
    assert_eq!(claim.unwrap_err(), error);
    let found = Frame::<_, P>::from_in_use(paddr);
    assert_eq!(found.unwrap_err(), error);
}

/// `end` gives a frame up whose metadata explodes: frame 0 in `on_drop`, frame
/// 1 in the destructor.
fn leaks<P: Platform>(end: fn(UniqueFrame<Watched, P>)) {
    for (index, (explosive, expected)) in EXPLOSIVES.into_iter().enumerate() {
        let log = Log::default();
        let owned = UniqueFrame::from_unused(frame(index), explosive(&log)).unwrap();
        assert!(explodes(|| end(owned)));
        assert_eq!(log.take(), expected);
        assert_out_of_reach::<P>(frame(index), Busy);
        assert!(log.take().is_empty());
    }
    assert_eq!(states::<P>(), [SlotState::Busy, SlotState::Busy, Unused]);
}

#[test]
fn the_last_shared_handle_leaks_the_frame() {
    platform!(Mem = Region::new(unused(3)));
    leaks::<Mem>(|owned| drop(Frame::from(owned)));
    assert!(Mem::take_freed().is_empty());
}

#[test]
fn the_unique_handle_leaks_the_frame() {
    platform!(Mem = Region::new(unused(3)));
    leaks::<Mem>(drop);
    assert!(Mem::take_freed().is_empty());
}

#[test]
fn a_reset_leaks_the_frame() {
    platform!(Mem = Region::new(unused(3)));
    leaks::<Mem>(UniqueFrame::reset_as_unused);
    assert!(Mem::take_freed().is_empty());
}

#[test]
fn a_repurposed_frame_stays_unique_without_an_owner() {
    platform!(Mem = Region::new(unused(3)));
    for (index, (explosive, expected)) in EXPLOSIVES.into_iter().enumerate() {
        let (old, new) = (Log::default(), Log::default());
        let owned = UniqueFrame::<_, Mem>::from_unused(frame(index), explosive(&old)).unwrap();
        assert!(explodes(|| owned.repurpose(Other(Watched::new(&new, 2)))));
        assert_eq!(old.take(), expected);
        // The new metadata never was in the slot.
        assert_eq!(new.take(), ["destroy 2"]);
        assert_out_of_reach::<Mem>(frame(index), Unique);
        assert!(old.take().is_empty());
    }
    assert_eq!(
        states::<Mem>(),
        [SlotState::Unique, SlotState::Unique, Unused]
    );
    assert!(Mem::take_freed().is_empty());
}

#[test]
fn metadata_that_was_refused_may_panic_and_the_frame_is_as_before() {
    platform!(Mem = Region::new(unused(2)));
    let held = Log::default();
    let shared = Frame::<_, Mem>::from_unused(frame(0), Watched::new(&held, 0)).unwrap();
    let log = Log::default();
    assert!(explodes(|| {
        Frame::<_, Mem>::from_unused(frame(0), explodes_in_destructor(&log))
    }));
    assert_eq!(log.take(), ["destroy 1"]);
    assert_eq!(states::<Mem>(), [Shared(1), Unused]);
    assert_eq!(shared.meta().value, 0);
    assert!(held.take().is_empty());
}
