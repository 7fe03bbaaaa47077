//! Judges what an execution showed.

use std::collections::BTreeSet;

use prop_tests::outcome::{Ends, OpResult, Outcome};
use prop_tests::outcomes::{self, Case, Relation};
use prop_tests::program::Program;
use prop_tests::spec::{self, Params};
use prop_tests::world::{Fault, FaultKind};

use super::{Failure, Job};
use crate::verdict::Verdict;

/// How many states of the specification a search for one outcome may visit.
const SEARCH_BUDGET: usize = 200_000;

/// The constants of this build.
const PARAMS: Params = Params {
    ref_count_max: meta_core::REF_COUNT_MAX,
};

/// What is allowed in one job.
pub(super) struct Judge {
    pub(super) program: Program,
    pub(super) ends: Ends,
    pub(super) relation: Relation,
    pub(super) allowed: BTreeSet<Outcome>,
    /// Whether `allowed` is known; otherwise each outcome is searched for.
    enumerated: bool,
}

impl Judge {
    /// Works out what is allowed. `exact` says whether the engine is to reach
    /// every allowed outcome.
    pub(super) fn new(job: &Job, exact: bool) -> Result<Self, String> {
        let program: Program = job.program.parse().map_err(|e| format!("{e}"))?;
        let allowed = if job.enumerate {
            spec::allowed(&program, job.ends, &PARAMS).map_err(|e| e.to_string())?
        } else {
            BTreeSet::new()
        };
        let relation = match (exact, program.slots()) {
            (true, _) => Relation::Equal,
            (false, 1) if !program.uses_mailboxes() => Relation::Contained,
            (false, _) => Relation::SlotWise,
        };
        Ok(Judge {
            program,
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
                let verdict = if aborts(outcome) && !self.allowed.iter().any(aborts) {
                    Verdict::Abort
                } else {
                    Verdict::ForbiddenOutcome
                };
                Some(failure(verdict, &outcome.to_string()))
            }
            Err(error) => Some(failure(Verdict::ToolFailure, &error.to_string())),
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
            Ok(Some(false)) => Some(failure(Verdict::ForbiddenOutcome, &outcome.to_string())),
            Err(error) => Some(failure(Verdict::ToolFailure, &error.to_string())),
        }
    }
}

/// A broken contract of the metadata's life.
pub(super) fn of_fault(fault: &Fault) -> Failure {
    let verdict = match fault.kind {
        FaultKind::Leak => Verdict::Leak,
        FaultKind::DoubleDrop => Verdict::DoubleDrop,
        FaultKind::UseAfterDrop => Verdict::UseAfterDrop,
    };
    failure(verdict, &fault.to_string())
}

pub(super) fn failure(verdict: Verdict, message: &str) -> Failure {
    Failure {
        verdict,
        message: message.trim().to_owned(),
        steps: Vec::new(),
        schedule: None,
    }
}
