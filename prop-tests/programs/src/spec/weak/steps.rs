//! The steps of the specification as accesses to memory.
//!
//! What a step does to the slot that it finds is said once, in `step`. Here stands
//! which access does it, with which ordering, and what plain accesses to the metadata
//! go with it. The two are held against each other at every step.

use std::sync::atomic::Ordering;

use crate::{
    outcome::{End, Ends, OpResult, Outcome, SlotEnd, Writer},
    program::{OpName, Program},
};

use super::{
    super::{
        Holding, Params, SpecError,
        setup::Setup,
        slot::{Slot, SlotState},
        step::{Advance, Micro},
        thread::Control,
    },
    Orderings,
};

/// A program of the specification, made ready to run on memory.
#[derive(Clone, Debug)]
pub struct Steps {
    setup: Setup,
    orderings: Orderings,
}

/// Where a thread stands, and what it has shown so far.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Thread {
    number: usize,
    control: Control,
    stage: Stage,
    results: Vec<OpResult>,
    drops: Vec<OpResult>,
}

/// Where a thread stands within a step that takes several accesses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stage {
    /// At its first access.
    First,
    /// The metadata is written, and will be published.
    Written,
    /// The last handle is gone; a fence comes before the metadata is touched.
    LastGone,
    /// The metadata will be destroyed.
    Doomed,
}

/// What a thread does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// The slot.
    pub slot: usize,
    /// What is done.
    pub kind: AccessKind,
}

/// What an access does to the memory of its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessKind {
    /// Loads the count.
    Load(Ordering),
    /// Stores a count.
    Store(u64, Ordering),
    /// Adds 1 to the count.
    Add(Ordering),
    /// Subtracts 1 from the count.
    Subtract(Ordering),
    /// A strong compare-and-swap of the count, or a weak one that is tried again.
    CompareExchange {
        /// The count that it expects.
        expected: u64,
        /// The count that it writes.
        new: u64,
        /// Its ordering if it succeeds.
        success: Ordering,
        /// Its ordering if it fails.
        failure: Ordering,
        /// Whether the thread waits and tries again if it fails.
        weak: bool,
    },
    /// A fence.
    Fence(Ordering),
    /// A plain read of the metadata.
    ReadMetadata,
    /// A plain write of the metadata: who wrote it, or `None` where it is destroyed.
    WriteMetadata(Option<Writer>),
    /// Puts a handle into the mailbox, unless one is there. Released to the take that
    /// gets it.
    Give(Holding),
    /// Takes the handle out of the mailbox, if one is there.
    Take,
}

/// What an access came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// A store, a fence or a plain write is done.
    Nothing,
    /// The count that was read.
    Count(u64),
    /// The metadata that was read.
    Metadata(Option<Writer>),
    /// What was in the mailbox.
    Mailbox(Option<Holding>),
}

impl Steps {
    /// A program before its first step.
    ///
    /// # Errors
    ///
    /// As [`allowed`](super::super::allowed).
    pub fn new(
        program: &Program,
        ends: Ends,
        params: &Params,
        orderings: &Orderings,
    ) -> Result<Self, SpecError> {
        Ok(Self {
            setup: Setup::new(program, ends, params)?,
            orderings: *orderings,
        })
    }

    /// Whether the program names a mailbox.
    pub fn uses_mailboxes(&self) -> bool {
        self.setup.program.uses_mailboxes()
    }

    /// How many slots there are.
    pub fn slots(&self) -> usize {
        self.setup.slots
    }

    /// The count of a slot at the start, and who wrote its metadata.
    pub fn start(&self, slot: usize) -> (u64, Option<Writer>) {
        let slot = self.setup.first_slot(slot);
        (count(slot.state), slot.live)
    }

    /// The threads before their first access.
    pub fn threads(&self) -> impl Iterator<Item = Thread> {
        (0..self.setup.threads()).map(|number| Thread {
            number,
            control: self.setup.first_control(number),
            stage: Stage::First,
            results: vec![OpResult::Skipped; self.setup.ops(number).len()],
            drops: Vec::new(),
        })
    }

