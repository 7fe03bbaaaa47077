//! The specification on weak memory: the same steps, as accesses with the orderings of
//! the protocol, and all outcomes that RC11 allows them.
//!
//! On one slot these are the outcomes of all interleavings, for coherence makes one
//! location sequentially consistent. Several slots are weaker: a lookup that fails, or a
//! claim, is relaxed, and may miss what another thread did to that slot before what it did
//! to one that this thread has seen. So are mailboxes: a give happens before the take that
//! gets the handle, and nothing else is ordered.
//!
//! | file | says |
//! |---|---|
//! | `orderings` | the ordering of each access |
//! | [`Steps`] | which accesses the steps of a program are |
//! | `memory` | what RC11 allows an access to read, and where a write may stand |
//! | `search` | all executions |
//!
//! RC11 is that of Lahav, Vafeiadis, Kang, Hur and Dreyer (PLDI 2017), with the release
//! sequences of C++20 and without `SeqCst`, which the protocol does not use.

use std::collections::BTreeSet;

use super::{Params, SpecError};
use crate::{
    outcome::{Ends, Outcome},
    program::Program,
};

mod memory;
mod orderings;
mod search;
mod steps;

pub use orderings::Orderings;
pub use steps::{Access, AccessKind, Found, Steps, Thread};

/// The outcomes of all executions that RC11 allows a program of the protocol, or `None`
/// if there are more than `most` states in them.
///
/// # Errors
///
/// If the program cannot be run, or the specification contradicts itself.
pub fn allowed(
    program: &Program,
    ends: Ends,
    params: &Params,
    most: usize,
) -> Result<Option<BTreeSet<Outcome>>, SpecError> {
    Steps::new(program, ends, params, &Orderings::PROTOCOL)?.outcomes(most)
}

/// Whether RC11 allows a program of the protocol this outcome, or `None` if `most`
/// states do not decide it.
///
/// # Errors
///
/// As [`allowed`].
pub fn permits(
    program: &Program,
    ends: Ends,
    params: &Params,
    outcome: &Outcome,
    most: usize,
) -> Result<Option<bool>, SpecError> {
    let steps = Steps::new(program, ends, params, &Orderings::PROTOCOL)?;
    let found = search::outcomes(&steps, Some(outcome), most)?;
    Ok(found.map(|outcomes| outcomes.contains(outcome)))
}

impl Steps {
    /// The outcomes of all executions that RC11 allows, or `None` if there are more than
    /// `most` states in them.
    ///
    /// # Errors
    ///
    /// If two accesses to metadata race.
    pub fn outcomes(&self, most: usize) -> Result<Option<BTreeSet<Outcome>>, SpecError> {
        search::outcomes(self, None, most)
    }
}
