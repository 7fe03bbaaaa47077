//! Campaigns: all canonical programs of a bound, each explored to completion.

mod commit;
mod compare;
mod merge;
mod record;
mod results;
mod shard;
mod summary;

use std::collections::HashMap;
use std::fmt;
use std::ops::ControlFlow;
use std::sync::Mutex;

use programs::outcome::Ends;
use programs::program::{Bound, Program, enumerate, enumerate_on, size};

pub use commit::commit;
pub use compare::Difference;
pub use merge::{Merged, merge};
pub use record::{Header, Record};
pub use results::Results;
pub use shard::Shard;
pub use summary::CampaignSummary;

use crate::package;
use crate::pool::Pool;
use pipe::{EngineName, Job, Limits, OrderingChange, Probe, Target};

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
    /// What programs the subject can run, if not all.
    pub fits: Option<pipe::Programs>,
    /// What is to be reported of the others.
    pub left_out: Vec<String>,
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

    /// A run of a program or a scenario.
    pub fn job(self, case: impl Into<Target>, ends: Ends) -> Job {
        match self {
            Way::Rc11 => Job::rc11(case, ends),
            Way::Loom(probe) => Job::loom(case, ends, probe),
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
    pub fn programs(&self) -> Box<dyn Iterator<Item = Program> + Send> {
        match self.slots {
            1 => Box::new(enumerate(self.bound, self.with_count)),
            slots => Box::new(enumerate_on(self.bound, slots, self.with_count)),
        }
    }

    /// How many programs all shards have.
    ///
    /// # Errors
    ///
    /// If there are more than anybody explores, or none.
    pub fn size(&self) -> Result<usize, String> {
        /// So many take days and weeks.
        const MOST: u128 = 1_000_000_000;
        /// Those of several slots have to be gone through to be counted.
        const MOST_TO_COUNT: u128 = 10_000_000;
        let (size, most) = match self.slots {
            1 => (size(self.bound, 1, self.with_count), MOST),
            slots => (size(self.bound, slots, self.with_count), MOST_TO_COUNT),
        };
        refuse_more(&self.name(), size, most)?;
        let programs = match self.slots {
            1 => size as usize,
            _ => self.programs().count(),
        };
        if programs == 0 {
            return Err(format!("no program of {} names all slots", self.name()));
        }
        Ok(programs)
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
            commit: commit(),
            subject: package::name(),
            bound: self.name(),
            ends: self.ends.iter().map(|e| e.as_str().to_owned()).collect(),
            ways: self.ways.iter().map(ToString::to_string).collect(),
            with_count: self.with_count,
            weaken: self.orderings.iter().map(ToString::to_string).collect(),
            shard: self.shard,
            programs,
            left_out: self.left_out.clone(),
        }
    }

    /// How many runs this shard has, of so many programs.
    pub fn runs(&self, programs: usize) -> u64 {
        (self.shard.len(programs) * self.ends.len() * self.ways.len()) as u64
    }

    /// The runs of this shard, one after the other.
    pub fn jobs(&self) -> impl Iterator<Item = (usize, Job)> + Send {
        let fits = |program: &Program| {
            let fits = self.fits.as_ref();
            fits.is_none_or(|fits| fits.refuses(program).is_none())
        };
        // What the subject refuses is in no shard.
        let programs = self.programs().filter(fits).enumerate();
        // A shard of many may be far between.
        let programs = programs.take_while(|_| !crate::interrupt::requested());
        let of_shard = programs.filter(|(position, _)| self.shard.contains(*position));
        of_shard.flat_map(move |(position, program)| {
            let ways = self.ways.iter();
            let ways = ways.flat_map(|way| self.ends.iter().map(move |ends| (*ends, *way)));
            let job = move |(ends, way): (Ends, Way)| {
                let job = way.job(program.clone(), ends);
                let limits = self.limits;
                (
                    position,
                    Job {
                        limits,
                        texts: self.compares(),
                        ..job.with_orderings(&self.orderings)
                    },
                )
            };
            ways.map(job)
        })
    }

    /// Makes the runs that are not `done`, and hands over a record of each.
    ///
    /// # Errors
    ///
    /// If a worker refuses a job or cannot be started, `take` fails, or a run that
    /// is done was of another program.
    pub fn run(
        &self,
        pool: &mut Pool,
        done: &HashMap<(usize, String, String), String>,
        mut take: impl FnMut(Record) -> Result<(), String>,
    ) -> Result<(), String> {
        let key = |position: usize, job: &Job| {
            (
                position,
                job.ends.as_str().to_owned(),
                job.manner.to_string(),
            )
        };
        let other = Mutex::new(None);
        let jobs = self.jobs().filter(|(position, job)| {
            let program = done.get(&key(*position, job));
            if let Some(program) = program.filter(|program| **program != job.case.to_string()) {
                let mut other = other.lock().unwrap_or_else(|e| e.into_inner());
                other.get_or_insert_with(|| {
                    format!(
                        "the results have `{program}` in the place of `{}`",
                        job.case
                    )
                });
            }
            program.is_none()
        });
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
        let other = other.into_inner().unwrap_or_else(|e| e.into_inner());
        failed.or(other).map_or(Ok(()), Err)
    }
}

/// Refuses a campaign, or whatever else is called so, of more programs than `most`.
///
/// # Errors
///
/// If it has more: the number.
pub fn refuse_more(name: &str, programs: u128, most: u128) -> Result<(), String> {
    if programs <= most {
        return Ok(());
    }
    let shown = match u64::try_from(programs) {
        Ok(programs) => crate::print::count(programs),
        Err(_) => format!("more than {:.0e}", programs as f64 / 2.0),
    };
    Err(format!(
        "{name} has {shown} programs, and {} are the most\n  hint: nightly draws larger ones at \
         random",
        crate::print::count(most as u64)
    ))
}
