//! `from_in_use`: a shared frame gets one handle more, which sees the metadata
//! of its generation; any other frame stays as it was.

#![cfg(not(model))]

mod common;

use std::mem::forget;
use std::sync::Barrier;

use common::{Log, Other, Region, Watched, frame, states, unused, value_of};
use meta_core::GetFrameError::{self, NotAligned, OutOfBound};
use meta_core::SlotState::{self, Busy, Shared, Unused};
use meta_core::{AnyFrameMeta, Frame, MetaSlot, UniqueFrame, VmReader};

#[test]
fn a_lookup_counts_one_handle_more() {
    platform!(Mem = Region::new(unused(3)));
    let log = Log::default();
    let first = Frame::<_, Mem>::from_unused(frame(2), Watched::new(&log, 7)).unwrap();
    let second = Frame::<_, Mem>::from_in_use(frame(2)).unwrap();
    assert_eq!(states::<Mem>(), [Unused, Unused, Shared(2)]);
    assert_eq!(second.start_paddr(), frame(2));
    let third = Frame::<_, Mem>::from_in_use(frame(2)).unwrap();
    assert_eq!(states::<Mem>(), [Unused, Unused, Shared(3)]);
    drop((first, second));
    assert_eq!(states::<Mem>(), [Unused, Unused, Shared(1)]);
    assert_eq!(value_of(third.dyn_meta()), 7);
    assert!(log.take().is_empty());
    drop(third);
    assert_eq!(log.take(), ["on_drop 7", "destroy 7"]);
}

/// So often that one is in the way of the other now and then.
#[test]
fn lookups_at_once_are_all_counted() {
    platform!(Mem = Region::new(unused(1)));
    const ROUNDS: usize = if cfg!(miri) { 50 } else { 3_000_000 };
    let log = Log::default();
    let first = Frame::<_, Mem>::from_unused(frame(0), Watched::new(&log, 7)).unwrap();
    let barrier = Barrier::new(2);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                barrier.wait();
                for _ in 0..ROUNDS {
                    forget(Frame::<_, Mem>::from_in_use(frame(0)).unwrap());
                }
            });
        }
    });
    assert_eq!(first.reference_count(), 1 + 2 * ROUNDS as u64);
    forget(first);
}

#[test]
fn a_lookup_sees_the_metadata_of_its_own_generation() {
    platform!(Mem = Region::new(unused(1)));
    let log = Log::default();
    let found = || Frame::<_, Mem>::from_in_use(frame(0)).unwrap();

    let first = Frame::<_, Mem>::from_unused(frame(0), Watched::new(&log, 1)).unwrap();
    assert_eq!(value_of(found().dyn_meta()), 1);
    assert!(!found().dyn_meta().is_untyped());
    drop(first);
    let second = Frame::<_, Mem>::from_unused(frame(0), Other(Watched::new(&log, 2))).unwrap();
    assert_eq!(value_of(found().dyn_meta()), 2);
    assert!(found().dyn_meta().is_untyped());
    drop(second);
}

#[test]
fn a_failed_lookup_names_the_state_and_changes_nothing() {
    platform!(Mem = Region::new(unused(4)));
    let log = Log::default();
    let shared = Frame::<_, Mem>::from_unused(frame(0), Watched::new(&log, 0)).unwrap();
    let owned = UniqueFrame::<_, Mem>::from_unused(frame(1), Watched::new(&log, 1)).unwrap();
    let before = states::<Mem>();
    assert_eq!(before, [Shared(1), SlotState::Unique, Unused, Unused]);

    for (paddr, error) in [
        (frame(1), GetFrameError::Unique),
        (frame(2), GetFrameError::Unused),
        (frame(2) + 1, NotAligned),
        (frame(4), OutOfBound),
    ] {
        let found = Frame::<_, Mem>::from_in_use(paddr);
        assert_eq!(found.unwrap_err(), error);
        assert_eq!(states::<Mem>(), before);
    }
    assert_eq!((shared.meta().value, owned.meta().value), (0, 1));
    assert!(log.take().is_empty());
    assert!(Mem::take_freed().is_empty());
}

platform!(Own = Region::new(unused(2)));

/// Looks its own frame up in `on_drop` and in the destructor.
struct Seeks(Log);

impl Seeks {
    fn seek(&self) {
        let found = Frame::<_, Own>::from_in_use(frame(1));
        self.0.note(format!("{:?}", found.unwrap_err()));
        assert_eq!(states::<Own>(), [Unused, Busy]);
    }
}

// SAFETY: the page is not read, and it is not said to be untyped.
unsafe impl AnyFrameMeta for Seeks {
    unsafe fn on_drop(&mut self, _: &mut VmReader<'_>) {
        self.seek();
    }
}

impl Drop for Seeks {
    fn drop(&mut self) {
        self.seek();
    }
}

#[test]
fn metadata_that_looks_up_its_own_frame_finds_it_busy() {
    let log = Log::default();
    let shared = || Frame::<_, Own>::from_unused(frame(1), Seeks(log.clone())).unwrap();
    let unique = || UniqueFrame::<_, Own>::from_unused(frame(1), Seeks(log.clone())).unwrap();

    drop(shared());
    assert_eq!(log.take(), ["Busy", "Busy"]);
    drop(unique());
    assert_eq!(log.take(), ["Busy", "Busy"]);
    unique().reset_as_unused();
    assert_eq!(log.take(), ["Busy", "Busy"]);
    assert_eq!(states::<Own>(), [Unused, Unused]);
}

#[test]
fn a_slot_looked_up_without_a_handle_stays_counted() {
    platform!(Mem = Region::new(unused(1)));
    let log = Log::default();
    let first = Frame::<_, Mem>::from_unused(frame(0), Watched::new(&log, 1)).unwrap();
    let slot = MetaSlot::get_from_in_use::<Mem>(frame(0)).unwrap();
    assert_eq!(slot.reference_count(), 2);
    drop(first);
    assert_eq!(states::<Mem>(), [Shared(1)]);
    assert!(log.take().is_empty());
}
