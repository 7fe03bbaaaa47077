//! Campaigns: all canonical programs of a bound, each explored to completion.

mod commit;
mod merge;
mod record;
mod results;
mod shard;
mod summary;

use std::collections::HashSet;
use std::ops::ControlFlow;

use programs::outcome::Ends;
use programs::program::{Bound, Program, enumerate};

pub use commit::commit;
pub use merge::{Merged, merge};
pub use record::{Header, Record};
pub use results::Results;
pub use shard::Shard;
pub use summary::Summary;

use crate::pool::Pool;
use pipe::{Job, Limits, OrderingChange, Probe};

/// Which programs are run, and how.
#[derive(Clone, Debug)]
pub struct Campaign {
    /// Threads and operations.
    pub bound: Bound,
    /// What happens to handles at the end.
    pub ends: Vec<Ends>,
    /// How loads are performed.
    pub probes: Vec<Probe>,
    /// Whether `count` is among the operations.
    pub with_count: bool,
    /// Sites with another ordering.
    pub orderings: Vec<OrderingChange>,
    /// The part that is run.
    pub shard: Shard,
    /// When to cut a run off.
    pub limits: Limits,
}

impl Campaign {
    /// The programs of all shards, in order.
    pub fn programs(&self) -> Vec<Program> {
        enumerate(self.bound, self.with_count).collect()
    }

    /// What a result file of this campaign says of itself.
    pub fn header(&self, programs: usize) -> Header {
        Header {
            format: Header::FORMAT,
            commit: commit(),
            bound: self.bound.to_string(),
            ends: self.ends.iter().map(|e| e.as_str().to_owned()).collect(),
            probes: self.probes.iter().map(ToString::to_string).collect(),
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
                    self.probes.iter().map(move |&probe| {
                        let job = Job::loom(program.clone(), ends, probe);
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
            if crate::interrupt::requested() && !run.complete && run.verdict().exit_code() != 1 {
                return ControlFlow::Break(());
            }
            match take(Record::new(position, job, &run)) {
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
