//! What an engine is asked.

use std::fmt;

use programs::outcome::Ends;
use programs::program::Program;
use programs::spec::MemoryModel;
use serde::{Deserialize, Serialize};

use crate::{EngineName, Exploration, Graph, OrderingChange, Scheduler};

/// One exploration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Job {
    /// What is run.
    pub case: Target,
    /// What happens to handles at the end.
    pub ends: Ends,
    /// The engine, and how it goes about it.
    pub manner: Manner,
    /// When to stop early.
    pub limits: Limits,
    /// Whether all allowed outcomes are worked out beforehand. A program too
    /// large for that has each outcome searched for, and misses none.
    pub enumerate: bool,
    /// Whether outcomes are handed over, and not only how many there are.
    #[serde(default = "yes")]
    pub texts: bool,
}

const fn yes() -> bool {
    true
}

/// What is run. In text, the program or the scenario's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// A program.
    Program(Program),
    /// The scenario of this name.
    Scenario(String),
}

impl Target {
    /// The program, if it is one.
    pub const fn program(&self) -> Option<&Program> {
        match self {
            Target::Program(program) => Some(program),
            Target::Scenario(_) => None,
        }
    }
}

impl From<Program> for Target {
    fn from(program: Program) -> Self {
        Target::Program(program)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Program(program) => program.fmt(f),
            Target::Scenario(name) => f.pad(name),
        }
    }
}

/// How an engine goes about a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Manner {
    /// Under rc11.
    Rc11(Rc11),
    /// Under loom.
    Loom(Loom),
    /// Under shuttle.
    Shuttle(Shuttle),
    /// On real threads.
    Threads(Threads),
}

/// How rc11 goes about it: loads and all else as the code has them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Rc11 {
    /// Which executions it makes.
    pub search: Search,
    /// Sites with another ordering.
    pub orderings: Vec<OrderingChange>,
    /// What is recorded.
    pub record: Record,
    /// On how many OS threads it explores.
    pub cores: usize,
    /// Whether it hands over what is left when it is cut off.
    pub keeps_left: bool,
    /// The exploration of the same program to go on with, which was cut off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resume: Option<Box<Exploration>>,
}

impl Default for Rc11 {
    fn default() -> Self {
        Rc11 {
            search: Search::Exact,
            orderings: Vec::new(),
            record: Record::default(),
            cores: 1,
            keeps_left: false,
            resume: None,
        }
    }
}

/// Which execution graphs rc11 goes through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Search {
    /// Every one, once.
    Exact,
    /// Some, drawn at random; every one has a chance.
    Sample {
        /// Where the random numbers begin.
        seed: u64,
        /// How many.
        samples: u64,
    },
    /// One that was made before.
    Replay {
        /// The graph.
        graph: Graph,
    },
}

impl Search {
    /// The name.
    pub const fn name(&self) -> &'static str {
        match self {
            Search::Exact => "exact",
            Search::Sample { .. } => "sample",
            Search::Replay { .. } => "replay",
        }
    }

    /// Whether it never sees all of them.
    pub const fn samples(&self) -> bool {
        !matches!(self, Search::Exact)
    }
}

/// How loom goes about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Loom {
    /// How loads are performed.
    pub probe: Probe,
    /// Sites with another ordering.
    pub orderings: Vec<OrderingChange>,
    /// The weak compare-and-swap that fails spuriously.
    pub inject: Option<Inject>,
    /// What is recorded.
    pub record: Record,
}

/// How shuttle goes about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Shuttle {
    /// How it chooses.
    pub scheduler: Scheduler,
    /// Whether it may switch in the middle of a plain access, so that two of
    /// them can overlap.
    pub overlap: bool,
    /// Which weak compare-and-swaps fail spuriously.
    pub spurious: Spurious,
    /// What is recorded.
    pub record: Record,
}

/// How real threads go about it: they run the code as it is, and record
/// nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Threads {
    /// How often the program runs.
    pub rounds: u64,
}

/// How loom performs the loads of a slot's word, and what its outcomes are
/// compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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

/// A spurious failure: in each execution that of the n-th weak
/// compare-and-swap at a site, counted from 1. In text, `SITE#n`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Inject {
    /// The name of the site.
    pub site: String,
    /// Which of them.
    pub n: u32,
}

impl fmt::Display for Inject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.site, self.n)
    }
}

/// Which weak compare-and-swaps fail spuriously under shuttle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Spurious {
    /// None.
    Never,
    /// Those that the scheduler draws.
    Drawn,
    /// This one.
    Once(Inject),
}

/// What an explorer records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Record {
    /// The steps of a failing execution.
    pub steps: bool,
    /// The steps of one execution for each outcome.
    pub examples: bool,
    /// The transitions that are reached.
    pub coverage: bool,
    /// The accesses that are met.
    #[serde(default)]
    pub sites: bool,
}

