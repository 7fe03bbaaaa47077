//! What an engine is asked, and what it answers. Both travel between
//! processes as JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use meta_core::ordering::Site;
use prop_tests::outcome::Ends;
use serde::{Deserialize, Serialize};

use super::scheduler::Scheduler;
use crate::ordering_name;
use crate::transition::Transition;
use crate::verdict::Verdict;

/// An engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineName {
    /// Exhaustive, with weak memory.
    Loom,
    /// Sequentially consistent, at random or exhaustive.
    Shuttle,
    /// Real threads on this machine's processors: a sample.
    Threads,
}

impl EngineName {
    /// The name. That of an explorer is also the cfg that compiles it in.
    pub const fn as_str(self) -> &'static str {
        match self {
            EngineName::Loom => "loom",
            EngineName::Shuttle => "shuttle",
            EngineName::Threads => "threads",
        }
    }
}

impl std::str::FromStr for EngineName {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "loom" => Ok(EngineName::Loom),
            "shuttle" => Ok(EngineName::Shuttle),
            "threads" => Ok(EngineName::Threads),
            other => Err(format!("`{other}` is not one of loom, shuttle, threads")),
        }
    }
}

impl fmt::Display for EngineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How loom performs the loads of a slot's word, and what its outcomes are
/// compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Probe {
    /// As a CAS that cannot succeed: outcomes seen = outcomes allowed.
    Cas,
    /// As a load, which may be stale: outcomes seen are among those allowed.
    Load,
}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Probe::Cas => "cas",
            Probe::Load => "load",
        })
    }
}

/// A site with another ordering than the code's.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OrderingChange {
    /// The name of the site.
    pub site: String,
    /// `Relaxed`, `Acquire`, `Release`, `AcqRel`, or `none` for no fence.
    pub ordering: String,
}

impl OrderingChange {
    /// Parses `SITE=Ordering`.
    ///
    /// # Errors
    ///
    /// As [`resolve`](Self::resolve), or if it is not of this form.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (site, ordering) = ordering_name::split(text)?;
        let (site, ordering) = ordering_name::resolve(site, ordering)?;
        Ok(OrderingChange {
            site: site.name().to_owned(),
            ordering: ordering_name::name(ordering).to_owned(),
        })
    }

    /// The change, resolved.
    ///
    /// # Errors
    ///
    /// If there is no such site or it cannot have this ordering, with a hint.
    pub fn resolve(&self) -> Result<(Site, Option<std::sync::atomic::Ordering>), String> {
        ordering_name::resolve(&self.site, &self.ordering)
    }
}

impl fmt::Display for OrderingChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.site, self.ordering)
    }
}

/// When an exploration is cut off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// After this many executions.
    pub executions: Option<u64>,
    /// After this many seconds.
    pub seconds: Option<f64>,
}

/// One exploration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// The program, in the text form, or the name of a scenario.
    pub program: String,
    /// Whether it is a scenario.
    #[serde(default)]
    pub scenario: bool,
    /// What happens to handles at the end.
    #[serde(with = "crate::ends_name")]
    pub ends: Ends,
    /// How loads are performed under loom.
    pub probe: Probe,
    /// How shuttle chooses; nothing for loom.
    pub scheduler: Option<Scheduler>,
    /// Whether shuttle may switch in the middle of a plain access, so that two
    /// of them can overlap.
    pub overlap: bool,
    /// Whether shuttle draws spurious failures of weak compare-and-swaps.
    pub spurious: bool,
    /// Sites with another ordering.
    pub orderings: Vec<OrderingChange>,
    /// The n-th weak CAS of this site fails spuriously.
    pub inject: Option<(String, u32)>,
    /// When to stop early.
    pub limits: Limits,
    /// Whether the steps of a failing execution are wanted.
    pub trace: bool,
    /// Whether the steps of one execution for each outcome are wanted.
    #[serde(default)]
    pub examples: bool,
    /// Whether the transitions that are reached are wanted.
    pub coverage: bool,
    /// Whether all allowed outcomes are worked out beforehand. A program too
    /// large for that has each outcome searched for, and misses none.
    pub enumerate: bool,
}

impl Job {
    /// A run of `program` under loom.
    pub fn loom(program: String, ends: Ends, probe: Probe) -> Self {
        Job {
            program,
            scenario: false,
            ends,
            probe,
            scheduler: None,
            overlap: false,
            spurious: false,
            orderings: Vec::new(),
            inject: None,
            limits: Limits::default(),
            trace: false,
            examples: false,
            coverage: false,
            enumerate: true,
        }
    }

