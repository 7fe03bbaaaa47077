//! Judges what an execution showed.

use std::collections::BTreeSet;

use pipe::{AllowedBy, Failure, Job, Reason};
use programs::outcome::{Ends, OpResult, Outcome};
use programs::program::Program;
use programs::spec::{MemoryModel, Params};
use prop_tests::world::{Fault, FaultKind};

/// What is allowed in one job.
pub(super) struct Judge {
    pub(super) program: Program,
    pub(super) ends: Ends,
    memory: MemoryModel,
    params: Params,
    /// Whether the engine is to reach every allowed outcome.
    exact: bool,
    /// What is allowed, as far as it is not searched for.
    pub(super) allowed: BTreeSet<Outcome>,
    pub(super) allowed_by: AllowedBy,
}

impl Judge {
    /// Works out what is allowed. `exact` says whether the engine is to reach
    /// every allowed outcome.
    /// So many states of the specification are gone through for it.
    pub(super) fn new(
        program: &Program,
        job: &Job,
        params: Params,
        exact: bool,
        most: usize,
    ) -> Result<Self, String> {
        let memory = job.memory();
        let allowed = if job.enumerate {
            memory.allowed_within(program, job.ends, &params, most)
        } else {
            Ok(None)
        };
        let allowed = allowed.map_err(|error| error.to_string())?;
        Ok(Judge {
            program: program.clone(),
            ends: job.ends,
            memory,
            params,
            exact,
            allowed_by: match allowed {
                Some(_) => AllowedBy::Specification,
                None => AllowedBy::Search,
            },
            allowed: allowed.unwrap_or_default(),
        })
    }

    /// The same with the outcomes that the explorer finds on the specification, if
    /// they were to be worked out and are too many for that.
    #[cfg(rc11)]
    pub(super) fn explored_if_needed(mut self, job: &Job) -> Result<Self, String> {
        let draws = matches!(
            &job.manner,
            pipe::Manner::Rc11(how) if matches!(how.search, pipe::Search::Sample { .. })
        );
        if job.enumerate && !draws && self.allowed_by == AllowedBy::Search {
            let Judge {
                program,
                ends,
                params,
                ..
            } = &self;
            self.allowed = super::specification::outcomes(program, *ends, params)?;
            self.allowed_by = AllowedBy::Explorer;
        }
        Ok(self)
    }

    /// The failure that an outcome is, if it is not allowed.
    pub(super) fn forbidden(&self, outcome: &Outcome, undecided: &mut u64) -> Option<Failure> {
        let allowed = match self.allowed_by {
            AllowedBy::Specification | AllowedBy::Explorer | AllowedBy::Nobody => {
                Ok(Some(self.allowed.contains(outcome)))
            }
            AllowedBy::Search => {
                self.memory
                    .permits(&self.program, self.ends, &self.params, outcome)
            }
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
        what: fault.what.to_string(),
    }
    .into()
}
