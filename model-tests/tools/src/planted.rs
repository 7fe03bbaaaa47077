//! Planted bugs: how many executions it takes to find each, by how they are drawn.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use model_tests::counterexample::Counterexample;
use model_tests::interrupt;
use model_tests::nightly::{Draw, Family, Way};
use model_tests::worker::Worker;
use model_tests::{json, print, workspace};
use pipe::{Exploration, Job, Verdict};

/// A search ends without success after this many executions if nothing else is said.
pub const ENOUGH: u64 = 100_000;

/// Executions of one program: many programs find more than many executions of one.
const EACH: u64 = 200;

/// One search for a planted bug.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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

/// Searches in one way for so many executions, by the same draws of programs that a
/// night makes, litmus programs left out.
///
/// # Errors
///
/// If the worker refuses a job or cannot be started.
pub fn search(
    bug: &str,
    worker: &Path,
    way: Way,
    draw: &Draw,
    enough: u64,
) -> Result<Search, String> {
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
        // What was cut off, or could not be judged, found nothing: another program may.
        if !matches!(run.verdict(), Verdict::Pass | Verdict::CutOff) {
            found.verdict = run.verdict();
            found.replays = replays(&mut worker, &job, &run)?;
            found.program = Some(job.case.to_string());
            break;
        }
        if found.executions >= enough || interrupt::requested() {
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

/// What is kept of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct KeptSearch {
    /// Where the draws began.
    pub seed: u64,
    /// Executions until it was found, or that did not find it.
    pub executions: u64,
    /// How it was found; `cut off` if it was not.
    pub verdict: Verdict,
}

impl From<&Search> for KeptSearch {
    fn from(search: &Search) -> Self {
        KeptSearch {
            seed: search.seed,
            executions: search.executions,
            verdict: search.verdict,
        }
    }
}

/// The searches that are kept with the code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Recorded {
    /// By bug, and by how executions were drawn.
    pub bugs: BTreeMap<String, BTreeMap<String, Vec<KeptSearch>>>,
}

impl Recorded {
    fn path() -> PathBuf {
        workspace::package().join("planted.json")
    }

    /// Reads the file.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or is no such record.
    pub fn load() -> Result<Self, String> {
        let path = Self::path();
        let text = std::fs::read(&path).map_err(|e| e.to_string());
        text.and_then(|text| json::read(&text))
            .map_err(|e| format!("{}: {e}", path.display()))
    }

    /// Writes the file.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn save(&self) -> Result<(), String> {
        let path = Self::path();
        std::fs::write(&path, json::pretty(self)?).map_err(|e| format!("{}: {e}", path.display()))
    }

    /// Puts the searches for a bug in one way in place of those from before.
    pub fn replace(&mut self, bug: &str, way: Way, searches: &[Search]) {
        let of_bug = self.bugs.entry(bug.to_owned()).or_default();
        let kept = searches.iter().map(KeptSearch::from).collect();
        of_bug.insert(way.name().to_owned(), kept);
    }
}

/// How a bug was found, in a word.
pub fn verdict(searches: &[KeptSearch]) -> Option<Verdict> {
    let mut verdicts = searches.iter().map(|search| search.verdict);
    verdicts.find(|verdict| verdict.is_failure())
}

/// What a table says of the searches for a bug in one way: the median if more than half
/// of them found it; else how many did, and after how many executions the others
/// gave up.
pub fn cell(searches: &[KeptSearch]) -> String {
    let given_up = searches.iter().filter(|s| !s.verdict.is_failure());
    let given_up: Vec<_> = given_up.map(|search| search.executions).collect();
    let mut found: Vec<_> = (searches.iter().filter(|s| s.verdict.is_failure()))
        .map(|search| search.executions)
        .collect();
    found.sort_unstable();
    match (found.get(searches.len() / 2), given_up.iter().min()) {
        _ if searches.is_empty() => "-".to_owned(),
        (Some(median), _) => print::count(*median),
        (None, within) => {
            let within = print::count(within.copied().unwrap_or(0));
            match found.len() {
                0 => format!("not within {within}"),
                n => format!("{n} of {} within {within}", searches.len()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By a worker that gives prepared replies: one is cut off, one passes, one fails.
    #[cfg(unix)]
    #[test]
    fn a_run_that_was_cut_off_is_not_the_end_of_a_search() {
        use std::os::unix::fs::PermissionsExt;

        use model_tests::campaign::Shard;
        use pipe::{EngineName, Reason, Reply};

        let cut = Exploration {
            executions: 3,
            ..Exploration::new(EngineName::Rc11)
        };
        let passed = Exploration {
            executions: 5,
            sampled: true,
            threads_run: 2,
            ..cut.clone()
        };
        let message = "as planted".to_owned();
        let failed = Exploration {
            executions: 7,
            failure: Some(Reason::Race { message }.into()),
            ..cut.clone()
        };
        let replies = [cut, passed, failed].map(|run| {
            let reply = Reply::Done(Box::new(run)).to_line().unwrap();
            format!("read -r job\necho '{reply}'\n")
        });
        let name = format!("planted-{}", std::process::id());
        let worker = std::env::temp_dir().join(name);
        std::fs::write(&worker, format!("#!/bin/sh\n{}", replies.concat())).unwrap();
        std::fs::set_permissions(&worker, PermissionsExt::from_mode(0o700)).unwrap();
        let draw = Draw {
            seed: 1,
            shard: Shard::WHOLE,
            litmus: vec!["unused: alloc | get".parse().unwrap()],
        };
        let searched = |enough| {
            let found = super::search("bug", &worker, Way::Rc11, &draw, enough).unwrap();
            (found.executions, found.verdict, found.program.is_some())
        };
        assert_eq!(searched(100), (15, Verdict::DataRace, true));
        assert_eq!(searched(8), (8, Verdict::CutOff, false));
        std::fs::remove_file(worker).unwrap();
    }

    fn search(executions: u64, verdict: Verdict) -> KeptSearch {
        KeptSearch {
            seed: 1,
            executions,
            verdict,
        }
    }

    #[test]
    fn a_search_that_found_nothing_is_no_small_number() {
        let found = search(5, Verdict::Leak);
        let not = search(1_000, Verdict::CutOff);
        assert_eq!(cell(&[found, not, found]), "5");
        assert_eq!(cell(&[not, not, found]), "1 of 3 within 1,000");
        assert_eq!(cell(&[not, search(900, Verdict::CutOff)]), "not within 900");
        assert_eq!(cell(&[]), "-");
        assert_eq!(verdict(&[not, found]), Some(Verdict::Leak));
        assert_eq!(verdict(&[not]), None);
    }
}
