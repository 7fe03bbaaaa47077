//! Judges what an execution showed.

use std::collections::BTreeSet;

use pipe::{AllowedBy, Failure, Job, Reason};
use programs::outcome::{Ends, OpResult, Outcome};
use programs::program::Program;
#[cfg(not(rc11))]
use programs::spec::MOST_STATES;
use programs::spec::MemoryModel;
use prop_tests::world::{Fault, FaultKind};

use crate::describe::PARAMS;

/// What is allowed in one job.
pub(super) struct ProgramSubject {
    pub(super) program: Program,
    pub(super) ends: Ends,
    memory: MemoryModel,
    /// Whether the engine is to reach every allowed outcome.
    exact: bool,
    /// What is allowed, as far as it is not searched for.
    pub(super) allowed: BTreeSet<Outcome>,
    pub(super) allowed_by: AllowedBy,
}

impl ProgramSubject {
    /// Works out what is allowed. `exact` says whether the engine is to reach
    /// every allowed outcome.
    #[cfg(not(rc11))]
    pub(super) fn new(program: &Program, job: &Job, exact: bool) -> Result<Self, String> {
        Self::within(program, job, exact, MOST_STATES)
    }

    /// The same, and so many states of the specification are gone through for it.
    pub(super) fn within(
        program: &Program,
        job: &Job,
        exact: bool,
        most: usize,
    ) -> Result<Self, String> {
        let memory = job.memory();
        let allowed = if job.enumerate {
            memory.allowed_within(program, job.ends, &PARAMS, most)
        } else {
            Ok(None)
        };
        let allowed = allowed.map_err(|error| error.to_string())?;
        Ok(ProgramSubject {
            program: program.clone(),
            ends: job.ends,
            memory,
            exact,
            allowed_by: match allowed {
                Some(_) => AllowedBy::Specification,
                None => AllowedBy::Search,
            },
            allowed: allowed.unwrap_or_default(),
        })
    }

    /// The same with the outcomes that the explorer found on the specification.
    #[cfg(rc11)]
    pub(super) fn with_explored(mut self, allowed: BTreeSet<Outcome>) -> Self {
        self.allowed = allowed;
        self.allowed_by = AllowedBy::Explorer;
        self
    }

    /// The failure that an outcome is, if it is not allowed.
    pub(super) fn forbidden(&self, outcome: &Outcome, undecided: &mut u64) -> Option<Failure> {
        let allowed = match self.allowed_by {
            AllowedBy::Specification | AllowedBy::Explorer => {
                Ok(Some(self.allowed.contains(outcome)))
            }
            AllowedBy::Search => self
                .memory
                .permits(&self.program, self.ends, &PARAMS, outcome),
        };
        match allowed {
            Ok(Some(true)) => None,
            Ok(Some(false)) => Some(self.failure(outcome).into()),
            Ok(None) => {
                *undecided += 1;
                None
            }
            Err(error) => Some(Reason::tool(error).into()),
        }
    }

    /// What an outcome that is not allowed is.
    fn failure(&self, outcome: &Outcome) -> Reason {
        let aborts = |outcome: &Outcome| {
            let mut results = outcome.results.iter().flatten();
            results.any(|result| *result == OpResult::Abort)
        };
        let known = self.allowed_by != AllowedBy::Search;
        let aborted = known && aborts(outcome) && !self.allowed.iter().any(aborts);
        let outcome = outcome.to_string();
        if aborted {
            Reason::Abort { outcome }
        } else {
            Reason::Forbidden { outcome }
        }
    }

    /// The allowed outcomes that had to be seen.
    pub(super) fn asked(&self) -> impl Iterator<Item = &Outcome> {
        self.allowed.iter().filter(|_| self.exact)
    }
}

/// A broken contract of the metadata's life.
pub(super) fn of_fault(fault: &Fault) -> Failure {
    Reason::Fault {
        fault: match fault.kind {
            FaultKind::Leak => pipe::Fault::Leak,
            FaultKind::DoubleDrop => pipe::Fault::DoubleDrop,
            FaultKind::UseAfterDrop => pipe::Fault::UseAfterDrop,
        },
        slot: fault.slot,
        what: fault.what.to_owned(),
    }
    .into()
}
