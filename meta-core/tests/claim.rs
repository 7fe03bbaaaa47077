//! `from_unused`: an unused frame becomes Shared(1) or Unique and holds the
//! caller's metadata; any other frame stays as it was, and the metadata that
//! was given is dropped without `on_drop`.

#![cfg(not(model))]

mod common;

use common::{Log, Other, Region, Watched, frame, state, states, unused, value_of};
use meta_core::GetFrameError::{Busy, InUse, NotAligned, OutOfBound, Unique};
use meta_core::SlotState::{self, Shared, Unused};
use meta_core::{AnyFrameMeta, Frame, MetaSlot, Ownership, REF_COUNT_MAX, UniqueFrame, VmReader};

#[test]
fn a_claim_to_share_makes_one_handle() {
    platform!(Mem = Region::new(unused(3)));
    let log = Log::default();
    let claimed = Frame::<_, Mem>::from_unused(frame(1), Watched::new(&log, 7)).unwrap();
    assert_eq!(states::<Mem>(), [Unused, Shared(1), Unused]);
    assert_eq!(claimed.meta().value, 7);
    assert_eq!(claimed.start_paddr(), frame(1));
    assert!(log.take().is_empty());
    assert!(Mem::take_freed().is_empty());
}

#[test]
fn a_unique_claim_makes_the_owner() {
    platform!(Mem = Region::new(unused(3)));
    let log = Log::default();
    let claimed = UniqueFrame::<_, Mem>::from_unused(frame(1), Watched::new(&log, 7)).unwrap();
    assert_eq!(states::<Mem>(), [Unused, SlotState::Unique, Unused]);
    assert_eq!(claimed.meta().value, 7);
    assert_eq!(claimed.start_paddr(), frame(1));
    assert!(log.take().is_empty());
    assert!(Mem::take_freed().is_empty());
}

#[test]
fn a_frame_is_claimed_again_after_it_was_dropped() {
    platform!(Mem = Region::new(unused(1)));
    let log = Log::default();
    for generation in 0..3 {
        let claimed = Frame::<_, Mem>::from_unused(frame(0), Watched::new(&log, generation));
        assert_eq!(claimed.unwrap().meta().value, generation);
        let other = Other(Watched::new(&log, 10 + generation));
        let claimed = UniqueFrame::<_, Mem>::from_unused(frame(0), other);
        assert_eq!(claimed.unwrap().meta().0.value, 10 + generation);
    }
}

#[test]
fn a_failed_claim_changes_nothing_and_drops_the_metadata_without_on_drop() {
    platform!(Mem = Region::new(unused(4)));
    let log = Log::default();
    let held = Log::default();
    let shared = Frame::<_, Mem>::from_unused(frame(0), Watched::new(&held, 0)).unwrap();
    let second = shared.clone();
    let owned = UniqueFrame::<_, Mem>::from_unused(frame(1), Watched::new(&held, 1)).unwrap();
    let before = [Shared(2), SlotState::Unique, Unused, Unused];

    for (paddr, error) in [
        (frame(0), InUse),
        (frame(1), Unique),
        (frame(2) + 1, NotAligned),
        (frame(4), OutOfBound),
    ] {
        let result = Frame::<_, Mem>::from_unused(paddr, Watched::new(&log, 5));
        assert_eq!(result.unwrap_err(), error);
        assert_eq!(log.take(), ["destroy 5"]);
        let result = UniqueFrame::<_, Mem>::from_unused(paddr, Other(Watched::new(&log, 6)));
        assert_eq!(result.unwrap_err(), error);
        assert_eq!(log.take(), ["destroy 6"]);
        assert_eq!(states::<Mem>(), before);
    }

    // The metadata that was there is untouched too.
    assert_eq!((shared.meta().value, second.meta().value), (0, 0));
    assert_eq!(value_of(shared.dyn_meta()), 0);
    assert_eq!(owned.meta().value, 1);
    assert_eq!(value_of(owned.dyn_meta()), 1);
    assert!(held.take().is_empty());
    assert!(Mem::take_freed().is_empty());
}

platform!(Own = Region::new(unused(2)));

/// Claims its own frame while it is torn down.
struct Reclaims(Log);

// SAFETY: the page is not read, and it is not said to be untyped.
unsafe impl AnyFrameMeta for Reclaims {
    unsafe fn on_drop(&mut self, _: &mut VmReader<'_>) {
        assert_eq!(state::<Own>(frame(0)), SlotState::Busy);
        let claim = Frame::<_, Own>::from_unused(frame(0), Watched::new(&self.0, 8));
        self.0.note(format!("{:?}", claim.unwrap_err()));
        let claim = UniqueFrame::<_, Own>::from_unused(frame(0), Watched::new(&self.0, 9));
        self.0.note(format!("{:?}", claim.unwrap_err()));
        assert_eq!(states::<Own>(), [SlotState::Busy, Unused]);
    }
}

#[test]
fn a_claim_of_a_frame_being_torn_down_finds_it_busy() {
    let log = Log::default();
    drop(Frame::<_, Own>::from_unused(frame(0), Reclaims(log.clone())).unwrap());
    let busy = format!("{Busy:?}");
    assert_eq!(log.take(), ["destroy 8", &busy, "destroy 9", &busy]);
    assert_eq!(states::<Own>(), [Unused, Unused]);
}

#[test]
fn a_claim_does_not_look_for_an_overflow() {
    platform!(Mem = Region::new(vec![crowded()]));
    let log = Log::default();
    let result = Frame::<_, Mem>::from_unused(frame(0), Watched::new(&log, 5));
    assert_eq!(result.unwrap_err(), InUse);
    assert_eq!(states::<Mem>(), [Shared(REF_COUNT_MAX)]);
}

fn crowded() -> MetaSlot {
    let metadata = Watched::new(&Log::default(), 0);
    MetaSlot::new_in_use(metadata, Shared(REF_COUNT_MAX))
}

#[test]
fn a_slot_claimed_without_a_handle_stays_claimed() {
    platform!(Mem = Region::new(unused(2)));
    let log = Log::default();
    let metadata = Watched::new(&log, 1);
    let slot = MetaSlot::get_from_unused::<Mem, _>(frame(1), metadata, Ownership::Shared);
    assert_eq!(slot.unwrap().frame_paddr::<Mem>(), frame(1));
    drop(Frame::<_, Mem>::from_in_use(frame(1)).unwrap());
    assert_eq!(states::<Mem>(), [Unused, Shared(1)]);
    assert!(log.take().is_empty());
}