    /// The next access of a thread; `None` when it is done.
    pub fn next(&self, thread: &Thread) -> Option<Access> {
        use AccessKind as A;
        let control = &thread.control;
        let op = control.current(&self.setup, thread.number)?;
        let holding = control.held.get(op.slot);
        let writer = Some(Writer::op(thread.number + 1, control.position + 1));
        let orderings = &self.orderings;
        let kind = match (thread.stage, op.name, control.micro) {
            (Stage::LastGone, ..) => A::Fence(orderings.last_fence),
            (Stage::Doomed, ..) => A::WriteMetadata(None),

            (_, OpName::Alloc | OpName::AllocUnique, Micro::First) => A::CompareExchange {
                expected: UNUSED,
                new: BUSY,
                success: orderings.claim,
                failure: orderings.claim_fail,
                weak: false,
            },
            (Stage::First, OpName::Alloc | OpName::AllocUnique, _) => A::WriteMetadata(writer),
            (Stage::Written, OpName::Alloc, _) => A::Store(1, orderings.publish_shared),
            (Stage::Written, _, _) => A::Store(UNIQUE, orderings.publish_unique),

            (_, OpName::Get, Micro::Probed(count)) => A::CompareExchange {
                expected: count,
                new: count + 1,
                success: orderings.acquire_ref,
                failure: orderings.acquire_ref_fail,
                weak: true,
            },
            (_, OpName::Get, _) => A::Load(orderings.probe),
            (_, OpName::Clone, _) => A::Add(orderings.inc),

            (_, OpName::Drop | OpName::Reset, Micro::Doomed) => A::Store(UNUSED, orderings.retire),
            (_, OpName::Drop, _) if holding == Holding::Unique => {
                A::Store(BUSY, orderings.unique_reset)
            }
            (_, OpName::Drop, _) => A::Subtract(orderings.dec),
            (_, OpName::Reset, _) => A::Store(BUSY, orderings.reset_store),

            (_, OpName::TryUnique, _) => A::CompareExchange {
                expected: 1,
                new: UNIQUE,
                success: orderings.try_unique,
                failure: orderings.try_unique_fail,
                weak: false,
            },
            (_, OpName::Share, _) => A::Store(1, orderings.share),
            (_, OpName::Count, _) => A::Load(orderings.count),

            (_, OpName::Read, _) => A::ReadMetadata,
            (_, OpName::Write | OpName::Repurpose, _) => A::WriteMetadata(writer),

            (_, OpName::Give, _) => A::Give(match holding {
                Holding::Unique => Holding::Unique,
                _ => Holding::One,
            }),
            (_, OpName::Take, _) => A::Take,
        };
        Some(Access {
            slot: op.slot,
            kind,
        })
    }

    /// Takes note of what the next access of a thread came to.
    ///
    /// # Panics
    ///
    /// If the specification contradicts itself: a step does to the count what its
    /// access does not, or finds what its thread cannot find.
    pub fn found(&self, thread: &mut Thread, found: Found) {
        let access = self.next(thread).expect("a thread that is not done");
        let control = &mut thread.control;
        let op = control.current(&self.setup, thread.number);
        let op = op.expect("a thread that is not done");
        let claims = matches!(op.name, OpName::Alloc | OpName::AllocUnique);
        thread.stage = match thread.stage {
            Stage::LastGone => {
                thread.stage = Stage::Doomed;
                return;
            }
            Stage::Doomed => {
                thread.stage = Stage::First;
                return;
            }
            Stage::First if claims && control.micro == Micro::Claimed => {
                thread.stage = Stage::Written;
                return;
            }
            Stage::First | Stage::Written => Stage::First,
        };

        let holding = control.held.get(op.slot);
        let mut slot = before(control.micro, holding, found);
        let position = control.position;
        loop {
            let (advance, _) = control.step(&self.setup, thread.number, op, &mut slot);
            if let Advance::Finished { result, .. } = advance {
                match thread.results.get_mut(position) {
                    Some(entry) => *entry = result,
                    None => thread.drops.push(result),
                }
            }
            control.advance(&self.setup, thread.number, op, advance);
            match advance {
                // It aborts without another access.
                Advance::Inside(Micro::Overflowed(_)) => {}
                Advance::Inside(Micro::Doomed) => {
                    thread.stage = match holding {
                        Holding::Unique => Stage::Doomed,
                        _ => Stage::LastGone,
                    };
                    break;
                }
                _ => break,
            }
        }
        let left = access.kind.leaves(found);
        assert!(
            left.is_none_or(|left| left == count(slot.state)),
            "{access:?} found {found:?}, and the step leaves {slot:?}"
        );
    }

