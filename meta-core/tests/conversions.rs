//! Typed and dynamic handles, both ways: the same handle, counted once, and
//! back again unchanged when the type is another.

#![cfg(not(model))]

mod common;

use common::{Log, Other, Region, Watched, frame, states, unused, value_of};
use meta_core::SlotState::{Shared, Unique};
use meta_core::{AnyFrameMeta, Frame, FrameRef, UniqueFrame};

#[test]
fn a_shared_handle_forgets_its_type_and_finds_it_again() {
    platform!(Mem = Region::new(unused(1)));
    let log = Log::default();
    let typed = Frame::<_, Mem>::from_unused(frame(0), Watched::new(&log, 7)).unwrap();

    let dynamic = Frame::<dyn AnyFrameMeta, Mem>::from(typed);
    assert_eq!(states::<Mem>(), [Shared(1)]);
    assert_eq!(dynamic.start_paddr(), frame(0));
    assert_eq!(value_of(dynamic.dyn_meta()), 7);

    let dynamic = Frame::<Other, Mem>::try_from(dynamic).unwrap_err();
    assert_eq!(states::<Mem>(), [Shared(1)]);
    assert_eq!(dynamic.start_paddr(), frame(0));
    assert_eq!(value_of(dynamic.dyn_meta()), 7);

    let typed = Frame::<Watched, Mem>::try_from(dynamic).unwrap();
    assert_eq!(states::<Mem>(), [Shared(1)]);
    assert_eq!(typed.start_paddr(), frame(0));
    assert_eq!(typed.meta().value, 7);
    assert!(log.take().is_empty());
    drop(typed);
    assert_eq!(log.take(), ["on_drop 7", "destroy 7"]);
}

#[test]
fn a_unique_handle_forgets_its_type_and_finds_it_again() {
    platform!(Mem = Region::new(unused(1)));
    let log = Log::default();
    let typed = UniqueFrame::<_, Mem>::from_unused(frame(0), Watched::new(&log, 7)).unwrap();

    let dynamic = UniqueFrame::<dyn AnyFrameMeta, Mem>::from(typed);
    assert_eq!(states::<Mem>(), [Unique]);
    assert_eq!(value_of(dynamic.dyn_meta()), 7);

    let dynamic = UniqueFrame::<Other, Mem>::try_from(dynamic).unwrap_err();
    assert_eq!(states::<Mem>(), [Unique]);
    assert_eq!(value_of(dynamic.dyn_meta()), 7);

    let typed = UniqueFrame::<Watched, Mem>::try_from(dynamic).unwrap();
    assert_eq!(states::<Mem>(), [Unique]);
    assert_eq!(typed.start_paddr(), frame(0));
    assert_eq!(typed.meta().value, 7);
    assert!(log.take().is_empty());
    drop(typed);
    assert_eq!(log.take(), ["on_drop 7", "destroy 7"]);
}

#[test]
fn a_borrowed_handle_forgets_its_type_and_finds_it_again() {
    platform!(Mem = Region::new(unused(1)));
    let log = Log::default();
    let shared = Frame::<_, Mem>::from_unused(frame(0), Watched::new(&log, 7)).unwrap();

    let dynamic = FrameRef::<dyn AnyFrameMeta, Mem>::from(shared.borrow());
    assert_eq!(value_of(dynamic.dyn_meta()), 7);
    let dynamic = FrameRef::<Other, Mem>::try_from(dynamic).unwrap_err();
    assert_eq!(dynamic.start_paddr(), frame(0));
    let typed = FrameRef::<Watched, Mem>::try_from(dynamic).unwrap();
    assert_eq!(typed.meta().value, 7);
    assert_eq!(states::<Mem>(), [Shared(1)]);
    assert!(log.take().is_empty());
}

#[test]
fn a_dynamic_handle_is_shared_and_owned_like_a_typed_one() {
    platform!(Mem = Region::new(unused(1)));
    let log = Log::default();
    let owned = UniqueFrame::<_, Mem>::from_unused(frame(0), Watched::new(&log, 7)).unwrap();
    let shared = Frame::from(UniqueFrame::<dyn AnyFrameMeta, Mem>::from(owned));
    assert_eq!(states::<Mem>(), [Shared(1)]);
    let clone = shared.clone();
    assert_eq!(clone.reference_count(), 2);
    drop(shared);
    let owned = UniqueFrame::try_from(clone).unwrap();
    assert!(UniqueFrame::<Watched, Mem>::try_from(owned).is_ok());
}
