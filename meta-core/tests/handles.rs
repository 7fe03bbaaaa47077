//! Handles as values: cloned, counted, forgotten and found again, borrowed.

#![cfg(not(model))]

mod common;

use common::{Log, Region, Watched, frame, states, unused, value_of};
use meta_core::SlotState::{Shared, Unique, Unused};
use meta_core::{AnyFrameMeta, Frame, FrameRef, PAGE_SIZE, UniqueFrame, get_slot};

#[test]
fn a_clone_is_one_handle_more_to_the_same_frame() {
    platform!(Mem = Region::new(unused(2)));
    let log = Log::default();
    let first = Frame::<_, Mem>::from_unused(frame(1), Watched::new(&log, 7)).unwrap();
    let second = first.clone();
    assert_eq!(states::<Mem>(), [Unused, Shared(2)]);
    assert_eq!(second.start_paddr(), frame(1));
    assert_eq!(second.size(), PAGE_SIZE);
    assert_eq!(second.meta().value, 7);
    assert!(std::ptr::eq(first.meta(), second.meta()));
    assert!(log.take().is_empty());
}

#[test]
fn the_reference_count_is_the_number_of_handles() {
    platform!(Mem = Region::new(unused(1)));
    let log = Log::default();
    let first = Frame::<_, Mem>::from_unused(frame(0), Watched::new(&log, 7)).unwrap();
    assert_eq!(first.reference_count(), 1);
    let second = first.clone();
    let third = Frame::<_, Mem>::from_in_use(frame(0)).unwrap();
    assert_eq!((second.reference_count(), third.reference_count()), (3, 3));
    assert_eq!(get_slot::<Mem>(frame(0)).unwrap().reference_count(), 3);
    drop((second, third));
    assert_eq!(first.reference_count(), 1);
    assert_eq!(states::<Mem>(), [Shared(1)]);
}

#[test]
fn a_forgotten_shared_handle_stays_counted_until_it_comes_back() {
    platform!(Mem = Region::new(unused(2)));
    let log = Log::default();
    let first = Frame::<_, Mem>::from_unused(frame(1), Watched::new(&log, 7)).unwrap();
    let paddr = first.clone().into_raw();
    assert_eq!(paddr, frame(1));
    assert_eq!(states::<Mem>(), [Unused, Shared(2)]);
    drop(first);
    assert_eq!(states::<Mem>(), [Unused, Shared(1)]);
    assert!(log.take().is_empty());

    // SAFETY: forgotten just above, once, with this metadata.
    let again = unsafe { Frame::<Watched, Mem>::from_raw(paddr) };
    assert_eq!(states::<Mem>(), [Unused, Shared(1)]);
    assert_eq!(again.start_paddr(), frame(1));
    assert_eq!(again.meta().value, 7);
    drop(again);
    assert_eq!(log.take(), ["on_drop 7", "destroy 7"]);
    assert_eq!(Mem::take_freed(), [frame(1)]);
}

#[test]
fn a_forgotten_unique_handle_stays_the_owner_until_it_comes_back() {
    platform!(Mem = Region::new(unused(2)));
    let log = Log::default();
    let owned = UniqueFrame::<_, Mem>::from_unused(frame(1), Watched::new(&log, 7)).unwrap();
    let paddr = owned.into_raw();
    assert_eq!(paddr, frame(1));
    assert_eq!(states::<Mem>(), [Unused, Unique]);
    assert!(log.take().is_empty());

    // SAFETY: forgotten just above, once; a dynamic handle fits any metadata.
    let again = unsafe { UniqueFrame::<dyn AnyFrameMeta, Mem>::from_raw(paddr) };
    assert_eq!(states::<Mem>(), [Unused, Unique]);
    assert_eq!(again.start_paddr(), frame(1));
    assert_eq!(again.size(), PAGE_SIZE);
    assert_eq!(value_of(again.dyn_meta()), 7);
    drop(again);
    assert_eq!(log.take(), ["on_drop 7", "destroy 7"]);
    assert_eq!(Mem::take_freed(), [frame(1)]);
}

#[test]
fn a_borrowed_frame_is_not_counted_and_its_clone_is() {
    platform!(Mem = Region::new(unused(1)));
    let log = Log::default();
    let shared = Frame::<_, Mem>::from_unused(frame(0), Watched::new(&log, 7)).unwrap();
    let borrowed = shared.borrow();
    assert_eq!(states::<Mem>(), [Shared(1)]);
    assert_eq!(borrowed.meta().value, 7);
    assert_eq!(borrowed.start_paddr(), frame(0));
    let again = FrameRef::clone(&borrowed);
    assert_eq!(states::<Mem>(), [Shared(1)]);
    let counted = Frame::clone(&again);
    assert_eq!(states::<Mem>(), [Shared(2)]);
    drop(counted);
    assert_eq!(states::<Mem>(), [Shared(1)]);
    assert!(log.take().is_empty());
    drop(shared);
    assert_eq!(log.take(), ["on_drop 7", "destroy 7"]);
}

#[test]
fn a_forgotten_frame_can_be_borrowed() {
    platform!(Mem = Region::new(unused(1)));
    let log = Log::default();
    let watched = Watched::new(&log, 7);
    let paddr = Frame::<_, Mem>::from_unused(frame(0), watched)
        .unwrap()
        .into_raw();
    {
        // SAFETY: the handle stays forgotten until below.
        let borrowed = unsafe { FrameRef::<Watched, Mem>::borrow_paddr(paddr) };
        assert_eq!(borrowed.meta().value, 7);
        assert_eq!(borrowed.reference_count(), 1);
    }
    assert_eq!(states::<Mem>(), [Shared(1)]);
    assert!(log.take().is_empty());
    // SAFETY: forgotten above, once, and no longer borrowed.
    drop(unsafe { Frame::<Watched, Mem>::from_raw(paddr) });
    assert_eq!(log.take(), ["on_drop 7", "destroy 7"]);
}

#[test]
fn handles_go_to_other_threads() {
    platform!(Mem = Region::new(unused(1)));
    let log = Log::default();
    let mut owned = UniqueFrame::<_, Mem>::from_unused(frame(0), Watched::new(&log, 7)).unwrap();
    let shared = std::thread::spawn(move || {
        owned.meta_mut().value = 8;
        Frame::from(owned)
    })
    .join()
    .unwrap();
    let value = std::thread::scope(|scope| scope.spawn(|| shared.meta().value).join().unwrap());
    assert_eq!(value, 8);
    std::thread::spawn(move || drop(shared)).join().unwrap();
    assert_eq!(log.take(), ["on_drop 8", "destroy 8"]);
    assert_eq!(Mem::take_freed(), [frame(0)]);
}
