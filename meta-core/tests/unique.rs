//! One owner: becoming it, changing the metadata and its type, and sharing it.

#![cfg(not(model))]

mod common;

use common::{Log, Other, Region, Watched, frame, states, unused, value_of};
use meta_core::SlotState::{Shared, Unique, Unused};
use meta_core::{AnyFrameMeta, Frame, GetFrameError, UniqueFrame};

#[test]
fn the_only_shared_handle_becomes_unique() {
    platform!(Mem = Region::new(unused(2)));
    let log = Log::default();
    let shared = Frame::<_, Mem>::from_unused(frame(0), Watched::new(&log, 7)).unwrap();
    let owned = UniqueFrame::try_from(shared).unwrap();
    assert_eq!(states::<Mem>(), [Unique, Unused]);
    assert_eq!(owned.start_paddr(), frame(0));
    assert_eq!(owned.meta().value, 7);
    assert!(log.take().is_empty());
}

#[test]
fn one_of_several_shared_handles_comes_back() {
    platform!(Mem = Region::new(unused(2)));
    let log = Log::default();
    let first = Frame::<_, Mem>::from_unused(frame(0), Watched::new(&log, 7)).unwrap();
    let second = first.clone();
    let first = UniqueFrame::try_from(first).unwrap_err();
    assert_eq!(states::<Mem>(), [Shared(2), Unused]);
    assert_eq!(first.start_paddr(), frame(0));
    assert_eq!(first.meta().value, 7);
    drop(second);
    assert!(UniqueFrame::try_from(first).is_ok());
}

#[test]
fn a_dynamic_handle_becomes_unique_too() {
    platform!(Mem = Region::new(unused(1)));
    let log = Log::default();
    let first = Frame::<_, Mem>::from_unused(frame(0), Watched::new(&log, 7)).unwrap();
    let found = Frame::<dyn AnyFrameMeta, Mem>::from_in_use(frame(0)).unwrap();
    let found = UniqueFrame::try_from(found).unwrap_err();
    drop(first);
    let owned = UniqueFrame::try_from(found).unwrap();
    assert_eq!(states::<Mem>(), [Unique]);
    assert_eq!(value_of(owned.dyn_meta()), 7);
}

#[test]
fn sharing_shows_what_the_owner_wrote() {
    platform!(Mem = Region::new(unused(2)));
    let log = Log::default();
    let mut owned = UniqueFrame::<_, Mem>::from_unused(frame(1), Watched::new(&log, 7)).unwrap();
    owned.meta_mut().value = 8;
    assert_eq!(owned.meta().value, 8);
    let shared = Frame::from(owned);
    assert_eq!(states::<Mem>(), [Unused, Shared(1)]);
    assert_eq!(shared.start_paddr(), frame(1));
    assert_eq!(shared.meta().value, 8);
    let found = Frame::<_, Mem>::from_in_use(frame(1)).unwrap();
    assert_eq!(value_of(found.dyn_meta()), 8);
    assert!(log.take().is_empty());
    assert!(Mem::take_freed().is_empty());
}

#[test]
fn the_metadata_can_be_changed_whatever_its_type() {
    platform!(Mem = Region::new(unused(1)));
    let log = Log::default();
    let owned = UniqueFrame::<_, Mem>::from_unused(frame(0), Watched::new(&log, 7)).unwrap();
    let mut owned = UniqueFrame::<dyn AnyFrameMeta, Mem>::from(owned);
    let meta: &mut dyn std::any::Any = owned.dyn_meta_mut();
    meta.downcast_mut::<Watched>().unwrap().value = 9;
    assert_eq!(value_of(owned.dyn_meta()), 9);
}

#[test]
fn a_repurposed_frame_ends_the_old_metadata_once_and_holds_the_new() {
    platform!(Mem = Region::new(unused(3)));
    let (old, new) = (Log::default(), Log::default());
    let watched = Watched::new(&old, 1).at_on_drop(|log, _| {
        // Unique throughout: no lookup succeeds, and nobody else claims it.
        let found = Frame::<dyn AnyFrameMeta, Mem>::from_in_use(frame(1));
        assert_eq!(found.unwrap_err(), GetFrameError::Unique);
        log.note(format!("{}", states::<Mem>()[1]));
    });
    let owned = UniqueFrame::<_, Mem>::from_unused(frame(1), watched).unwrap();
    let owned = owned.repurpose(Other(Watched::new(&new, 2)));

    assert_eq!(old.take(), ["on_drop 1", "UNIQUE", "destroy 1"]);
    assert!(new.take().is_empty());
    assert_eq!(states::<Mem>(), [Unused, Unique, Unused]);
    assert!(Mem::take_freed().is_empty());
    assert_eq!(owned.meta().0.value, 2);
    assert_eq!(owned.start_paddr(), frame(1));
    // By the new vtable.
    assert!(owned.dyn_meta().is_untyped());
    assert_eq!(value_of(owned.dyn_meta()), 2);

    drop(owned);
    assert_eq!(new.take(), ["on_drop 2", "destroy 2"]);
    assert!(old.take().is_empty());
    assert_eq!(Mem::take_freed(), [frame(1)]);
}

#[test]
fn a_frame_is_repurposed_to_the_same_type_and_from_a_dynamic_handle() {
    platform!(Mem = Region::new(unused(1)));
    let log = Log::default();
    let owned = UniqueFrame::<_, Mem>::from_unused(frame(0), Watched::new(&log, 1)).unwrap();
    let owned = owned.repurpose(Watched::new(&log, 2));
    assert_eq!(log.take(), ["on_drop 1", "destroy 1"]);
    let owned = UniqueFrame::<dyn AnyFrameMeta, Mem>::from(owned);
    let owned = owned.repurpose(Watched::new(&log, 3));
    assert_eq!(log.take(), ["on_drop 2", "destroy 2"]);
    assert_eq!(owned.meta().value, 3);
}

#[test]
fn a_reset_frame_can_be_claimed_at_once() {
    platform!(Mem = Region::new(unused(1)));
    let log = Log::default();
    let owned = UniqueFrame::<_, Mem>::from_unused(frame(0), Watched::new(&log, 1)).unwrap();
    owned.reset_as_unused();
    assert_eq!(states::<Mem>(), [Unused]);
    let claimed = Frame::<_, Mem>::from_unused(frame(0), Watched::new(&log, 2));
    assert_eq!(claimed.unwrap().meta().value, 2);
}
