//! The verdict line: one run of a program on an engine.

use std::path::Path;

use serde::Serialize;

use super::{count, outcomes, seconds, verdict};
use crate::package;
use crate::story::Story;
use pipe::Verdict;
use pipe::{AllowedBy, Exploration, Inject, Job, Manner, Scheduler, Search, Spurious, Threads};

/// What `--json` prints for a run.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RunLine<'a> {
    /// The subject, if it is not `meta-core`.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    /// The program, or the name of the scenario.
    program: String,
    /// The engine.
    engine: &'a str,
    /// What happens to handles at the end: `dropped` by their threads, or `left`.
    ends: &'a str,
    /// How the engine goes about it, as `exact`, `cas` or `random`.
    probe: String,
    /// Whether as many executions were drawn as were asked for.
    sampled: bool,
    /// Orderings other than the code's, each `SITE=Ordering`.
    weaken: Vec<String>,
    /// Executions that ran to their end.
    executions: u64,
    /// Of these, executions cut at a failed weak compare-and-swap, which show no outcome.
    cut_branches: u64,
    /// Different outcomes that were seen.
    outcomes: usize,
    /// Of the allowed outcomes that were seen, those that no interleaving has; nothing where that
    /// is not asked: on one slot there are none.
    beyond_sc: Option<usize>,
    /// Outcomes that are allowed; 0 where nobody listed them, see `allowed_by`.
    allowed: usize,
    /// Where it is known from which outcomes are allowed.
    allowed_by: AllowedBy,
    /// Whether every execution was explored.
    complete: bool,
    /// Whether the engine came to its end, and its reduction may have left executions out.
    reduced: bool,
    /// The limits and samples of the run, in words.
    bounds: String,
    /// The verdict.
    verdict: Verdict,
    /// The time of the engine, in seconds.
    seconds: f64,
    /// Outcomes that are allowed and asked for, and were not seen.
    missing: &'a [String],
    /// The outcomes, and how many executions showed each.
    seen: &'a std::collections::BTreeMap<String, u64>,
    /// What is known of a failure.
    message: Option<String>,
    /// The file from which `--resume` goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    resume: Option<String>,
    /// The weak compare-and-swap that fails spuriously, `SITE#n`.
    #[serde(skip_serializing_if = "Option::is_none")]
    inject: Option<String>,
    /// The verdict that the litmus file or the scenario expects.
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<Verdict>,
    /// Of the first failing run: the smallest program that fails in the same way.
    #[serde(skip_serializing_if = "Option::is_none")]
    smallest: Option<Smallest>,
}

/// What became of a failure when it was made small.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Smallest {
    /// The smallest program that fails in the same way.
    pub program: String,
    /// The file that `replay` takes.
    pub saved: Option<String>,
    /// Its failing execution.
    pub story: Story,
}

impl<'a> RunLine<'a> {
    /// The line of a run.
    pub fn new(job: &'a Job, run: &'a Exploration) -> Self {
        RunLine {
            subject: package::name(),
            program: job.case.to_string(),
            engine: run.engine.as_str(),
            ends: job.ends.as_str(),
            probe: job.manner.to_string(),
            sampled: run.sampled,
            weaken: job.orderings().iter().map(ToString::to_string).collect(),
            executions: run.executions,
            cut_branches: run.cut_branches,
            outcomes: run.outcomes.len(),
            beyond_sc: outcomes::seen(job, run).1,
            allowed: run.allowed,
            allowed_by: run.allowed_by,
            complete: run.complete,
            reduced: run.reduced,
            bounds: bounds(job),
            verdict: run.verdict(),
            seconds: run.seconds,
            missing: &run.missing,
            seen: &run.outcomes,
            message: run.failure.as_ref().map(|f| f.reason.to_string()),
            resume: None,
            inject: injected(job).map(ToString::to_string),
            expected: None,
            smallest: None,
        }
    }

    /// The same, with the file from which it goes on.
    #[must_use]
    pub fn resumed_from(mut self, path: Option<&Path>) -> Self {
        self.resume = path.map(|path| path.display().to_string());
        self
    }

    /// The same, with the verdict that a litmus file expects.
    #[must_use]
    pub fn expecting(mut self, expected: Option<Verdict>) -> Self {
        self.expected = expected;
        self
    }

    /// The same, with what became of the failure.
    #[must_use]
    pub fn with(mut self, smallest: Option<Smallest>) -> Self {
        self.smallest = smallest;
        self
    }
}

/// The spurious failure of a run.
fn injected(job: &Job) -> Option<&Inject> {
    match &job.manner {
        Manner::Loom(loom) => loom.inject.as_ref(),
        Manner::Shuttle(shuttle) => match &shuttle.spurious {
            Spurious::Once(inject) => Some(inject),
            Spurious::Never | Spurious::Drawn => None,
        },
        Manner::Rc11(_) | Manner::Threads(_) => None,
    }
}