    /// A run of `program` under shuttle: DFS without overlap, whose outcomes
    /// are exact, everything else with all that shuttle can show.
    pub fn shuttle(program: String, ends: Ends, scheduler: Scheduler) -> Self {
        let samples = scheduler.samples();
        Job {
            scheduler: Some(scheduler),
            overlap: samples,
            spurious: samples,
            ..Job::loom(program, ends, Probe::Load)
        }
    }

    /// So many rounds of `program` on real threads.
    pub fn threads(program: String, ends: Ends, rounds: u64) -> Self {
        Job {
            scheduler: Some(Scheduler::System { rounds }),
            ..Job::loom(program, ends, Probe::Load)
        }
    }

    /// How the engine goes about it, in a word.
    pub fn manner(&self) -> String {
        match &self.scheduler {
            Some(scheduler) if self.overlap && !scheduler.samples() => {
                format!("{} overlap", scheduler.name())
            }
            Some(scheduler) => scheduler.name().to_owned(),
            None => self.probe.to_string(),
        }
    }
}

/// One step of an execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The thread, counted from 1.
    pub thread: usize,
    /// The slot, where the step touches one.
    pub slot: Option<usize>,
    /// What was done.
    #[serde(flatten)]
    pub kind: StepKind,
}

/// What a step did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "lowercase")]
pub enum StepKind {
    /// An operation of the program begins, or a drop at the end.
    Begin {
        /// Its position in the thread, counted from 1.
        op: usize,
    },
    /// The operation that the thread is in is over.
    End {
        /// What came of it, in the words of an outcome.
        result: String,
    },
    /// An atomic access or a fence.
    Atomic {
        /// The site.
        site: String,
        /// The ordering it was performed with.
        ordering: String,
        /// The raw value read.
        read: Option<u64>,
        /// The raw value written.
        written: Option<u64>,
        /// A weak CAS that was made to fail.
        spurious: bool,
    },
    /// An access to plain memory.
    Plain {
        /// The field.
        field: String,
        /// What for.
        access: String,
        /// File and line.
        location: String,
    },
    /// A step to the slot's mailbox.
    Mailbox {
        /// Into it, or out of it.
        give: bool,
        /// Whether a handle moved; if not, the mailbox was full or empty.
        ok: bool,
    },
}

/// The message when an injected failure found no compare-and-swap to happen to.
pub const NEVER_INJECTED: &str = "the spurious failure to be injected never came up";

/// What ended an exploration early.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The verdict.
    pub verdict: Verdict,
    /// What happened, in a few words.
    pub message: String,
    /// The steps of the failing execution, if the job asked for them.
    pub steps: Vec<Step>,
    /// The schedule that shuttle took.
    pub schedule: Option<String>,
}

/// What an engine saw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exploration {
    /// The engine.
    pub engine: EngineName,
    /// Executions that ran to their end, cut branches included.
    pub executions: u64,
    /// Of these, executions cut at a failed weak CAS, which show no outcome of
    /// their own.
    pub cut_branches: u64,
    /// The outcomes, in the text form, and how many executions showed each.
    pub outcomes: BTreeMap<String, u64>,
    /// How many outcomes the specification allows.
    pub allowed: usize,
    /// Outcomes allowed and asked for, but not seen. Judged only if complete.
    pub missing: Vec<String>,
    /// Whether every execution was explored.
    pub complete: bool,
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
    /// Threads of the program that ran, over all executions: none is a bug of
    /// the harness.
    pub threads_run: u64,
    /// The steps of the first execution that showed each outcome, if the job
    /// asked for them.
    #[serde(default)]
    pub examples: BTreeMap<String, Vec<Step>>,
    /// What ended the exploration, if it was not its end.
    pub failure: Option<Failure>,
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
            outcomes: BTreeMap::new(),
            allowed: 0,
            missing: Vec::new(),
            complete: false,
            sampled: false,
            steps: 0,
            undecided: 0,
            transitions: BTreeSet::new(),
            threads_run: 0,
            examples: BTreeMap::new(),
            failure: None,
            seconds: 0.0,
        }
    }

    /// The verdict of this exploration alone.
    pub fn verdict(&self) -> Verdict {
        if let Some(failure) = &self.failure {
            failure.verdict
        } else if self.threads_run == 0 {
            Verdict::ToolFailure
        } else if !self.complete && !self.sampled {
            Verdict::CutOff
        } else if !self.missing.is_empty() {
            Verdict::MissingOutcome
        } else {
            Verdict::Pass
        }
    }
}