impl Record {
    /// The steps of a failing execution.
    pub const STEPS: Record = Record {
        steps: true,
        examples: false,
        coverage: false,
        sites: false,
    };

    /// Whether anything is recorded while an execution runs.
    pub const fn any(self) -> bool {
        self.steps || self.examples || self.coverage
    }
}

/// When an exploration is cut off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Limits {
    /// After this many executions.
    pub executions: Option<u64>,
    /// After this many seconds.
    pub seconds: Option<f64>,
}

impl Job {
    fn new(case: impl Into<Target>, ends: Ends, manner: Manner) -> Self {
        Job {
            case: case.into(),
            ends,
            manner,
            limits: Limits::default(),
            enumerate: true,
            texts: true,
        }
    }

    /// A run under rc11, of the code as it is.
    pub fn rc11(case: impl Into<Target>, ends: Ends) -> Self {
        Job::rc11_search(case, ends, Search::Exact)
    }

    /// The same, of these executions.
    pub fn rc11_search(case: impl Into<Target>, ends: Ends, search: Search) -> Self {
        let rc11 = Rc11 {
            search,
            ..Rc11::default()
        };
        Job::new(case, ends, Manner::Rc11(rc11))
    }

    /// A run under loom, of the code as it is.
    pub fn loom(case: impl Into<Target>, ends: Ends, probe: Probe) -> Self {
        let loom = Loom {
            probe,
            orderings: Vec::new(),
            inject: None,
            record: Record::default(),
        };
        Job::new(case, ends, Manner::Loom(loom))
    }

    /// A run under shuttle: DFS without overlap, whose outcomes are exact,
    /// everything else with all that shuttle can show.
    pub fn shuttle(case: impl Into<Target>, ends: Ends, scheduler: Scheduler) -> Self {
        let samples = scheduler.samples();
        let shuttle = Shuttle {
            scheduler,
            overlap: samples,
            spurious: if samples {
                Spurious::Drawn
            } else {
                Spurious::Never
            },
            record: Record::default(),
        };
        Job::new(case, ends, Manner::Shuttle(shuttle))
    }

    /// So many rounds on real threads.
    pub fn threads(case: impl Into<Target>, ends: Ends, rounds: u64) -> Self {
        Job::new(case, ends, Manner::Threads(Threads { rounds }))
    }

    /// The engine.
    pub const fn engine(&self) -> EngineName {
        match self.manner {
            Manner::Rc11(_) => EngineName::Rc11,
            Manner::Loom(_) => EngineName::Loom,
            Manner::Shuttle(_) => EngineName::Shuttle,
            Manner::Threads(_) => EngineName::Threads,
        }
    }

    /// Sites with another ordering.
    pub fn orderings(&self) -> &[OrderingChange] {
        match &self.manner {
            Manner::Rc11(rc11) => &rc11.orderings,
            Manner::Loom(loom) => &loom.orderings,
            Manner::Shuttle(_) | Manner::Threads(_) => &[],
        }
    }

    /// The same with these orderings, under an engine of weak memory; the others have
    /// none.
    #[must_use]
    pub fn with_orderings(mut self, orderings: &[OrderingChange]) -> Self {
        match &mut self.manner {
            Manner::Rc11(rc11) => rc11.orderings = orderings.to_vec(),
            Manner::Loom(loom) => loom.orderings = orderings.to_vec(),
            Manner::Shuttle(_) | Manner::Threads(_) => {}
        }
        self
    }

    /// Whether the engine draws executions, so that it never sees all of them.
    pub const fn samples(&self) -> bool {
        match &self.manner {
            Manner::Rc11(rc11) => rc11.search.samples(),
            Manner::Loom(_) => false,
            Manner::Shuttle(shuttle) => shuttle.scheduler.samples(),
            Manner::Threads(_) => true,
        }
    }

    /// Where random numbers begin, where there are any.
    pub const fn seed(&self) -> Option<u64> {
        match &self.manner {
            Manner::Rc11(Rc11 {
                search: Search::Sample { seed, .. },
                ..
            }) => Some(*seed),
            Manner::Shuttle(shuttle) => shuttle.scheduler.seed(),
            _ => None,
        }
    }

    /// What is recorded, where something can be.
    pub const fn record_mut(&mut self) -> Option<&mut Record> {
        match &mut self.manner {
            Manner::Rc11(rc11) => Some(&mut rc11.record),
            Manner::Loom(loom) => Some(&mut loom.record),
            Manner::Shuttle(shuttle) => Some(&mut shuttle.record),
            Manner::Threads(_) => None,
        }
    }

    /// The same, recorded like this where that can be.
    #[must_use]
    pub fn recording(mut self, record: Record) -> Self {
        if let Some(own) = self.record_mut() {
            *own = record;
        }
        self
    }

    /// How the engine lets accesses see one another.
    pub const fn memory(&self) -> MemoryModel {
        if self.reads_newest() {
            MemoryModel::Interleaved
        } else {
            MemoryModel::Rc11
        }
    }