    /// The outcome, when every thread is done: of each slot, the newest count and
    /// metadata are asked for.
    pub fn outcome(
        &self,
        threads: &[Thread],
        newest: impl Fn(usize) -> (u64, Option<Writer>),
    ) -> Outcome {
        let of_slot = |slot| {
            let (count, live) = newest(slot);
            let end = match state(count) {
                SlotState::Unused => SlotEnd::Unused,
                SlotState::Busy => SlotEnd::Busy,
                SlotState::Shared(count) => SlotEnd::Shared(count),
                SlotState::Unique => SlotEnd::Unique,
            };
            (end, live.is_some())
        };
        Outcome {
            results: threads
                .iter()
                .map(|thread| thread.results.clone())
                .collect(),
            drops: match self.setup.ends {
                Ends::Dropped => threads.iter().map(|thread| thread.drops.clone()).collect(),
                Ends::Left => Vec::new(),
            },
            end: if threads.iter().any(|thread| thread.control.stopped) {
                End::NotJudged
            } else {
                End::Slots((0..self.setup.slots).map(of_slot).collect())
            },
        }
    }
}

impl Thread {
    /// Whether nothing that it has shown contradicts an outcome.
    pub(super) fn agrees(&self, outcome: &Outcome) -> bool {
        let mut results = self.results.iter().zip(&outcome.results[self.number]);
        let drops = outcome.drops.get(self.number);
        let drops = drops.map_or(&[][..], Vec::as_slice);
        results.all(|(mine, asked)| *mine == OpResult::Skipped || mine == asked)
            && drops.starts_with(&self.drops)
    }
}

impl AccessKind {
    /// Whether it reads what other threads may have written meanwhile.
    pub(super) fn reads_a_word(self) -> bool {
        match self {
            Self::Load(_)
            | Self::Add(_)
            | Self::Subtract(_)
            | Self::CompareExchange { .. }
            | Self::Give(_)
            | Self::Take => true,
            // A plain read finds what happens before it, or is a race.
            Self::ReadMetadata | Self::WriteMetadata(_) | Self::Store(..) | Self::Fence(_) => false,
        }
    }

    /// The count that stands after the access; `None` if it does not touch the count.
    fn leaves(self, found: Found) -> Option<u64> {
        match (self, found) {
            (Self::Store(value, _), _) => Some(value),
            (_, Found::Count(read)) => Some(self.written(read).unwrap_or(read)),
            _ => None,
        }
    }

    /// Its ordering when it reads and writes the count.
    pub(super) fn update_ordering(self) -> Option<Ordering> {
        match self {
            Self::Add(ordering) | Self::Subtract(ordering) => Some(ordering),
            Self::CompareExchange { success, .. } => Some(success),
            _ => None,
        }
    }

    /// Its ordering when it reads the count alone, and the thread goes on from there.
    pub(super) fn read_ordering(self) -> Option<Ordering> {
        match self {
            Self::Load(ordering) => Some(ordering),
            Self::CompareExchange {
                failure,
                weak: false,
                ..
            } => Some(failure),
            _ => None,
        }
    }

    /// The count that it writes if it reads this one; `None` if it writes none then.
    pub(super) fn written(self, read: u64) -> Option<u64> {
        match self {
            Self::Add(_) => Some(read + 1),
            Self::Subtract(_) => Some(read - 1),
            Self::CompareExchange { expected, new, .. } => (read == expected).then_some(new),
            _ => None,
        }
    }
}

/// The slot as a step finds it, as far as the step looks at it.
fn before(micro: Micro, holding: Holding, found: Found) -> Slot {
    // Who stores to the count knows what it is.
    let own = match (micro, holding) {
        (Micro::Claimed | Micro::Doomed, _) => SlotState::Busy,
        (_, Holding::Unique) => SlotState::Unique,
        _ => SlotState::Shared(1),
    };
    let mut slot = Slot {
        state: own,
        live: None,
        mailbox: false,
    };
    match found {
        Found::Nothing => {}
        Found::Count(read) => slot.state = state(read),
        Found::Metadata(live) => slot.live = live,
        Found::Mailbox(inside) => {
            slot.mailbox = inside.is_some();
            // A handle that is taken is unique if its slot is.
            if holding == Holding::Empty && inside == Some(Holding::Unique) {
                slot.state = SlotState::Unique;
            }
        }
    }
    slot
}

const UNUSED: u64 = u64::MAX;
const UNIQUE: u64 = u64::MAX - 1;
const BUSY: u64 = 0;

fn count(state: SlotState) -> u64 {
    match state {
        SlotState::Unused => UNUSED,
        SlotState::Unique => UNIQUE,
        SlotState::Busy => BUSY,
        SlotState::Shared(count) => count,
    }
}

fn state(count: u64) -> SlotState {
    match count {
        UNUSED => SlotState::Unused,
        UNIQUE => SlotState::Unique,
        BUSY => SlotState::Busy,
        count => SlotState::Shared(count),
    }
}