/// The bounds of a run, in words.
pub fn bounds(job: &Job) -> String {
    let mut bounds = Vec::new();
    if let Some(n) = job.limits.executions {
        bounds.push(format!("at most {} executions", count(n)));
    }
    if let Some(s) = job.limits.seconds {
        bounds.push(format!("at most {s} s"));
    }
    match &job.manner {
        Manner::Rc11(rc11) => {
            if let Search::Sample { seed, samples } = rc11.search {
                bounds.push(format!("{} samples of seed {seed}", count(samples)));
            }
        }
        Manner::Loom(_) => {}
        Manner::Shuttle(shuttle) => match &shuttle.scheduler {
            Scheduler::Random { seed, schedules }
            | Scheduler::Pct {
                seed, schedules, ..
            }
            | Scheduler::Urw { seed, schedules } => {
                bounds.push(format!("{} schedules of seed {seed}", count(*schedules)));
            }
            Scheduler::Dfs | Scheduler::Replay { .. } => {}
        },
        Manner::Threads(Threads { rounds }) => bounds.push(format!("{} rounds", count(*rounds))),
    }
    if bounds.is_empty() {
        "none".to_owned()
    } else {
        bounds.join(", ")
    }
}

/// How many outcomes are allowed, how many of those that were seen are not sequentially consistent,
/// and what says so.
fn allowed(run: &Exploration, beyond: Option<usize>) -> String {
    match run.allowed_by {
        AllowedBy::Specification => match beyond {
            None | Some(0) => format!(" of {} outcomes", run.allowed),
            Some(n) => format!(" of {} outcomes, {n} beyond SC", run.allowed),
        },
        AllowedBy::Explorer => format!(
            " of {} outcomes, allowed by the explorer on the specification",
            run.allowed
        ),
        AllowedBy::Nobody => " outcomes, no outcomes were given".to_owned(),
        AllowedBy::Search if run.undecided == 0 => " outcomes, each searched for".to_owned(),
        AllowedBy::Search => format!(
            " outcomes, each searched for, {} not decided",
            run.undecided
        ),
    }
}

/// How much was explored of what there is, in a word.
pub fn extent(run: &Exploration) -> &'static str {
    match run {
        Exploration { complete: true, .. } => "complete",
        Exploration { reduced: true, .. } => "reduced",
        Exploration { sampled: true, .. } => "sampled",
        _ => "not complete",
    }
}

/// The line for people.
pub fn text(job: &Job, run: &Exploration) -> String {
    let said = verdict(run.verdict());
    let padding = " ".repeat(18usize.saturating_sub(run.verdict().as_str().len()));
    let (seen, beyond) = outcomes::seen(job, run);
    format!(
        "{engine:<7} {ends:<7} {manner:<6}  {said}{padding}{executions:>9} executions  \
         {seen:>3}{outcomes}  {complete}{injected}, bounds: {bounds}, {time}",
        injected = injected(job).map_or_else(String::new, |i| format!(", {i} fails spuriously")),
        engine = run.engine,
        ends = job.ends.as_str(),
        manner = job.manner,
        executions = count(run.executions),
        outcomes = allowed(run, beyond),
        complete = extent(run),
        bounds = bounds(job),
        time = seconds(run.seconds),
    )
}

#[cfg(test)]
mod tests {
    use pipe::EngineName;
    use programs::outcome::Ends;
    use programs::program::Program;

    use super::*;

    /// Two explorations by DFS differ in what is injected: so do their lines.
    #[test]
    fn a_line_names_the_failure_that_it_injects() {
        let program: Program = "unused: alloc | get".parse().unwrap();
        let mut job = Job::shuttle(program, Ends::Left, Scheduler::Dfs);
        let run = Exploration::new(EngineName::Shuttle);
        let plain = text(&job, &run);
        if let Manner::Shuttle(shuttle) = &mut job.manner {
            shuttle.spurious = Spurious::Once(Inject {
                site: "ACQUIRE_REF".to_owned(),
                n: 1,
            });
        }
        let injected = text(&job, &run);
        assert!(!plain.contains("spuriously"), "{plain}");
        assert!(
            injected.contains("ACQUIRE_REF#1 fails spuriously"),
            "{injected}"
        );
    }

    /// What loom leaves of plain loads is never called complete.
    #[test]
    fn only_what_is_complete_says_so() {
        let mut run = Exploration::new(EngineName::Loom);
        assert_eq!(extent(&run), "not complete");
        run.sampled = true;
        assert_eq!(extent(&run), "sampled");
        run.reduced = true;
        assert_eq!(extent(&run), "reduced");
        run.complete = true;
        assert_eq!(extent(&run), "complete");
    }
}
