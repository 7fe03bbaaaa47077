//! Which transitions an exploration reached: (state before, operation) to
//! (result, state after), in the specification's classes of states.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use meta_core::model::{self, Event, EventKind};
use meta_core::{REF_COUNT_UNIQUE, SlotState};
use pipe::Transition;
use programs::outcome::OpResult;
use programs::program::{Op, OpName};
use programs::spec::{self, Params};

thread_local! {
    /// Whether anybody wants to know, which is asked after every operation.
    static WANTED: Cell<bool> = const { Cell::new(false) };
    static SLOT_AT: Cell<fn(usize) -> Option<usize>> = const { Cell::new(|_| None) };
    static PARAMS: Cell<Params> = const { Cell::new(Params::MODEL) };
    static REACHED: RefCell<Option<BTreeSet<Transition>>> = const { RefCell::new(None) };
}

/// Starts to collect transitions, or stops.
pub(super) fn collect(on: bool, slot_at: fn(usize) -> Option<usize>, params: Params) {
    WANTED.set(on);
    SLOT_AT.set(slot_at);
    PARAMS.set(params);
    REACHED.replace(on.then(BTreeSet::new));
}

/// The transitions since [`collect`].
pub(super) fn take() -> BTreeSet<Transition> {
    REACHED.take().unwrap_or_default()
}

/// Adds the operation that this thread has just finished, unless it was
/// skipped; `now` says the newest state of its slot.
#[inline]
pub(super) fn finished(op: Op, result: &OpResult, now: impl FnOnce() -> spec::SlotState) {
    if WANTED.get() {
        add(op, *result, now());
    }
}

fn add(op: Op, result: OpResult, now: spec::SlotState) {
    if result == OpResult::Skipped || Transition::moves_handles(op.name) {
        return;
    }
    REACHED.with_borrow_mut(|reached| {
        if let Some(reached) = reached {
            let states = model::with_trace(|events| around(op, events, now));
            reached.insert(Transition::new(&PARAMS.get(), op.name, result, states));
        }
    });
}

/// The states at the step that decided the operation, and after its last step.
fn around(op: Op, events: &[Event], now: spec::SlotState) -> (spec::SlotState, spec::SlotState) {
    let me = model::current_thread();
    let slot_at = SLOT_AT.get();
    let of_operation = events
        .iter()
        .rev()
        .filter(|event| event.thread == me)
        // What is no slot's decides nothing.
        .filter(|event| event.address == 0 || slot_at(event.address) == Some(op.slot))
        .take_while(|event| !matches!(event.kind, EventKind::Begin { .. }));
    let mut before = None;
    let mut after = None;
    // Backwards: the first write met is the last one made.
    for event in of_operation {
        let EventKind::Atomic { read, written, .. } = event.kind else {
            continue;
        };
        if after.is_none() {
            after = written.or(read);
        }
        // A lookup is decided by its last step, everything else by its first.
        if op.name != OpName::Get || before.is_none() {
            // Who begins with a store need not read: it is the owner's.
            before = read.or(written.map(|_| REF_COUNT_UNIQUE)).or(before);
        }
    }
    match (before, after) {
        (Some(before), Some(after)) => (state(before), state(after)),
        // No atomic step: a plain access.
        _ => (now, now),
    }
}

/// The state as the specification knows it.
fn state(raw: u64) -> spec::SlotState {
    match SlotState::from_raw(raw) {
        SlotState::Unused => spec::SlotState::Unused,
        SlotState::Busy => spec::SlotState::Busy,
        SlotState::Unique => spec::SlotState::Unique,
        SlotState::Shared(n) | SlotState::Overflow(n) => spec::SlotState::Shared(n),
    }
}
