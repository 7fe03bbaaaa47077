//! What a worker is asked, and what it answers.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{Description, EngineName, Failure, Job, SiteInfo, Step, Transition, Verdict};

/// A line to a worker.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Request {
    /// Describe the code under test.
    Describe,
    /// Explore a job.
    Explore(Box<Job>),
}

/// A line from a worker.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reply {
    /// What was to be described.
    Described(Box<Description>),
    /// The job goes on.
    Progress(SoFar),
    /// The job is over.
    Done(Box<Exploration>),
    /// The request does not make sense.
    Refused(String),
}

/// The text of a line is made and read here, not where it is used: what serde
/// generates is built with this crate, and not again with the code under test.
macro_rules! line {
    ($type:ty) => {
        impl $type {
            /// The line, without its end.
            ///
            /// # Errors
            ///
            /// If a value has no form in JSON.
            pub fn to_line(&self) -> serde_json::Result<String> {
                serde_json::to_string(self)
            }

            /// Reads a line.
            ///
            /// # Errors
            ///
            /// If it is none of these.
            pub fn from_line(line: &str) -> serde_json::Result<Self> {
                serde_json::from_str(line)
            }
        }
    };
}

line!(Request);
line!(Reply);

/// What an exploration has done so far.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct SoFar {
    /// Executions that ran to their end.
    pub executions: u64,
    /// Different outcomes.
    pub outcomes: usize,
}

/// Where it is known from which outcomes are allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum AllowedBy {
    /// The specification enumerates them.
    #[default]
    Specification,
    /// The explorer ran the steps of the specification: it supplied both sides.
    Explorer,
    /// The specification was asked for each outcome that was seen; how many are
    /// allowed is not known.
    Search,
    /// No outcomes were given: all are allowed.
    Nobody,
}

/// What is left of an exploration that was cut off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Left {
    /// Which worker left it, by a digest of its code: no other one goes on with
    /// it.
    pub worker: String,
    /// Executions begun, those included that did not come to their end.
    pub begun: u64,
    /// The graphs that are left, each in the explorer's own form.
    pub graphs: Vec<String>,
}

/// What an engine saw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Exploration {
    /// The engine.
    pub engine: EngineName,
    /// Executions that ran to their end, cut branches included.
    pub executions: u64,
    /// Of these, executions cut at a failed weak CAS, which show no outcome of
    /// their own.
    pub cut_branches: u64,
    /// How many different outcomes were seen.
    #[serde(default)]
    pub seen: usize,
    /// The outcomes, in the text form, and how many executions showed each; none if
    /// the job did not ask for them.
    pub outcomes: BTreeMap<String, u64>,
    /// How many outcomes the specification allows.
    pub allowed: usize,
    /// Where that is known from.
    pub allowed_by: AllowedBy,
    /// Outcomes allowed and asked for, but not seen. Judged only if complete.
    pub missing: Vec<String>,
    /// Whether every execution was explored.
    pub complete: bool,
    /// Whether the engine came to its end, and its reduction may have left
    /// executions out.
    #[serde(default)]
    pub reduced: bool,
    /// Whether as many schedules were drawn as were asked for, which is all
    /// that a sampling scheduler can do.
    pub sampled: bool,
    /// Steps of all executions, where they were counted.
    pub steps: u64,
    /// Outcomes that could not be judged because the search for them took too
    /// long; only where outcomes are not worked out beforehand.
    pub undecided: u64,
    /// The transitions that were reached, if the job asked for them.
    pub transitions: BTreeSet<Transition>,
    /// The accesses that were met, if the job asked for them.
    #[serde(default)]
    pub sites: Vec<SiteInfo>,
    /// Threads of the program that ran, over all executions: none is a bug of
    /// the harness.
    pub threads_run: u64,
    /// The steps of the first execution that showed each outcome, if the job
    /// asked for them.
    pub examples: BTreeMap<String, Vec<Step>>,
    /// What ended the exploration, if it was not its end.
    pub failure: Option<Failure>,
    /// What is left, if a limit or an interrupt ended it and the job asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<Left>,
    /// The time it took.
    pub seconds: f64,
}

impl Exploration {
    /// Nothing seen yet.
    pub fn new(engine: EngineName) -> Self {
        Exploration {
            engine,
            executions: 0,
            cut_branches: 0,
            seen: 0,
            outcomes: BTreeMap::new(),
            allowed: 0,
            allowed_by: AllowedBy::Specification,
            missing: Vec::new(),
            complete: false,
            reduced: false,
            sampled: false,
            steps: 0,
            undecided: 0,
            transitions: BTreeSet::new(),
            sites: Vec::new(),
            threads_run: 0,
            examples: BTreeMap::new(),
            failure: None,
            left: None,
            seconds: 0.0,
        }
    }

    /// Whether the engine came to its end, whatever that is for it.
    pub const fn ended(&self) -> bool {
        self.complete || self.reduced || self.sampled
    }

    /// The verdict of this exploration alone.
    pub fn verdict(&self) -> Verdict {
        if let Some(failure) = &self.failure {
            failure.verdict()
        } else if !self.ended() {
            Verdict::CutOff
        } else if self.threads_run == 0 {
            Verdict::ToolFailure
        } else if !self.missing.is_empty() {
            Verdict::MissingOutcome
        } else if self.undecided > 0 {
            // An outcome of which nobody knows whether it is allowed was not judged.
            Verdict::CutOff
        } else {
            Verdict::Pass
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_that_could_not_be_judged_is_no_pass() {
        let mut run = Exploration {
            complete: true,
            threads_run: 1,
            ..Exploration::new(EngineName::Loom)
        };
        assert_eq!(run.verdict(), Verdict::Pass);
        run.undecided = 1;
        assert_eq!(run.verdict(), Verdict::CutOff);
        run.missing.push("ok | ok".to_owned());
        assert_eq!(run.verdict(), Verdict::MissingOutcome);
    }

    #[test]
    fn what_did_not_come_to_its_end_is_cut_off() {
        let mut run = Exploration::new(EngineName::Rc11);
        run.threads_run = 1;
        assert_eq!(run.verdict(), Verdict::CutOff);
        for end in 0..3 {
            (run.complete, run.reduced, run.sampled) = (end == 0, end == 1, end == 2);
            run.threads_run = 1;
            assert_eq!(run.verdict(), Verdict::Pass);
            run.threads_run = 0;
            assert_eq!(run.verdict(), Verdict::ToolFailure);
        }
    }
}
