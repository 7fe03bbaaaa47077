//! A failing execution, saved: one file that can be run again.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::campaign::commit;
use crate::json;
use crate::package::{self, Package};
use crate::story::{self, Story};
use crate::workspace;
use pipe::Verdict;
use pipe::{
    Description, EngineName, Exploration, Failure, Graph, Job, Limits, Manner, Reason, Record,
    Schedule, Scheduler, Search, Step,
};

/// A failing execution.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Counterexample {
    /// The commit on which it failed.
    pub commit: String,
    /// The subject's folder, if it is not `meta-core`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The subject's source files then, by path, with digests of what was in them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, String>,
    /// The engine.
    pub engine: EngineName,
    /// How it failed.
    pub verdict: Verdict,
    /// What happened, in a few words.
    pub message: String,
    /// Why it failed; nothing if it misses outcomes.
    pub reason: Option<Reason>,
    /// The outcomes that it misses.
    pub missing: Vec<String>,
    /// The run that failed: the program, and under shuttle the scheduler and
    /// its seed.
    pub job: Job,
    /// Which execution of the run failed, counted from 1.
    pub execution: u64,
    /// The schedule that shuttle took.
    pub schedule: Option<Schedule>,
    /// The execution graph that rc11 came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub graph: Option<Graph>,
    /// The program that failed at first, if this is a smaller one.
    #[serde(default)]
    pub original: Option<String>,
    /// The steps of the failing execution, if they were recorded.
    #[serde(default)]
    pub steps: Vec<Step>,
}

impl Counterexample {
    /// The failing execution of a run, or the run if it misses an outcome;
    /// nothing if it did not fail, or if it cannot be made again because real
    /// threads ran it.
    pub fn of(job: &Job, run: &Exploration) -> Option<Self> {
        let verdict = run.verdict();
        if !verdict.is_failure() || run.engine == EngineName::Threads {
            return None;
        }
        let failure = run.failure.as_ref();
        Some(Counterexample {
            commit: commit(),
            subject: package::folder(),
            files: package::chosen().map(Package::files).unwrap_or_default(),
            engine: run.engine,
            verdict,
            message: failure.map_or_else(|| run.missing.join("; "), |f| f.reason.to_string()),
            reason: failure.map(|f| f.reason.clone()),
            missing: run.missing.clone(),
            job: job.clone(),
            execution: run.executions,
            schedule: failure.and_then(|f| f.schedule.clone()),
            graph: failure.and_then(|f| f.graph.clone()),
            original: None,
            steps: failure.map_or_else(Vec::new, |f| f.steps.clone()),
        })
    }

    /// Whether the subject's files are those that failed.
    ///
    /// # Errors
    ///
    /// The files that changed: what would run is other code.
    pub fn check_files(&self) -> Result<(), String> {
        let Some(package) = package::chosen().filter(|_| !self.files.is_empty()) else {
            return Ok(());
        };
        let now = package.files();
        let names: BTreeSet<_> = self.files.keys().chain(now.keys()).collect();
        let changed = names
            .into_iter()
            .filter(|name| self.files.get(*name) != now.get(*name));
        let changed: Vec<_> = changed.map(String::as_str).collect();
        match changed.is_empty() {
            true => Ok(()),
            false => Err(format!(
                "the subject changed since this was saved: {}\n  hint: `explore` what failed again",
                changed.join(", ")
            )),
        }
    }

    /// The same, as what became of a larger program.
    #[must_use]
    pub fn from_original(mut self, original: &str) -> Self {
        self.original = (original != self.job.case.to_string()).then(|| original.to_owned());
        self
    }

    /// What was seen of the run, as far as it is saved: its failure.
    pub fn run(&self) -> Exploration {
        let mut run = Exploration {
            executions: self.execution,
            threads_run: 1,
            ..Exploration::new(self.engine)
        };
        run.complete = self.reason.is_none();
        run.missing.clone_from(&self.missing);
        run.failure = self.reason.clone().map(|reason| Failure {
            reason,
            steps: self.steps.clone(),
            schedule: self.schedule.clone(),
            graph: self.graph.clone(),
        });
        run
    }

    /// The story of the failing execution, without running it again.
    pub fn story(&self, subject: &'static Description) -> Option<Story> {
        story::of_failure(&self.job, &self.run(), subject)
    }

