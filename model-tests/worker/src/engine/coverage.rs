//! Which transitions an exploration reached: (state before, operation) to
//! (result, state after), in the specification's classes of states.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use meta_core::model::{self, Event, EventKind};
use pipe::{RefCounts, Transition};
use programs::outcome::OpResult;
use programs::program::{Op, OpName};
use programs::spec::{self, Params};

thread_local! {
    /// Whether anybody wants to know, which is asked after every operation.
    static WANTED: Cell<bool> = const { Cell::new(false) };
    static SLOT_AT: Cell<fn(usize) -> Option<usize>> = const { Cell::new(|_| None) };
    static PARAMS: Cell<Params> = const { Cell::new(Params::MODEL) };
    static WORDS: Cell<Option<RefCounts>> = const { Cell::new(None) };
    static REACHED: RefCell<Option<BTreeSet<Transition>>> = const { RefCell::new(None) };
}

/// What the words of the subject's slots stand for; without it nothing is collected.
pub(super) fn words(known: Option<RefCounts>) {
    WORDS.set(known);
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
#[inline(always)]
pub(super) fn finished(op: Op, result: OpResult, now: impl FnOnce() -> spec::SlotState) {
    if WANTED.get()
        && let Some(known) = WORDS.get()
    {
        add(op, result, now(), known);
    }
}

#[cold]
fn add(op: Op, result: OpResult, now: spec::SlotState, known: RefCounts) {
    if result == OpResult::Skipped || Transition::moves_handles(op.name) {
        return;
    }
    REACHED.with_borrow_mut(|reached| {
        if let Some(reached) = reached {
            let states = model::with_trace(|events| around(op, events, now, known));
            reached.insert(Transition::new(&PARAMS.get(), op.name, result, states));
        }
    });
}

/// The states at the step that decided the operation, and after its last step.
fn around(
    op: Op,
    events: &[Event],
    now: spec::SlotState,
    known: RefCounts,
) -> (spec::SlotState, spec::SlotState) {
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
            before = read.or(written.map(|_| known.unique)).or(before);
        }
    }
    match (before, after) {
        (Some(before), Some(after)) => (state(before, known), state(after, known)),
        // No atomic step: a plain access.
        _ => (now, now),
    }
}

/// The state as the specification knows it.
fn state(raw: u64, known: RefCounts) -> spec::SlotState {
    match raw {
        raw if raw == known.unused => spec::SlotState::Unused,
        raw if raw == known.busy => spec::SlotState::Busy,
        raw if raw == known.unique => spec::SlotState::Unique,
        n => spec::SlotState::Shared(n),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_those_of_the_subject() {
        let known = RefCounts {
            unused: 0,
            unique: 900,
            busy: 901,
            max: 800,
        };
        let states = [0, 900, 901, 1, 5].map(|raw| state(raw, known));
        use spec::SlotState::{Busy, Shared, Unique, Unused};
        assert_eq!(states, [Unused, Unique, Busy, Shared(1), Shared(5)]);
    }
}
