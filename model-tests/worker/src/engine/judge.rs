//! Judges what an execution showed.

use std::sync::Arc;

use pipe::{AllowedBy, Failure, Job, Reason};
use programs::outcome::{Ends, OpResult, Outcome};
use programs::program::Program;
use programs::spec::{MemoryModel, Params};
use prop_tests::world::{Fault, FaultKind};

use super::tally::Tally;

/// What is allowed in one job.
pub(super) struct Judge {
    pub(super) program: Program,
    pub(super) ends: Ends,
    memory: MemoryModel,
    params: Params,
    /// Whether the engine is to reach every allowed outcome.
    exact: bool,
    /// What is allowed, as far as it is not searched for, in order.
    pub(super) allowed: Arc<Vec<Outcome>>,
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
            allowed: Arc::new(allowed.into_iter().flatten().collect()),
        })
    }

    /// The same with the outcomes that the explorer finds on the specification, if
    /// they were to be worked out and are too many for that; nothing if that is cut off.
    #[cfg(rc11)]
    pub(super) fn explored_if_needed(mut self, job: &Job) -> Result<Option<Self>, String> {
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
            let explored = super::specification::outcomes(program, *ends, params, job.limits)?;
            let Some(explored) = explored else {
                return Ok(None);
            };
            self.allowed = Arc::new(explored.into_iter().collect());
            self.allowed_by = AllowedBy::Explorer;
        }
        Ok(Some(self))
    }

    /// The failure that an outcome is, if it is not allowed.
    pub(super) fn forbidden(&self, outcome: &Outcome, undecided: &mut u64) -> Option<Failure> {
        let allowed = match self.allowed_by {
            AllowedBy::Specification | AllowedBy::Explorer | AllowedBy::Nobody => {
                Ok(Some(self.allowed.binary_search(outcome).is_ok()))
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

    /// A tally that expects what is allowed.
    pub(super) fn tally(&self) -> Tally<Outcome> {
        Tally::expecting(self.allowed.clone())
    }

    /// The allowed outcomes that had to be seen and were not.
    pub(super) fn missing<'a>(
        &self,
        seen: &'a Tally<Outcome>,
    ) -> impl Iterator<Item = &'a Outcome> + use<'a> {
        let exact = self.exact;
        seen.missing().filter(move |_| exact)
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

#[cfg(test)]
mod tests {
    use pipe::Verdict;
    use programs::spec::MOST_STATES;

    use super::*;

    /// The judge of a program whose handles are left, if it may have so many states;
    /// it searches for each outcome otherwise.
    fn judge(program: &str, exact: bool, most: usize) -> Judge {
        let program: Program = program.parse().unwrap();
        let job = Job::rc11(program.clone(), Ends::Left);
        Judge::new(&program, &job, Params::MODEL, exact, most).unwrap()
    }

    /// What it says of an outcome, and how many outcomes it could not decide.
    fn said(judge: &Judge, outcome: &str) -> (Option<Verdict>, u64) {
        let mut undecided = 2;
        let failure = judge.forbidden(&outcome.parse().unwrap(), &mut undecided);
        (failure.map(|failure| failure.verdict()), undecided - 2)
    }

    const FORBIDDEN: (Option<Verdict>, u64) = (Some(Verdict::ForbiddenOutcome), 0);

    #[test]
    fn an_outcome_is_allowed_or_forbidden_and_an_abort_is_one_only_where_none_may_be() {
        let one = judge("unused: alloc | get", true, MOST_STATES);
        assert_eq!(one.allowed_by, AllowedBy::Specification);
        assert_eq!(said(&one, "ok | ok => left shared(2) live"), (None, 0));
        assert_eq!(said(&one, "ok | ok => left shared(1) live"), FORBIDDEN);
        let abort = (Some(Verdict::Abort), 0);
        assert_eq!(said(&one, "ok | abort => left not judged"), abort);
        // Here one thread has to abort, and the other must not.
        let full = judge("shared+15: clone | read", true, MOST_STATES);
        assert_eq!(said(&full, "abort | - => left not judged"), (None, 0));
        assert_eq!(said(&full, "abort | abort => left not judged"), FORBIDDEN);
    }

    #[test]
    fn what_is_too_large_to_enumerate_is_searched_for() {
        let two = judge("unused: alloc alloc@1 | get@1 get", true, 1);
        assert_eq!(
            (two.allowed_by, two.missing(&two.tally()).count()),
            (AllowedBy::Search, 0)
        );
        let allowed = "ok ok | ok ok => left @0 shared(2) live, @1 shared(2) live";
        assert_eq!(said(&two, allowed), (None, 0));
        let lost = "ok ok | ok ok => left @0 shared(1) live, @1 shared(2) live";
        assert_eq!(said(&two, lost), FORBIDDEN);
        // Where nothing is enumerated, nothing is known of aborts.
        let abort = "ok ok | abort - => left not judged";
        assert_eq!(said(&two, abort), FORBIDDEN);

        let thread = ["get@1"; 6].join(" ");
        let large = judge(&format!("unused: {}", vec![thread; 6].join(" | ")), true, 1);
        let results = vec![["unused"; 6].join(" "); 6].join(" | ");
        let never = format!("{results} => left @0 unused, @1 shared(1) live");
        assert_eq!(said(&large, &never), (None, 1));
    }

    #[test]
    fn only_an_exact_engine_is_asked_for_all_that_is_allowed() {
        let asked = |exact| {
            let judge = judge("unused: alloc | get", exact, MOST_STATES);
            judge.missing(&judge.tally()).count()
        };
        assert_eq!((asked(true), asked(false)), (3, 0));
    }

    #[test]
    fn each_fault_has_its_verdict() {
        for (kind, verdict) in [
            (FaultKind::Leak, Verdict::Leak),
            (FaultKind::DoubleDrop, Verdict::DoubleDrop),
            (FaultKind::UseAfterDrop, Verdict::UseAfterDrop),
        ] {
            let fault = Fault {
                kind,
                slot: Some(1),
                what: "it broke".into(),
            };
            let failure = of_fault(&fault);
            assert_eq!(failure.verdict(), verdict);
            assert_eq!(failure.reason.to_string(), "slot 1: it broke");
        }
    }
}
