//! The sequential specification: what each operation does to a slot, atomic
//! step by atomic step, and all outcomes that this allows a program.
//!
//! It is written from the protocol and uses nothing of `meta-core`: a second
//! opinion, not a mirror. Atomic steps interleave sequentially consistently;
//! [`weak`] says what they come to where memory is weaker.
//!
//! | file | says |
//! |---|---|
//! | `step` | what each atomic step does |
//! | `holding` | what a thread holds, and when an operation applies |
//! | `thread`, `setup` | how a thread goes through its program |
//! | [`Machine`] | one execution, step by step |
//! | `search` | all executions |
//! | `model` | which of the two an engine is judged by |
//!
//! An abort is a result. The increment of `clone` stays in the count, the
//! thread stops and forgets its handles, the others go on, and the end of the
//! execution is [`NotJudged`](crate::outcome::End::NotJudged).
//!
//! A mailbox belongs to its slot, and `give` and `take` are one step each. A
//! handle that is still in it at the end counts like one that was left.

use std::{collections::BTreeSet, error::Error, fmt};

use crate::{
    outcome::{Ends, Outcome},
    program::Program,
};

mod holding;
mod machine;
mod model;
mod permits;
mod search;
mod setup;
mod slot;
mod step;
mod thread;
pub mod weak;

pub use crate::program::Holding;
pub use machine::Machine;
pub use model::{MOST_STATES, MemoryModel};
pub use permits::permits;
pub use slot::{Slot, SlotClass, SlotState, Transition};

use setup::Setup;

/// The constants of the protocol that a build may choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Params {
    /// The highest count that a slot may be shared by. From 1 to `i64::MAX`.
    pub ref_count_max: u64,
}

impl Params {
    /// What model builds use: above what a small program reaches, and near
    /// enough for a start state to come close.
    pub const MODEL: Self = Self { ref_count_max: 16 };
}

/// The outcomes of all interleavings of a program's atomic steps.
pub fn allowed(
    program: &Program,
    ends: Ends,
    params: &Params,
) -> Result<BTreeSet<Outcome>, SpecError> {
    let setup = Setup::new(program, ends, params)?;
    Ok(search::outcomes(&setup, None))
}

/// Like [`allowed`], and calls `visit` with every transition that happens in
/// any interleaving, some of them more than once.
pub fn allowed_with(
    program: &Program,
    ends: Ends,
    params: &Params,
    visit: &mut impl FnMut(Transition),
) -> Result<BTreeSet<Outcome>, SpecError> {
    let setup = Setup::new(program, ends, params)?;
    Ok(search::outcomes(&setup, Some(visit)))
}

/// Why a program cannot be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpecError {
    /// `ref_count_max` is not from 1 to `i64::MAX`.
    RefCountMax(u64),
    /// More slots are named than the specification has room for.
    TooManySlots {
        /// What the program names.
        slots: usize,
        /// What there is room for.
        most: usize,
    },
    /// The start state forgets handles of a slot that is not shared.
    ForgottenNotShared,
    /// The start state gives a handle to a thread that does not exist.
    HolderMissing {
        /// How many threads hold a handle at the start.
        holders: usize,
        /// How many threads there are.
        threads: usize,
    },
    /// The start state has more handles than a slot may be shared by.
    StartAboveMax {
        /// The handles of the start state.
        count: u64,
        /// How many there may be.
        ref_count_max: u64,
    },
    /// On weak memory, two plain accesses to the metadata of a slot race: the
    /// specification contradicts itself.
    DataRace {
        /// The slot.
        slot: usize,
    },
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RefCountMax(max) => {
                write!(f, "ref_count_max is {max}, but must be from 1 to i64::MAX")
            }
            Self::TooManySlots { slots, most } => {
                write!(f, "the program names {slots} slots; at most {most} fit")
            }
            Self::ForgottenNotShared => {
                f.write_str("only a shared start can have forgotten handles")
            }
            Self::HolderMissing { holders, threads } => write!(
                f,
                "the start needs {holders} thread(s) to hold a handle; the program has {threads}"
            ),
            Self::StartAboveMax {
                count,
                ref_count_max,
            } => write!(
                f,
                "the start has {count} handles; a slot may be shared by {ref_count_max}"
            ),
            Self::DataRace { slot } => write!(
                f,
                "the specification contradicts itself: two accesses to the metadata of \
                 slot {slot} race"
            ),
        }
    }
}

impl Error for SpecError {}