    /// Whether the loads of an execution read the newest values.
    pub const fn reads_newest(&self) -> bool {
        match &self.manner {
            Manner::Loom(loom) => matches!(loom.probe, Probe::Cas),
            Manner::Shuttle(_) => true,
            Manner::Rc11(_) | Manner::Threads(_) => false,
        }
    }
}

/// In text, how the engine goes about it in a word.
impl fmt::Display for Manner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Manner::Rc11(rc11) => f.pad(rc11.search.name()),
            Manner::Loom(loom) => loom.probe.fmt(f),
            Manner::Shuttle(Shuttle {
                scheduler, overlap, ..
            }) if *overlap && !scheduler.samples() => {
                f.pad(&format!("{} overlap", scheduler.name()))
            }
            Manner::Shuttle(shuttle) => f.pad(shuttle.scheduler.name()),
            Manner::Threads(_) => f.pad("system"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manner_is_told_in_a_word_and_keeps_what_it_is_given() {
        let program = || "unused: alloc | get".parse::<Program>().unwrap();
        let orderings = [OrderingChange {
            site: "DEC".to_owned(),
            ordering: crate::Ordering::Relaxed,
        }];
        let dfs = Job::shuttle(program(), Ends::Left, Scheduler::Dfs);
        let mut overlap = dfs.clone();
        if let Manner::Shuttle(how) = &mut overlap.manner {
            how.overlap = true;
        }
        let (seed, schedules) = (1, 2);
        let random = Scheduler::Random { seed, schedules };
        let sample = Search::Sample { seed, samples: 2 };
        for (job, words, weak, samples) in [
            (Job::rc11(program(), Ends::Left), "exact", true, false),
            (
                Job::rc11_search(program(), Ends::Left, sample),
                "sample",
                true,
                true,
            ),
            (
                Job::loom(program(), Ends::Left, Probe::Cas),
                "cas",
                true,
                false,
            ),
            (
                Job::loom(program(), Ends::Left, Probe::Load),
                "load",
                true,
                false,
            ),
            (dfs, "dfs", false, false),
            (overlap, "dfs overlap", false, false),
            (
                Job::shuttle(program(), Ends::Left, random),
                "random",
                false,
                true,
            ),
            (
                Job::threads(program(), Ends::Left, 5),
                "system",
                false,
                true,
            ),
        ] {
            assert_eq!((&*job.manner.to_string(), job.samples()), (words, samples));
            let reads_newest = matches!(words, "cas" | "dfs" | "dfs overlap" | "random");
            assert_eq!(job.reads_newest(), reads_newest, "{words}");
            let interleaved = job.memory() == MemoryModel::Interleaved;
            assert_eq!(interleaved, reads_newest, "{words}");
            let drawn = samples && words != "system";
            assert_eq!(job.seed(), drawn.then_some(1), "{words}");
            let job = job.with_orderings(&orderings);
            assert_eq!(job.orderings(), if weak { &orderings[..] } else { &[] });
        }
    }

    #[test]
    fn what_is_run_is_told_by_its_text() {
        let program: Program = "unused: alloc | get".parse().unwrap();
        assert_eq!(
            Target::from(program.clone()).to_string(),
            program.to_string()
        );
        assert_eq!(Target::from(program.clone()).program(), Some(&program));
        let scenario = Target::Scenario("one".to_owned());
        assert_eq!((&*scenario.to_string(), scenario.program()), ("one", None));
        let inject = Inject {
            site: "CLAIM".to_owned(),
            n: 2,
        };
        assert_eq!(inject.to_string(), "CLAIM#2");
    }

    #[test]
    fn what_is_recorded_is_what_was_asked_for() {
        let none = Record::default();
        let sites = Record {
            sites: true,
            ..none
        };
        let examples = Record {
            examples: true,
            ..none
        };
        let coverage = Record {
            coverage: true,
            ..none
        };
        assert!(!none.any() && !sites.any() && Record::STEPS.any());
        assert!(examples.any() && coverage.any());
        let case = || Target::Scenario("one".to_owned());
        for job in [
            Job::rc11(case(), Ends::Left),
            Job::loom(case(), Ends::Left, Probe::Cas),
            Job::shuttle(case(), Ends::Left, Scheduler::Dfs),
        ] {
            let mut job = job.recording(coverage);
            assert_eq!(job.record_mut(), Some(&mut { coverage }));
        }
        let mut job = Job::threads(case(), Ends::Left, 1).recording(coverage);
        assert_eq!(job.record_mut(), None);
        // A job of old, that does not say it, asks for outcomes.
        let mut line = serde_json::to_value(&job).unwrap();
        line.as_object_mut().unwrap().remove("texts");
        assert!(serde_json::from_value::<Job>(line).unwrap().texts);
    }
}
