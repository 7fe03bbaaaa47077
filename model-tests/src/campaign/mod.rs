//! Campaigns: all canonical programs of a bound, each explored to completion.

mod commit;
mod compare;
mod merge;
mod record;
mod results;
mod shard;
mod summary;

use std::collections::HashSet;
use std::fmt;
use std::ops::ControlFlow;

use programs::outcome::Ends;
use programs::program::{Bound, Program, enumerate, enumerate_on};

pub use commit::commit;
pub use compare::Difference;
pub use merge::{Merged, merge};
pub use record::{Header, Record};
pub use results::Results;
pub use shard::Shard;
pub use summary::CampaignSummary;

use crate::pool::Pool;
use pipe::{EngineName, Job, Limits, OrderingChange, Probe};

/// Which programs are run, and how.
#[derive(Clone, Debug)]
pub struct Campaign {
    /// Threads and operations.
    pub bound: Bound,
    /// How many slots each program names.
    pub slots: usize,
    /// What happens to handles at the end.
    pub ends: Vec<Ends>,
    /// The engine, and how it performs loads.
    pub ways: Vec<Way>,
    /// Whether `count` is among the operations.
    pub with_count: bool,
    /// Sites with another ordering.
    pub orderings: Vec<OrderingChange>,
    /// The part that is run.
    pub shard: Shard,
    /// When to cut a run off.
    pub limits: Limits,
}

/// An engine that is complete, and how it performs loads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// rc11, loads as the code has them.
    Rc11,
    /// loom.
    Loom(Probe),
}

impl Way {
    /// The engine.
    pub const fn engine(self) -> EngineName {
        match self {
            Way::Rc11 => EngineName::Rc11,
            Way::Loom(_) => EngineName::Loom,
        }
    }

    /// A run of `program`.
    pub fn job(self, program: Program, ends: Ends) -> Job {
        match self {
            Way::Rc11 => Job::rc11(program, ends),
            Way::Loom(probe) => Job::loom(program, ends, probe),
        }
    }
}

/// The engine, and in brackets how loads are performed where there is a choice.
impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Way::Rc11 => f.write_str("rc11"),
            Way::Loom(probe) => write!(f, "loom ({probe})"),
        }
    }
}

impl Campaign {
    /// The programs of all shards, in order.
    pub fn programs(&self) -> Vec<Program> {
        match self.slots {
            1 => enumerate(self.bound, self.with_count).collect(),
            slots => enumerate_on(self.bound, slots, self.with_count).collect(),
        }
    }

    /// The bound, and the slots if there are several.
    pub fn name(&self) -> String {
        match self.slots {
            1 => self.bound.to_string(),
            slots => format!("{} on {slots} slots", self.bound),
        }
    }

    /// Whether engines are compared with one another.
    pub fn compares(&self) -> bool {
        self.ways
            .iter()
            .any(|way| way.engine() != self.ways[0].engine())
    }

    /// What a result file of this campaign says of itself.
    pub fn header(&self, programs: usize) -> Header {
        Header {
            format: Header::FORMAT,
            commit: commit(),
            bound: self.name(),
            ends: self.ends.iter().map(|e| e.as_str().to_owned()).collect(),
            ways: self.ways.iter().map(ToString::to_string).collect(),
            with_count: self.with_count,
            weaken: self.orderings.iter().map(ToString::to_string).collect(),
            shard: self.shard,
            programs,
        }
    }

    /// The runs of this shard.
    pub fn jobs(&self, programs: &[Program]) -> Vec<(usize, Job)> {
        let of_shard = programs
            .iter()
            .enumerate()
            .filter(|(position, _)| self.shard.contains(*position));
        of_shard
            .flat_map(|(position, program)| {
                self.ends.iter().flat_map(move |&ends| {
                    self.ways.iter().map(move |way| {
                        let job = way.job(program.clone(), ends);
                        let job = Job {
                            limits: self.limits,
                            ..job.with_orderings(&self.orderings)
                        };
                        (position, job)
                    })
                })
            })
            .collect()
    }

    /// Runs the jobs that are not `done`, and hands over a record of each.
    ///
    /// # Errors
    ///
    /// If a worker refuses a job or cannot be started, or `take` fails.
    pub fn run(
        &self,
        pool: &mut Pool,
        jobs: Vec<(usize, Job)>,
        done: &HashSet<(usize, String, String)>,
        mut take: impl FnMut(Record) -> Result<(), String>,
    ) -> Result<(), String> {
        let key = |position: usize, job: &Job| {
            (
                position,
                job.ends.as_str().to_owned(),
                job.manner.to_string(),
            )
        };
        let jobs = jobs
            .into_iter()
            .filter(|(position, job)| !done.contains(&key(*position, job)));
        let mut failed = None;
        pool.run(jobs, |position, job, run| {
            // A run that an interrupt cut short is not a result.
            if crate::interrupt::requested() && !run.ended() && run.verdict().exit_code() != 1 {
                return ControlFlow::Break(());
            }
            let mut record = Record::new(position, job, &run);
            if self.compares() && crate::agree::is_exact(job) {
                record = record.compared(&run);
            }
            match take(record) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        })?;
        failed.map_or(Ok(()), Err)
    }
}
