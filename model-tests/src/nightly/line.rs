//! The result of one batch, as it is written down.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::draw::{Batch, Draw};
use crate::campaign::Shard;
use crate::package;
use pipe::Transition;
use pipe::Verdict;
use pipe::{EngineName, Exploration};

/// What `--json` prints for a batch.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BatchLine {
    /// The subject, if it is not `meta-core`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The program.
    pub program: String,
    /// The engine.
    pub engine: EngineName,
    /// Where the program came from.
    pub family: String,
    /// Where the whole night began.
    pub base_seed: u64,
    /// The shard.
    pub shard: Shard,
    /// The number of the batch in its shard.
    pub batch: u64,
    /// Shuttle's scheduler; `sample` of rc11.
    pub scheduler: String,
    /// The seed of this batch.
    pub seed: Option<u64>,
    /// What happened to handles at the end.
    pub ends: String,
    /// Schedules or samples that ran.
    pub executions: u64,
    /// Their steps.
    pub steps: u64,
    /// Different outcomes.
    pub outcomes: usize,
    /// How many are allowed; not worked out for random programs, whose outcomes
    /// are judged one by one.
    pub allowed: Option<usize>,
    /// Outcomes that could not be judged in time.
    pub undecided: u64,
    /// Transitions reached.
    pub transitions: BTreeSet<Transition>,
    /// Never: a night samples.
    pub complete: bool,
    /// Whether all that were asked for ran.
    pub sampled: bool,
    /// The verdict.
    pub verdict: Verdict,
    /// The time it took.
    pub seconds: f64,
    /// What is known of a failure.
    pub message: Option<String>,
    /// The orderings that were not the code's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weaken: Vec<String>,
}

impl BatchLine {
    /// The line of a batch.
    pub fn new(draw: &Draw, batch: &Batch, run: &Exploration) -> Self {
        BatchLine {
            subject: package::name(),
            program: batch.job.case.to_string(),
            engine: run.engine,
            family: batch.family.name().to_owned(),
            base_seed: draw.seed,
            shard: draw.shard,
            batch: batch.number,
            scheduler: batch.job.manner.to_string(),
            seed: batch.job.seed(),
            ends: batch.job.ends.as_str().to_owned(),
            executions: run.executions,
            steps: run.steps,
            outcomes: run.outcomes.len(),
            allowed: batch.job.enumerate.then_some(run.allowed),
            undecided: run.undecided,
            transitions: run.transitions.clone(),
            complete: run.complete,
            sampled: run.sampled,
            verdict: run.verdict(),
            seconds: run.seconds,
            message: run.failure.as_ref().map(|f| f.reason.to_string()),
            weaken: (batch.job.orderings().iter())
                .map(ToString::to_string)
                .collect(),
        }
    }
}