    /// Where counterexamples are saved if nothing else is said.
    pub fn default_folder() -> PathBuf {
        workspace::target().join("failures")
    }

    /// Writes the file, named after what failed, into `folder`.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn save(&self, folder: &Path) -> Result<PathBuf, String> {
        let text = json::pretty(self)?;
        let verdict = self.verdict.as_str().replace(' ', "-");
        let name = format!("{}-{verdict}-{:016x}.json", self.engine, digest(&text));
        let path = folder.join(name);
        self.write(&path)?;
        Ok(path)
    }

    /// Writes it to this file.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), String> {
        let written = json::pretty(self).map(|text| workspace::write(path, &text));
        let written = written.and_then(|done| done.map_err(|e| e.to_string()));
        written.map_err(|e| format!("{}: {e}", path.display()))
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// If it cannot be read, is no counterexample, or has steps that no execution has.
    pub fn load(path: &Path) -> Result<Self, String> {
        let text = std::fs::read(path).map_err(|e| e.to_string());
        let found = text.and_then(|text| json::read::<Self>(&text));
        found
            .and_then(|found| Step::check(&found.steps).map(|()| found))
            .map_err(|error| format!("{}: {error}", path.display()))
    }

    /// The job that runs the failing execution again: shuttle takes the same
    /// schedule at once, rc11 makes the same graph, loom goes through the same
    /// executions up to it. A missing outcome takes all of them.
    pub fn job(&self) -> Job {
        let mut job = self.job.clone().recording(Record::STEPS);
        match (&self.schedule, &self.graph, &mut job.manner) {
            (Some(schedule), _, Manner::Shuttle(shuttle)) => {
                shuttle.scheduler = Scheduler::Replay {
                    schedule: schedule.clone(),
                };
                job.limits = Limits::default();
            }
            (_, Some(graph), Manner::Rc11(rc11)) => {
                rc11.search = Search::Replay {
                    graph: graph.clone(),
                };
                job.limits = Limits::default();
            }
            _ if self.verdict == Verdict::MissingOutcome => {}
            _ => job.limits.executions = Some(self.execution),
        }
        job
    }
}

/// FNV-1a, which only has to tell files apart.
pub fn digest(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Whether two executions made the same steps, but for addresses: each process has its
/// memory elsewhere.
pub fn same_but_for_addresses(saved: &[Step], now: &[Step]) -> bool {
    let [saved, now] = [saved, now].map(|steps| serde_json::to_value(steps).unwrap_or_default());
    same(&saved, &now, &mut BTreeMap::new())
}

/// The same for what they look like in a file; `names` has the addresses of the one by
/// those of the other.
fn same(saved: &Value, now: &Value, names: &mut BTreeMap<u64, u64>) -> bool {
    /// Where a loader and an allocator place things.
    const ADDRESSES: Range<u64> = 1 << 32..1 << 63;
    match (saved, now) {
        (Value::Array(saved), Value::Array(now)) => {
            let mut pairs = saved.iter().zip(now);
            saved.len() == now.len() && pairs.all(|(saved, now)| same(saved, now, names))
        }
        (Value::Object(saved), Value::Object(now)) => {
            let mut fields = saved.iter().map(|(name, value)| (value, now.get(name)));
            saved.len() == now.len()
                && fields.all(|(saved, now)| now.is_some_and(|now| same(saved, now, names)))
        }
        (saved, now) if saved == now => true,
        (saved, now) => {
            let [saved, now] = [saved, now].map(|value| value.as_u64().unwrap_or_default());
            ADDRESSES.contains(&saved)
                && ADDRESSES.contains(&now)
                && *names.entry(saved).or_insert(now) == now
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn executions_differ_by_what_is_no_address() {
        let (old, new) = (0x5555_0000_1000_u64, 0x7fff_0000_0000_u64);
        let same = |saved: [u64; 2], now: [u64; 2]| {
            let steps = |values: [u64; 2]| json!(values.map(|value| json!({"read": value})));
            same(&steps(saved), &steps(now), &mut BTreeMap::new())
        };
        assert!(same([old, old], [new, new]));
        assert!(!same([old, old], [new, new + 8]));
        assert!(same([1, old], [1, new]));
        assert!(!same([2, old], [1, new]));
        assert!(!same([u64::MAX, old], [u64::MAX - 1, new]));
    }
}
