//! What a campaign writes down: a header, then a line for each run.

use serde::{Deserialize, Serialize};

use super::shard::Shard;
use crate::counterexample::digest;
use crate::package;
use pipe::Verdict;
use pipe::{AllowedBy, Exploration, Job};

/// What a result file is a result of. Files with different headers, shards
/// aside, do not belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Header {
    /// The commit that was tested; with `+changes` if files were modified.
    pub commit: String,
    /// The subject, if it is not `meta-core`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Threads and operations, such as `2x2`.
    pub bound: String,
    /// What happens to handles at the end, by name.
    pub ends: Vec<String>,
    /// How loads are performed, by name.
    pub ways: Vec<String>,
    /// Whether `count` is among the operations.
    pub with_count: bool,
    /// Sites with another ordering.
    pub weaken: Vec<String>,
    /// The part that this file is about.
    pub shard: Shard,
    /// How many programs of the bound the subject runs, over all shards.
    pub programs: usize,
    /// What is left out of them because the subject refuses it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
}

impl Header {
    /// Whether the record is of one of the runs.
    pub(super) fn has(&self, record: &Record) -> bool {
        let way = match record.engine.as_str() {
            "rc11" => "rc11".to_owned(),
            engine => format!("{engine} ({})", record.probe),
        };
        record.position < self.programs
            && self.shard.contains(record.position)
            && self.ends.contains(&record.ends)
            && self.ways.contains(&way)
    }
}

/// One run of one program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Record {
    /// The subject, if it is not `meta-core`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The position of the program in its bound, counted from 0.
    pub position: usize,
    /// The program.
    pub program: String,
    /// The engine.
    pub engine: String,
    /// What happened to handles at the end.
    pub ends: String,
    /// How loads were performed.
    pub probe: String,
    /// Executions that ran to their end.
    pub executions: u64,
    /// Of these, executions cut at a failed weak compare-and-swap, which show no outcome of their
    /// own.
    #[serde(default)]
    pub cut_branches: u64,
    /// Outcomes seen.
    pub outcomes: usize,
    /// Outcomes allowed; 0 if each that was seen was searched for.
    pub allowed: usize,
    /// Where it is known from which outcomes are allowed.
    #[serde(default)]
    pub allowed_by: AllowedBy,
    /// Whether every execution was explored.
    pub complete: bool,
    /// Whether the engine came to its end, and may have left executions out.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub reduced: bool,
    /// The verdict.
    pub verdict: Verdict,
    /// The time it took.
    pub seconds: f64,
    /// What is known of a failure, or the outcomes that are missing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message: Option<String>,
    /// A digest of the outcomes, if they are compared with another engine's.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub seen: Option<String>,
}

impl Record {
    /// The record of a run.
    pub fn new(position: usize, job: &Job, run: &Exploration) -> Self {
        let missing = (!run.missing.is_empty()).then(|| run.missing.join("; "));
        Record {
            subject: package::name(),
            position,
            program: job.case.to_string(),
            engine: run.engine.to_string(),
            ends: job.ends.as_str().to_owned(),
            probe: job.manner.to_string(),
            executions: run.executions,
            cut_branches: run.cut_branches,
            outcomes: run.seen,
            allowed: run.allowed,
            allowed_by: run.allowed_by,
            complete: run.complete,
            reduced: run.reduced,
            verdict: run.verdict(),
            seconds: run.seconds,
            message: run
                .failure
                .as_ref()
                .map(|f| f.reason.to_string())
                .or(missing),
            seen: None,
        }
    }

    /// The same, to be compared with another engine's.
    #[must_use]
    pub fn compared(mut self, run: &Exploration) -> Self {
        let outcomes: Vec<_> = run.outcomes.keys().map(String::as_str).collect();
        self.seen = Some(format!("{:016x}", digest(&outcomes.join("\n"))));
        self
    }

    /// What tells this run from the others of its campaign.
    pub fn key(&self) -> (usize, String, String) {
        (self.position, self.ends.clone(), self.probe.clone())
    }
}
