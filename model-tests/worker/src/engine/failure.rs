//! What the payload of a panic says about the program, and a trace as steps.

use std::any::Any;

use facade::places::{self, Site};
use meta_core::Access;
use meta_core::model::{self, Event, EventKind, ViolationKind};
use pipe::{Failure, Reason, SiteInfo, Step, StepKind, Violation};

use super::{message_of, place};
use crate::own::{of_core, to_core};

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
        // The other lines are about the explorer's own insides.
        let message = message.lines().next().unwrap_or_default().to_owned();
        Reason::Race { message }
    } else if message.starts_with("deadlock") {
        Reason::Deadlock {
            message,
            waiting: Vec::new(),
        }
    } else if ["maximum number of branches", "max_steps bound"]
        .iter()
        .any(|bound| message.contains(bound))
    {
        Reason::TooLong { message }
    } else {
        // An assertion inside an explorer, or a bug of the harness.
        Reason::Tool { message }
    }
}

/// A race that there may be only for want of a row in the subject's table of accesses.
pub(super) fn unclassified(at: &std::panic::Location<'_>) -> Reason {
    Reason::tool(format_args!(
        "classify {}\n  hint: give `Subject::cells` the file, and what marks its lines that only read",
        place::line(at)
    ))
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
                    place::exact(found.location)
                ));
            }
        },
        access: access(found.access),
        field: found.cell.to_owned(),
        location: place::shown(found.location, place::exact),
    }
}

/// The accesses that were met, as rows of a table.
pub(super) fn sites() -> Vec<SiteInfo> {
    let row = |(site, operation, code): (Site, places::Operation, std::sync::atomic::Ordering)| {
        let ordering = of_core(Some(code));
        let admits = |o: &pipe::Ordering| operation.admits(to_core(*o));
        SiteInfo {
            name: site.to_string(),
            operation: match operation {
                places::Operation::Load => pipe::Operation::Load,
                places::Operation::Store => pipe::Operation::Store,
                places::Operation::Update => pipe::Operation::Update,
                places::Operation::CasSuccess => pipe::Operation::CasSuccess,
                places::Operation::CasFailure => pipe::Operation::CasFailure,
                places::Operation::Fence => pipe::Operation::Fence,
            },
            step: String::new(),
            ordering,
            admits: pipe::Ordering::ALL.into_iter().filter(admits).collect(),
            partners: Vec::new(),
            reason: String::new(),
            modelled: true,
            weak: false,
        }
    };
    model::sites().into_iter().map(row).collect()
}

/// A trace, with addresses turned into slots and objects.
pub(super) fn steps(events: &[Event], slot_at: impl Fn(usize) -> Option<usize>) -> Vec<Step> {
    let mut objects = Objects::default();
    events
        .iter()
        .map(|event| Step {
            thread: event.thread + 1,
            slot: match event.kind {
                EventKind::Mailbox { slot, .. } => Some(slot),
                _ => slot_at(event.address),
            },
            object: match event.kind {
                EventKind::Atomic { .. } => objects.number(event.address, slot_at(event.address)),
                EventKind::Plain { .. } if slot_at(event.address).is_none() => {
                    objects.number(event.address, None)
                }
                _ => None,
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
                    location: place::shown(location, place::line),
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

/// The memory that a trace touches, in the order in which it does.
#[derive(Default)]
struct Objects {
    numbers: Vec<usize>,
    /// The first word of each slot needs no number: the slot names it.
    words: Vec<(usize, usize)>,
}

impl Objects {
    fn number(&mut self, address: usize, slot: Option<usize>) -> Option<usize> {
        if address == 0 {
            return None;
        }
        if let Some(slot) = slot {
            match self.words.iter().find(|(of, _)| *of == slot) {
                Some((_, word)) if *word == address => return None,
                Some(_) => {}
                None => {
                    self.words.push((slot, address));
                    return None;
                }
            }
        }
        let known = self.numbers.iter().position(|known| *known == address);
        Some(known.map_or_else(
            || {
                self.numbers.push(address);
                self.numbers.len()
            },
            |known| known + 1,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_without_a_slot_is_numbered_and_so_are_further_words_of_a_slot() {
        let mut objects = Objects::default();
        let touched = [
            (10, None),
            (20, None),
            (10, None),
            (30, Some(0)),
            (40, Some(0)),
            (30, Some(0)),
        ];
        let numbers = touched.map(|(address, slot)| objects.number(address, slot));
        assert_eq!(numbers, [Some(1), Some(2), Some(1), None, Some(3), None]);
        assert_eq!(objects.number(0, None), None, "a fence touches nothing");
    }
}
