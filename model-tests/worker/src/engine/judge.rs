//! Judges what an execution showed.

use std::collections::BTreeSet;

use pipe::{Failure, Job, Reason};
use programs::outcome::{Ends, OpResult, Outcome};
use programs::outcomes::{self, Case, Relation};
use programs::program::Program;
use programs::spec;
use prop_tests::world::{Fault, FaultKind};

use crate::describe::PARAMS;

/// How many states of the specification a search for one outcome may visit.
const SEARCH_BUDGET: usize = 200_000;

/// What is allowed in one job.
pub(super) struct ProgramSubject {
    pub(super) program: Program,
    pub(super) ends: Ends,
    pub(super) relation: Relation,
    pub(super) allowed: BTreeSet<Outcome>,
    /// Whether `allowed` is known; otherwise each outcome is searched for.
    enumerated: bool,
}

impl ProgramSubject {
    /// Works out what is allowed. `exact` says whether the engine is to reach
    /// every allowed outcome.
    pub(super) fn new(program: &Program, job: &Job, exact: bool) -> Result<Self, String> {
        let allowed = if job.enumerate {
            spec::allowed(program, job.ends, &PARAMS).map_err(|e| e.to_string())?
        } else {
            BTreeSet::new()
        };
        let relation = match (exact, program.slots()) {
            (true, _) => Relation::Equal,
            (false, 1) if !program.uses_mailboxes() => Relation::Contained,
            (false, _) => Relation::SlotWise,
        };
        Ok(ProgramSubject {
            program: program.clone(),
            ends: job.ends,
            relation,
            allowed,
            enumerated: job.enumerate,
        })
    }

    fn case(&self) -> Case<'_> {
        Case {
            program: &self.program,
            ends: self.ends,
            params: &PARAMS,
        }
    }

    /// The failure that an outcome is, if it is not allowed.
    pub(super) fn forbidden(&self, outcome: &Outcome, undecided: &mut u64) -> Option<Failure> {
        if self.allowed.contains(outcome) {
            return None;
        }
        if !self.enumerated {
            return self.forbidden_by_search(outcome, undecided);
        }
        let seen = BTreeSet::from([outcome.clone()]);
        match outcomes::compare(&self.case(), &self.allowed, &seen, self.relation, false) {
            Ok(comparison) if comparison.forbidden.is_empty() => None,
            Ok(_) => {
                let aborts = |outcome: &Outcome| {
                    outcome
                        .results
                        .iter()
                        .flatten()
                        .any(|r| *r == OpResult::Abort)
                };
                let aborted = aborts(outcome) && !self.allowed.iter().any(aborts);
                let outcome = outcome.to_string();
                let reason = if aborted {
                    Reason::Abort { outcome }
                } else {
                    Reason::Forbidden { outcome }
                };
                Some(reason.into())
            }
            Err(error) => Some(Reason::tool(error).into()),
        }
    }

    /// As [`forbidden`](Self::forbidden), for programs with too many outcomes.
    fn forbidden_by_search(&self, outcome: &Outcome, undecided: &mut u64) -> Option<Failure> {
        let permitted = spec::permits(&self.program, self.ends, &PARAMS, outcome, SEARCH_BUDGET);
        match permitted {
            Ok(Some(true)) => None,
            Ok(None) => {
                *undecided += 1;
                None
            }
            Ok(Some(false)) => {
                let outcome = outcome.to_string();
                Some(Reason::Forbidden { outcome }.into())
            }
            Err(error) => Some(Reason::tool(error).into()),
        }
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
