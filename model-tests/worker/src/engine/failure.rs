//! What the payload of a panic says about the program, and a trace as steps.

use std::any::Any;

use meta_core::Access;
use meta_core::model::{self, Event, EventKind, ViolationKind};
use pipe::{Failure, Reason, Step, StepKind, Violation};
use prop_tests::world::World;

use super::message_of;
use crate::describe::of_core;

/// A panic that came out of an explorer, or the reason why it gave up.
pub(super) fn of_panic(payload: &(dyn Any + Send)) -> Failure {
    if let Some(reason) = payload.downcast_ref::<Reason>() {
        return reason.clone().into();
    }
    let reason = match payload.downcast_ref::<model::Violation>() {
        Some(violation) => of_violation(violation),
        None => of_message(message_of(payload)),
    };
    reason.into()
}

/// An explorer's panics are told apart by its words.
fn of_message(message: &str) -> Reason {
    let message = message.trim().to_owned();
    if message.contains("Causality violation") {
        Reason::Race { message }
    } else if message.starts_with("deadlock") {
        Reason::Deadlock { message }
    } else if message.contains("exceeded maximum number of branches") {
        Reason::TooLong { message }
    } else {
        // An assertion inside an explorer, or a bug of the harness.
        Reason::Tool { message }
    }
}

/// A race that there may be only for want of a row in the subject's table of accesses.
pub(super) fn unclassified(place: &std::panic::Location<'_>) -> Reason {
    Reason::tool(format!("classify {}:{}", place.file(), place.line()))
}

fn of_violation(found: &model::Violation) -> Reason {
    Reason::Violation {
        violation: match found.kind {
            ViolationKind::UseAfterDrop => Violation::UseAfterDrop,
            ViolationKind::DoubleDrop => Violation::DoubleDrop,
            ViolationKind::Overwrite => Violation::Overwrite,
            ViolationKind::Overlap => Violation::Overlap,
            ViolationKind::WrongState {
                ref found,
                expected,
            } => Violation::WrongState {
                found: found.clone(),
                expected: expected.to_owned(),
            },
            ViolationKind::Unclassified => return unclassified(found.location),
            ViolationKind::TooManyWords => {
                return Reason::tool("more words than loom was asked to make");
            }
            ViolationKind::MixedSizes => {
                return Reason::tool(format!(
                    "atomics of different sizes share memory: {}",
                    found.location
                ));
            }
        },
        access: access(found.access),
        field: found.cell.to_owned(),
        location: found.location.to_string(),
    }
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
                    site: site.to_string(),
                    ordering: of_core(ordering),
                    read,
                    written,
                    spurious,
                    reads_from: None,
                    follows: None,
                },
                EventKind::Plain {
                    cell,
                    access: purpose,
                    location,
                } => StepKind::Plain {
                    field: cell.to_owned(),
                    access: access(purpose),
                    location: format!("{}:{}", location.file(), location.line()),
                },
                EventKind::Mailbox { slot: _, give, ok } => StepKind::Mailbox { give, ok },
            },
        })
        .collect()
}

const fn access(access: Access) -> pipe::Access {
    match access {
        Access::Init => pipe::Access::Init,
        Access::Read => pipe::Access::Read,
        Access::Write => pipe::Access::Write,
        Access::Take => pipe::Access::Take,
    }
}
