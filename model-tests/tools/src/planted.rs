//! Planted bugs: how many schedules it takes to find each, by scheduler.

use std::path::Path;

use serde::Serialize;

use model_tests::counterexample::Counterexample;
use model_tests::interrupt;
use model_tests::nightly::{Draw, Family};
use model_tests::plan::PCT_DEPTH;
use model_tests::worker::Worker;
use pipe::Verdict;
use pipe::{EngineName, Exploration, Job, Manner, Record, Scheduler};

/// A search ends without success after this many schedules.
pub const ENOUGH: u64 = 100_000;

/// The schedulers that search, by name.
pub const SCHEDULERS: [&str; 3] = ["random", "pct", "urw"];

/// One search for a planted bug.
#[derive(Clone, Debug, Serialize)]
pub struct Search {
    /// The bug.
    pub bug: String,
    /// The scheduler.
    pub scheduler: &'static str,
    /// Where the draws began.
    pub seed: u64,
    /// Schedules until it was found, or that did not find it.
    pub schedules: u64,
    /// How it was found; `cut off` if it was not.
    pub verdict: Verdict,
    /// Whether the failure came again, from its schedule and from its seed.
    pub replays: bool,
    /// The program that found it.
    pub program: Option<String>,
}

/// Searches with one scheduler, by the same draws that a night makes, litmus
/// programs left out.
///
/// # Errors
///
/// If the worker refuses a job or cannot be started.
pub fn search(
    bug: &str,
    worker: &Path,
    scheduler: &'static str,
    draw: &Draw,
) -> Result<Search, String> {
    let mut found = Search {
        bug: bug.to_owned(),
        scheduler,
        seed: draw.seed,
        schedules: 0,
        verdict: Verdict::CutOff,
        replays: false,
        program: None,
    };
    let jobs = (0..)
        .map(|number| draw.batch(number))
        .filter(|batch| batch.family != Family::Litmus)
        .map(|batch| with_scheduler(batch.job, scheduler));
    let mut worker = Worker::new(EngineName::Shuttle, worker);
    for job in jobs {
        let run = worker.explore(&job, &mut |_| ())?;
        found.schedules += run.executions;
        if run.verdict() != Verdict::Pass {
            found.verdict = run.verdict();
            found.replays = replays(&mut worker, &job, &run)?;
            found.program = Some(job.case.to_string());
            break;
        }
        if found.schedules >= ENOUGH || interrupt::requested() {
            break;
        }
    }
    Ok(found)
}

/// Whether the failure is there again: from the saved schedule in one
/// execution, and from the seed in the same one.
fn replays(worker: &mut Worker, job: &Job, run: &Exploration) -> Result<bool, String> {
    let Some(saved) = Counterexample::of(job, run) else {
        return Ok(false);
    };
    let from_file = worker.explore(&saved.job(), &mut |_| ())?;
    let from_seed = worker.explore(job, &mut |_| ())?;
    Ok(from_file.verdict() == run.verdict()
        && from_file.executions == 1
        && from_seed.verdict() == run.verdict()
        && from_seed.executions == run.executions)
}

/// The same program and seed under another scheduler, a few schedules each: many
/// programs find more than many schedules of one.
fn with_scheduler(job: Job, scheduler: &str) -> Job {
    const SCHEDULES: u64 = 200;
    let mut job = job.recording(Record::default());
    if let Manner::Shuttle(shuttle) = &mut job.manner {
        let seed = shuttle.scheduler.seed().unwrap_or(1);
        let schedules = SCHEDULES;
        shuttle.scheduler = match scheduler {
            "pct" => Scheduler::Pct {
                seed,
                schedules,
                depth: PCT_DEPTH,
            },
            "urw" => Scheduler::Urw { seed, schedules },
            _ => Scheduler::Random { seed, schedules },
        };
    }
    job
}

/// The median of an odd number of searches; `None` if half of them found
/// nothing.
pub fn median(searches: &[&Search]) -> Option<u64> {
    let mut schedules: Vec<_> = searches
        .iter()
        .map(|s| {
            if s.verdict.is_failure() {
                s.schedules
            } else {
                u64::MAX
            }
        })
        .collect();
    schedules.sort_unstable();
    let median = *schedules.get(schedules.len() / 2)?;
    (median != u64::MAX).then_some(median)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(schedules: u64, verdict: Verdict) -> Search {
        Search {
            bug: String::new(),
            scheduler: "random",
            seed: 1,
            schedules,
            verdict,
            replays: true,
            program: None,
        }
    }

    #[test]
    fn a_search_that_found_nothing_is_no_small_number() {
        let found = search(5, Verdict::Leak);
        let not = search(1, Verdict::CutOff);
        assert_eq!(median(&[&found, &not, &found]), Some(5));
        assert_eq!(median(&[&not, &not, &found]), None);
        assert_eq!(median(&[]), None);
    }
}
