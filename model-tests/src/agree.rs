//! Engines that are exact see the same of a program on one slot, or one of them is
//! wrong.
//!
//! On one slot a stale value changes no outcome, so that loom's failing
//! compare-and-swaps are as exact as rc11. On several slots and with mailboxes they
//! are not. shuttle does not see data races.

use std::fmt;

use pipe::{Exploration, Job, Manner, Probe, Search, Transition, Verdict};
use programs::program::Program;
use serde::Serialize;

/// Two explorations of a program that cannot both be right. In text, what each saw
/// alone.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Disagreement {
    /// The program.
    program: String,
    /// The two engines, with a comma between.
    engine: String,
    /// What happened to handles at the end.
    ends: &'static str,
    /// Executions of both.
    executions: u64,
    /// The outcomes that either saw.
    outcomes: usize,
    /// Outcomes that are allowed.
    allowed: usize,
    /// Whether both explored everything.
    complete: bool,
    /// `disagreement`.
    verdict: Verdict,
    /// The time of both engines, in seconds.
    seconds: f64,
    /// What each reports, in the order of `engine`.
    only: [Only; 2],
}

/// What one of them says.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Only {
    /// The engine, and how it goes about it.
    engine: String,
    /// Its verdict.
    verdict: Verdict,
    /// Seen by this one alone.
    outcomes: Vec<String>,
}

/// Whether engines can be compared on the program.
pub fn comparable(program: &Program) -> bool {
    let moves = |thread: &Vec<programs::program::Op>| {
        thread.iter().any(|op| Transition::moves_handles(op.name))
    };
    program.slots() == 1 && !program.threads.iter().any(moves)
}

/// Whether the engine sees all outcomes of a program on one slot, and no failure
/// that another does not see.
pub fn is_exact(job: &Job) -> bool {
    match &job.manner {
        Manner::Rc11(rc11) => rc11.search == Search::Exact,
        Manner::Loom(loom) => loom.probe == Probe::Cas && loom.inject.is_none(),
        Manner::Shuttle(_) | Manner::Threads(_) => false,
    }
}

/// Whether two explorations that are exact contradict each other, each given by its
/// verdict, whether it is complete, and what it saw. One that neither failed nor is
/// complete contradicts none.
pub fn contradict<T: PartialEq>(one: (Verdict, bool, T), other: (Verdict, bool, T)) -> bool {
    match (one.1, other.1) {
        (true, true) => one.2 != other.2,
        (true, false) => other.0.is_failure() && !one.0.is_failure(),
        (false, true) => one.0.is_failure() && !other.0.is_failure(),
        (false, false) => false,
    }
}

/// In what two exact explorations of one program contradict each other.
pub fn between(one: (&Job, &Exploration), other: (&Job, &Exploration)) -> Option<Disagreement> {
    let said = |run: &Exploration| (run.verdict(), run.complete, run.outcomes.len());
    let same_outcomes = one.1.outcomes.keys().eq(other.1.outcomes.keys());
    let (mut first, second) = (said(one.1), said(other.1));
    if !same_outcomes && first.2 == second.2 {
        // As many, and others.
        first.2 += 1;
    }
    if !contradict(first, second) {
        return None;
    }
    let only = |(job, run): (&Job, &Exploration), than: &Exploration| Only {
        engine: format!("{} {}", run.engine, job.manner),
        verdict: run.verdict(),
        outcomes: if run.complete && than.complete {
            let seen = run.outcomes.keys();
            seen.filter(|o| !than.outcomes.contains_key(*o))
                .cloned()
                .collect()
        } else {
            Vec::new()
        },
    };
    let only = [only(one, other.1), only(other, one.1)];
    Some(Disagreement {
        program: one.0.case.to_string(),
        engine: format!("{},{}", one.1.engine, other.1.engine),
        ends: one.0.ends.as_str(),
        executions: one.1.executions + other.1.executions,
        outcomes: one.1.outcomes.len() + only[1].outcomes.len(),
        allowed: one.1.allowed,
        complete: one.1.complete && other.1.complete,
        verdict: Verdict::Disagreement,
        seconds: one.1.seconds + other.1.seconds,
        only,
    })
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.program, self.ends)?;
        for Only {
            engine,
            verdict,
            outcomes,
        } in &self.only
        {
            write!(f, "\n  {engine}: {verdict}")?;
            for outcome in outcomes {
                write!(f, "\n    only here: {outcome}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use pipe::{EngineName, Reason};
    use programs::outcome::Ends;

    use super::*;

    fn run(engine: EngineName, outcomes: &[&str]) -> Exploration {
        Exploration {
            outcomes: outcomes.iter().map(|o| ((*o).to_owned(), 1)).collect(),
            complete: true,
            threads_run: 1,
            ..Exploration::new(engine)
        }
    }

    fn jobs() -> [Job; 2] {
        let program: Program = "unused: alloc | get".parse().unwrap();
        let loom = Job::loom(program.clone(), Ends::Left, Probe::Cas);
        [Job::rc11(program, Ends::Left), loom]
    }

    fn compare(rc11: &Exploration, loom: &Exploration) -> Option<String> {
        let jobs = jobs();
        between((&jobs[0], rc11), (&jobs[1], loom)).map(|found| found.to_string())
    }

    #[test]
    fn another_outcome_is_a_disagreement_and_each_side_is_named() {
        let rc11 = run(EngineName::Rc11, &["a", "b"]);
        assert_eq!(compare(&rc11, &run(EngineName::Loom, &["a", "b"])), None);
        assert_eq!(
            compare(&rc11, &run(EngineName::Loom, &["a", "c"])).as_deref(),
            Some(
                "unused: alloc | get (left)\n  rc11 exact: pass\n    only here: b\n  loom cas: \
                 pass\n    only here: c"
            )
        );
        assert!(compare(&rc11, &run(EngineName::Loom, &["a"])).is_some());
        assert!(compare(&rc11, &run(EngineName::Loom, &["a", "b", "c"])).is_some());
    }

    #[test]
    fn a_failure_that_the_other_does_not_see_is_a_disagreement() {
        let rc11 = run(EngineName::Rc11, &["a"]);
        let loom = |reason: Reason| Exploration {
            failure: Some(reason.into()),
            complete: false,
            ..run(EngineName::Loom, &[])
        };
        let race = || Reason::Race {
            message: String::new(),
        };
        assert!(compare(&rc11, &loom(race())).is_some());
        // What is cut off, or no answer, contradicts nothing.
        assert_eq!(compare(&rc11, &loom(Reason::Interrupted)), None);
        assert_eq!(compare(&rc11, &loom(Reason::tool("?"))), None);
        let fails = Exploration {
            failure: Some(race().into()),
            complete: false,
            ..rc11
        };
        assert_eq!(compare(&fails, &loom(race())), None);
    }

    #[test]
    fn plain_loads_and_samples_are_not_exact() {
        let program: Program = "unused: alloc | get".parse().unwrap();
        assert!(jobs().iter().all(is_exact) && comparable(&program));
        let load = Job::loom(program.clone(), Ends::Left, Probe::Load);
        assert!(!is_exact(&load) && !is_exact(&Job::threads(program, Ends::Left, 1)));
        for other in ["unused: alloc | get@1", "shared: give | take"] {
            assert!(!comparable(&other.parse().unwrap()), "{other}");
        }
    }
}
