//! What each atomic step of each operation does to its slot.
//!
//! Everything else in this module only decides who steps next.

use crate::{
    outcome::{OpResult, Writer},
    program::OpName,
};

use super::{
    Holding,
    slot::{Slot, SlotState},
};

/// Where a thread stands inside its current operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Micro {
    /// At its first step.
    First,
    /// `get` has read this count, and will try to make it one more.
    Probed(u64),
    /// A claim has made the slot busy, and will publish the metadata.
    Claimed,
    /// A drop or reset has made the count 0, and will retire the slot.
    Doomed,
    /// `clone` has incremented this count, which was too high; it will abort.
    Overflowed(u64),
}

/// What an atomic step leaves to its thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Advance {
    /// The operation goes on.
    Inside(Micro),
    /// The operation has finished; the states are those of a
    /// [`Transition`](super::Transition).
    Finished {
        result: OpResult,
        /// What came out of the mailbox.
        taken: Holding,
        before: SlotState,
        after: SlotState,
    },
}

impl Advance {
    /// What the thread sees of the step: it decides how the thread goes on.
    pub(super) fn label(self) -> (Option<OpResult>, Holding, Micro) {
        match self {
            Self::Inside(micro) => (None, Holding::Empty, micro),
            Self::Finished { result, taken, .. } => (Some(result), taken, Micro::First),
        }
    }
}

/// Does the next atomic step of `op`, whose thread holds `holding` of the slot,
/// stands at `micro`, and signs what it writes as `me`.
///
/// Plain accesses to the metadata are a step of their own (`read`, `write`,
/// `repurpose`) or belong to the atomic step that makes them visible.
///
/// # Panics
///
/// When the slot is in a state that no holder of `holding` can find: the
/// specification would contradict itself.
pub(super) fn step(
    op: OpName,
    micro: Micro,
    holding: Holding,
    me: Writer,
    slot: &mut Slot,
    ref_count_max: u64,
) -> Advance {
    use SlotState::{Busy, Shared, Unique, Unused};
    let before = slot.state;
    // The result of this step alone.
    let finished = |result, after| Advance::Finished {
        result,
        taken: Holding::Empty,
        before,
        after,
    };
    let unchanged = |result| finished(result, before);

    match (op, micro, before) {
        // Claim: CAS UNUSED -> 0.
        (OpName::Alloc | OpName::AllocUnique, Micro::First, _) => match before {
            Unused => {
                slot.state = Busy;
                Advance::Inside(Micro::Claimed)
            }
            Unique => unchanged(OpResult::Unique),
            Busy => unchanged(OpResult::Busy),
            Shared(_) => unchanged(OpResult::InUse),
        },
        // Publish: store 1 or UNIQUE, after the metadata was written.
        (OpName::Alloc | OpName::AllocUnique, Micro::Claimed, Busy) => {
            slot.state = if op == OpName::Alloc {
                Shared(1)
            } else {
                Unique
            };
            slot.live = Some(me);
            Advance::Finished {
                result: OpResult::Ok,
                taken: Holding::Empty,
                before: Unused,
                after: slot.state,
            }
        }

        // Probe: load.
        (OpName::Get, Micro::First, _) => match before {
            Unused => unchanged(OpResult::Unused),
            Unique => unchanged(OpResult::Unique),
            Busy => unchanged(OpResult::Busy),
            Shared(count) if count >= ref_count_max => unchanged(OpResult::Abort),
            Shared(count) => Advance::Inside(Micro::Probed(count)),
        },
        // Acquire a reference: CAS c -> c + 1, or probe again.
        (OpName::Get, Micro::Probed(probed), _) => {
            if before == Shared(probed) {
                slot.state = Shared(probed + 1);
                finished(OpResult::Ok, slot.state)
            } else {
                Advance::Inside(Micro::First)
            }
        }

        // Increment: fetch_add 1, which nothing undoes.
        (OpName::Clone, Micro::First, Shared(count)) => {
            slot.state = Shared(count + 1);
            if count >= ref_count_max {
                Advance::Inside(Micro::Overflowed(count))
            } else {
                finished(OpResult::Ok, slot.state)
            }
        }
        (OpName::Clone, Micro::Overflowed(count), _) => Advance::Finished {
            result: OpResult::Abort,
            taken: Holding::Empty,
            before: Shared(count),
            after: Shared(count + 1),
        },

        // Decrement: fetch_sub 1. The last holder tears down.
        (OpName::Drop, Micro::First, Shared(1)) => doom(slot),
        (OpName::Drop, Micro::First, Shared(count)) => {
            slot.state = Shared(count - 1);
            finished(OpResult::Kept, slot.state)
        }
        // The unique owner gives up: store 0.
        (OpName::Drop | OpName::Reset, Micro::First, Unique) => doom(slot),
        // Retire: store UNUSED, after the metadata was dropped.
        (OpName::Drop | OpName::Reset, Micro::Doomed, Busy) => {
            slot.state = Unused;
            Advance::Finished {
                result: if op == OpName::Drop {
                    OpResult::Last
                } else {
                    OpResult::Ok
                },
                taken: Holding::Empty,
                before: if holding == Holding::Unique {
                    Unique
                } else {
                    Shared(1)
                },
                after: Unused,
            }
        }

        // CAS 1 -> UNIQUE.
        (OpName::TryUnique, Micro::First, Shared(1)) => {
            slot.state = Unique;
            finished(OpResult::Yes, Unique)
        }
        (OpName::TryUnique, Micro::First, Shared(_)) => unchanged(OpResult::No),
        // Store 1.
        (OpName::Share, Micro::First, Unique) => {
            slot.state = Shared(1);
            finished(OpResult::Ok, slot.state)
        }
        // Load.
        (OpName::Count, Micro::First, Shared(count)) => unchanged(OpResult::Count(count)),

        // No atomic: whoever holds a handle may read, and only the unique
        // owner changes what there is to read.
        (OpName::Read, Micro::First, Shared(_) | Unique) => {
            let writer = slot.live.expect("a held slot has live metadata");
            unchanged(OpResult::Read(writer))
        }
        (OpName::Write | OpName::Repurpose, Micro::First, Unique) => {
            slot.live = Some(me);
            unchanged(OpResult::Ok)
        }

        // Into the mailbox, and out of it: the count does not change.
        (OpName::Give, Micro::First, _) => {
            if slot.mailbox {
                return unchanged(OpResult::Full);
            }
            slot.mailbox = true;
            unchanged(OpResult::Ok)
        }
        (OpName::Take, Micro::First, _) => {
            if !slot.mailbox {
                return unchanged(OpResult::Empty);
            }
            slot.mailbox = false;
            Advance::Finished {
                result: OpResult::Ok,
                taken: if before == Unique {
                    Holding::Unique
                } else {
                    Holding::One
                },
                before,
                after: before,
            }
        }

        _ => unreachable!("{op:?} at {micro:?} with {holding:?} found the slot {slot:?}"),
    }
}

/// Makes the count 0: from here to the retirement only this thread may touch
/// the metadata, and it drops it.
fn doom(slot: &mut Slot) -> Advance {
    slot.state = SlotState::Busy;
    slot.live = None;
    Advance::Inside(Micro::Doomed)
}
