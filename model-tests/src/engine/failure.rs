//! What the payload of a panic says about the program.

use std::any::Any;

use meta_core::model::{Event, EventKind, Violation, ViolationKind};
use prop_tests::world::World;

use super::judge::failure;
use super::{Failure, Step, StepKind};
use crate::ordering_name;
use crate::verdict::Verdict;

/// A panic that came out of an explorer.
pub(super) fn of_panic(payload: &(dyn Any + Send)) -> Failure {
    if let Some(violation) = payload.downcast_ref::<Violation>() {
        return of_violation(violation);
    }
    let message = payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without a message");
    failure(of_message(message), message)
}

/// The words by which an explorer's panics are told apart.
fn of_message(message: &str) -> Verdict {
    if message.contains("Causality violation") {
        Verdict::DataRace
    } else if message.starts_with("deadlock") {
        Verdict::Deadlock
    } else if message.contains("exceeded maximum number of branches") {
        Verdict::CutOff
    } else {
        // An assertion inside an explorer, or a bug of the harness.
        Verdict::ToolFailure
    }
}

fn of_violation(violation: &Violation) -> Failure {
    let wrong_state;
    let (verdict, what) = match violation.kind {
        ViolationKind::WrongState { found, expected } => {
            wrong_state = format!("is {found} instead of {expected}");
            (Verdict::UseAfterDrop, wrong_state.as_str())
        }
        ViolationKind::UseAfterDrop => (Verdict::UseAfterDrop, "is not there"),
        ViolationKind::DoubleDrop => (Verdict::DoubleDrop, "was dropped already"),
        ViolationKind::Overwrite => (Verdict::Leak, "is overwritten without being dropped"),
        ViolationKind::Overlap => (Verdict::DataRace, "is in use by another thread"),
    };
    failure(
        verdict,
        &format!(
            "{:?} of `{}`, which {what}, at {}",
            violation.access, violation.cell, violation.location
        ),
    )
}

/// A trace, with addresses turned into slots.
pub(super) fn steps(events: &[Event], world: &World) -> Vec<Step> {
    let slot_of = |address: usize| {
        world.slots().iter().position(|slot| {
            let fields = slot.field_addresses();
            fields.iter().any(|(_, field)| *field == address)
        })
    };
    events
        .iter()
        .map(|event| Step {
            thread: event.thread + 1,
            slot: match event.kind {
                EventKind::Mailbox { slot, .. } => Some(slot),
                _ => slot_of(event.address),
            },
            kind: match event.kind {
                EventKind::Begin { op } => StepKind::Begin { op: op + 1 },
                EventKind::End { ref result } => StepKind::End {
                    result: result.clone(),
                },
                EventKind::Atomic {
                    site,
                    ordering,
                    read,
                    written,
                    spurious,
                } => StepKind::Atomic {
                    site: site.name().to_owned(),
                    ordering: ordering_name::name(ordering).to_owned(),
                    read,
                    written,
                    spurious,
                },
                EventKind::Plain {
                    cell,
                    access,
                    location,
                } => StepKind::Plain {
                    field: cell.to_owned(),
                    access: format!("{access:?}"),
                    location: format!("{}:{}", location.file(), location.line()),
                },
                EventKind::Mailbox { slot: _, give, ok } => StepKind::Mailbox { give, ok },
            },
        })
        .collect()
}
