//! What the commands found, kept from run to run: one line a run, which the
//! report is drawn from.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::campaign::commit;
use crate::json;
use crate::note;
use crate::package;
use crate::workspace;
use pipe::Transition;
use pipe::Verdict;
use pipe::{Exploration, Job};

/// A run of a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Kept {
    /// When it ended, in seconds since 1970.
    pub when: u64,
    /// The commit that was tested.
    pub commit: String,
    /// The command, such as `campaign 2x2`.
    pub command: String,
    /// The subject's folder, if it is not `meta-core`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Its verdict.
    pub verdict: Verdict,
    /// Executions or schedules, all together.
    pub executions: u64,
    /// The time of the engines, in seconds; of `nightly`, its own.
    pub seconds: f64,
    /// What else there is to show.
    pub found: Findings,
}

/// What a command found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Findings {
    /// One program on its engines.
    Explore {
        /// The program.
        program: String,
        /// Orderings other than the code's.
        changed: Vec<String>,
        /// A line for each run.
        runs: Vec<Seen>,
    },
    /// Runs over the programs of a bound.
    Campaign {
        /// Runs that were made.
        done: u64,
        /// Runs that were asked for.
        of: u64,
        /// Outcomes that were seen.
        outcomes: u64,
        /// Outcomes that are allowed.
        allowed: u64,
    },
    /// Transitions.
    Coverage {
        /// What the specification allows.
        allowed: BTreeSet<Transition>,
        /// What an engine reached.
        reached: BTreeSet<Transition>,
    },
    /// Random programs.
    Nightly {
        /// Programs.
        programs: u64,
    },
}

/// One exploration of a program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Seen {
    /// The engine, the end, and how the engine went about it.
    pub line: String,
    /// Its verdict.
    pub verdict: Verdict,
    /// Whether it is complete.
    pub complete: bool,
    /// The outcomes and how many executions showed each; none, of those that
    /// are missing.
    pub outcomes: BTreeMap<String, u64>,
}

impl Seen {
    /// What is kept of an exploration.
    pub fn new(job: &Job, run: &Exploration) -> Self {
        let missing = run.missing.iter().map(|text| (text.clone(), 0));
        Seen {
            line: format!("{} {} {}", run.engine, job.ends.as_str(), job.manner),
            verdict: run.verdict(),
            complete: run.complete,
            outcomes: run.outcomes.clone().into_iter().chain(missing).collect(),
        }
    }
}

impl Kept {
    /// A run that ends now, on the commit that is checked out.
    pub fn now(command: String, verdict: Verdict, found: Findings) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        Kept {
            when: now.map_or(0, |since| since.as_secs()),
            commit: commit(),
            command,
            subject: package::folder(),
            verdict,
            executions: 0,
            seconds: 0.0,
            found,
        }
    }

    /// Adds the line. A run is not undone because it cannot be noted down:
    /// standard error says so, and that is all.
    pub fn keep(&self) {
        let path = file();
        let kept =
            json::text(self).and_then(|line| append(&path, &line).map_err(|e| e.to_string()));
        if let Err(error) = kept {
            note!("note: not kept for the report: {}: {error}", path.display());
        }
    }
}

/// Where the lines are.
pub fn file() -> PathBuf {
    workspace::target().join("runs.jsonl")
}

fn append(path: &Path, line: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)?;
    // One write a line, so that two commands at a time do not mix theirs.
    file.write_all(format!("{line}\n").as_bytes())
}

/// The runs in a file, oldest first; none if it does not exist. Lines of other
/// versions are left out, and counted.
///
/// # Errors
///
/// If the file is there and cannot be read.
pub fn load(path: &Path) -> Result<(Vec<Kept>, usize), String> {
    let text = match std::fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        text => text.map_err(|e| format!("{}: {e}", path.display()))?,
    };
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let (kept, other): (Vec<_>, Vec<_>) = lines
        .map(|line| json::read::<Kept>(line.as_bytes()))
        .partition(Result::is_ok);
    Ok((kept.into_iter().flatten().collect(), other.len()))
}
