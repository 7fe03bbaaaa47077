//! Planted bugs: how many executions it takes to find each, by how they are drawn.

use std::path::Path;

use serde::Serialize;

use model_tests::counterexample::Counterexample;
use model_tests::interrupt;
use model_tests::nightly::{Draw, Family, Way};
use model_tests::worker::Worker;
use pipe::{Exploration, Job, Verdict};

/// A search ends without success after this many executions.
pub const ENOUGH: u64 = 100_000;

/// Executions of one program: many programs find more than many executions of one.
const EACH: u64 = 200;

/// One search for a planted bug.
#[derive(Clone, Debug, Serialize)]
pub struct Search {
    /// The bug.
    pub bug: String,
    /// How executions are drawn: the scheduler of shuttle, or `rc11`.
    pub by: &'static str,
    /// Where the draws began.
    pub seed: u64,
    /// Executions until it was found, or that did not find it.
    pub executions: u64,
    /// How it was found; `cut off` if it was not.
    pub verdict: Verdict,
    /// Whether the failure came again, from its schedule or graph and from its seed.
    pub replays: bool,
    /// The program that found it.
    pub program: Option<String>,
}

/// Searches in one way, by the same draws of programs that a night makes, litmus
/// programs left out.
///
/// # Errors
///
/// If the worker refuses a job or cannot be started.
pub fn search(bug: &str, worker: &Path, way: Way, draw: &Draw) -> Result<Search, String> {
    let mut found = Search {
        bug: bug.to_owned(),
        by: way.name(),
        seed: draw.seed,
        executions: 0,
        verdict: Verdict::CutOff,
        replays: false,
        program: None,
    };
    let jobs = (0..)
        .map(|number| draw.batch(number))
        .filter(|batch| batch.family != Family::Litmus)
        .filter_map(|batch| {
            let (job, program) = (&batch.job, batch.job.case.program()?);
            Some(way.job(program.clone(), job.ends, job.seed()?, EACH))
        });
    let mut worker = Worker::new(way.engine(), worker);
    for job in jobs {
        let run = worker.explore(&job, &mut |_| ())?;
        found.executions += run.executions;
        if run.verdict() != Verdict::Pass {
            found.verdict = run.verdict();
            found.replays = replays(&mut worker, &job, &run)?;
            found.program = Some(job.case.to_string());
            break;
        }
        if found.executions >= ENOUGH || interrupt::requested() {
            break;
        }
    }
    Ok(found)
}

/// Whether the failure is there again: from the saved schedule or graph in one
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

/// The median of an odd number of searches; `None` if half of them found
/// nothing.
pub fn median(searches: &[&Search]) -> Option<u64> {
    let mut executions: Vec<_> = searches
        .iter()
        .map(|s| {
            if s.verdict.is_failure() {
                s.executions
            } else {
                u64::MAX
            }
        })
        .collect();
    executions.sort_unstable();
    let median = *executions.get(executions.len() / 2)?;
    (median != u64::MAX).then_some(median)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(executions: u64, verdict: Verdict) -> Search {
        Search {
            bug: String::new(),
            by: "random",
            seed: 1,
            executions,
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
