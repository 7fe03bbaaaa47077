//! Which transitions an exploration reached: (state before, operation) to
//! (result, state after), in the specification's classes of states.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use meta_core::SlotState;
use meta_core::model::{self, Event, EventKind};
use pipe::Transition;
use programs::outcome::OpResult;
use programs::program::{Op, OpName};
use programs::spec;

thread_local! {
    /// Whether anybody wants to know, which is asked after every operation.
    static WANTED: Cell<bool> = const { Cell::new(false) };
    static REACHED: RefCell<Option<BTreeSet<Transition>>> = const { RefCell::new(None) };
}

/// Starts to collect transitions, or stops.
pub(super) fn collect(on: bool) {
    WANTED.set(on);
    REACHED.replace(on.then(BTreeSet::new));
}

/// The transitions since [`collect`].
pub(super) fn take() -> BTreeSet<Transition> {
    REACHED.take().unwrap_or_default()
}

/// Adds the operation that this thread has just finished, unless it was
/// skipped; `now` says the newest state of its slot.
#[inline]
pub(super) fn finished(op: Op, result: &OpResult, now: impl FnOnce() -> SlotState) {
    if WANTED.get() {
        add(op, *result, now());
    }
}

fn add(op: Op, result: OpResult, now: SlotState) {
    if result == OpResult::Skipped || Transition::moves_handles(op.name) {
        return;
    }
    REACHED.with_borrow_mut(|reached| {
        if let Some(reached) = reached {
            let (before, after) = model::with_trace(|events| around(op.name, events, now));
            reached.insert(Transition::new(
                op.name,
                result,
                of_spec(before),
                of_spec(after),
            ));
        }
    });
}

/// The states at the step that decided the operation, and after its last step.
fn around(op: OpName, events: &[Event], now: SlotState) -> (SlotState, SlotState) {
    let me = model::current_thread();
    let of_operation = events
        .iter()
        .rev()
        .filter(|event| event.thread == me)
        .take_while(|event| !matches!(event.kind, EventKind::Begin { .. }));
    let mut before = None;
    let mut after = None;
    // Backwards: the first write met is the last one made.
    for event in of_operation {
        let EventKind::Atomic {
            site,
            read,
            written,
            ..
        } = event.kind
        else {
            continue;
        };
        if after.is_none() {
            after = written.or(read);
        }
        // A lookup is decided by its last step, everything else by its first.
        if op != OpName::Get || before.is_none() {
            // A store does not read; the table says what it starts from.
            let row = site.name.and_then(meta_core::ordering::Site::find);
            let from = || row?.info().from.map(SlotState::to_raw);
            before = read.or_else(from).or(before);
        }
    }
    match (before, after) {
        (Some(before), Some(after)) => (SlotState::from_raw(before), SlotState::from_raw(after)),
        // No atomic step: a plain access.
        _ => (now, now),
    }
}

/// The state as the specification knows it.
const fn of_spec(state: SlotState) -> spec::SlotState {
    match state {
        SlotState::Unused => spec::SlotState::Unused,
        SlotState::Busy => spec::SlotState::Busy,
        SlotState::Unique => spec::SlotState::Unique,
        SlotState::Shared(n) | SlotState::Overflow(n) => spec::SlotState::Shared(n),
    }
}
