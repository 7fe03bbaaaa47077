//! What each transition starts from, checked in debug builds: from any other
//! state it panics. Those with two ends say which one they came to.

#![cfg(all(not(model), debug_assertions))]

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};

use common::{Region, aborts, frame, state, unused};
use meta_core::SlotState::{self, Busy, Overflow, Shared, Unique, Unused};
use meta_core::{Dropped, MetaSlot, Ownership, REF_COUNT_MAX, TryUnique};
use meta_core::{get_slot, impl_frame_meta_for};

struct Plain;
impl_frame_meta_for!(Plain);

/// Every state that a slot is in without an overflow.
const STATES: [SlotState; 5] = [Unused, Busy, Shared(1), Shared(2), Unique];

#[derive(Clone, Copy, Debug)]
enum Step {
    IncRefCount,
    DecRefCount,
    TryMakeUnique,
    Share,
    BeginUniqueDrop,
    BeginReset,
    DropLastInPlace,
}

use Step::*;

/// The transitions, and what each starts from: in words, and of the states above.
const STEPS: [(Step, &str, &[SlotState]); 7] = [
    (IncRefCount, "SHARED(n)", &[Shared(1), Shared(2)]),
    (DecRefCount, "SHARED(n)", &[Shared(1), Shared(2)]),
    (TryMakeUnique, "SHARED(n)", &[Shared(1), Shared(2)]),
    (Share, "UNIQUE", &[Unique]),
    (BeginUniqueDrop, "UNIQUE", &[Unique]),
    (BeginReset, "UNIQUE", &[Unique]),
    (DropLastInPlace, "BUSY", &[Busy]),
];

platform!(Mem = Region::new(unused(STATES.len() * STEPS.len())));

fn take(step: Step, slot: &MetaSlot) {
    // SAFETY: the handle concerned is counted and was never made. Where the
    // state is wrong there is none, which the step has to notice first.
    unsafe {
        match step {
            IncRefCount => slot.inc_ref_count::<Mem>(),
            DecRefCount => _ = slot.dec_ref_count(),
            TryMakeUnique => _ = slot.try_make_unique(),
            Share => slot.share(),
            BeginUniqueDrop => slot.begin_unique_drop(),
            BeginReset => slot.begin_reset(),
            DropLastInPlace => slot.drop_last_in_place::<Mem>(),
        }
    }
}

/// The slot of an unused frame, brought to `state` by right steps.
fn slot_in(state: SlotState, index: usize) -> &'static MetaSlot {
    let ownership = match state {
        Unused => return get_slot::<Mem>(frame(index)).unwrap(),
        Shared(_) => Ownership::Shared,
        _ => Ownership::Unique,
    };
    let slot = MetaSlot::get_from_unused::<Mem, _>(frame(index), Plain, ownership).unwrap();
    match state {
        Shared(n) => (1..n).for_each(|_| take(IncRefCount, slot)),
        Busy => take(BeginReset, slot),
        _ => {}
    }
    assert_eq!(slot.snapshot(), state);
    slot
}

#[test]
fn a_transition_starts_from_its_states_alone() {
    let mut index = 0;
    for (step, expected, right) in STEPS {
        for from in STATES {
            let slot = slot_in(from, index);
            index += 1;
            let end = catch_unwind(AssertUnwindSafe(|| take(step, slot)));
            let said = end
                .err()
                .map(|payload| *payload.downcast::<String>().unwrap());
            let wrong = format!("the slot is {from} where a transition starts from {expected}");
            let wrong = (!right.contains(&from)).then_some(wrong);
            assert_eq!(said, wrong, "{step:?} from {from}");
        }
    }
}

#[test]
fn an_overflow_is_a_start_for_those_who_share() {
    platform!(Full = Region::new(vec![MetaSlot::new_in_use(Plain, Shared(REF_COUNT_MAX))]));
    let slot = get_slot::<Full>(frame(0)).unwrap();
    // SAFETY: handles that are counted and were never made.
    unsafe {
        assert!(aborts(|| slot.inc_ref_count::<Full>()));
        assert_eq!(slot.snapshot(), Overflow(REF_COUNT_MAX + 1));
        assert!(aborts(|| slot.inc_ref_count::<Full>()));
        assert_eq!(slot.try_make_unique(), TryUnique::Shared);
        assert_eq!(slot.dec_ref_count(), Dropped::Kept);
    }
    assert_eq!(state::<Full>(frame(0)), Overflow(REF_COUNT_MAX + 1));
}

#[test]
fn the_last_handle_and_the_only_one_are_told() {
    platform!(Two = Region::new(vec![MetaSlot::new_in_use(Plain, Shared(3))]));
    let slot = get_slot::<Two>(frame(0)).unwrap();
    // SAFETY: handles that are counted and were never made.
    unsafe {
        assert_eq!(slot.dec_ref_count(), Dropped::Kept);
        assert_eq!(slot.try_make_unique(), TryUnique::Shared);
        assert_eq!(slot.dec_ref_count(), Dropped::Kept);
        assert_eq!(slot.try_make_unique(), TryUnique::Unique);
        assert_eq!(slot.snapshot(), Unique);
        slot.share();
        assert_eq!(slot.dec_ref_count(), Dropped::Last);
    }
    assert_eq!(slot.snapshot(), Busy);
}
