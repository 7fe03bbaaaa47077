//! How executions grow with threads and operations, and what a bound would cost.

mod plot;
mod row;

use std::ops::ControlFlow;

use programs::outcome::Ends;
use programs::program::{Bound, Ranked};

pub use plot::svg;
pub use row::ScaleRow;

use model_tests::pool::Pool;
use pipe::{Job, Limits, Probe};

/// The bounds that are compared if none are named: those that a campaign can
/// finish, and one step beyond in each direction.
pub const BOUNDS: [&str; 9] = [
    "2x1", "2x2", "2x3", "2x4", "3x1", "3x2", "3x3", "4x1", "4x2",
];

/// So many programs of each bound, if no number is given.
pub const SAMPLE: u64 = 60;

/// Each cut off after so many executions, if no number is given.
pub const MOST_EXECUTIONS: u64 = 20_000;

/// What is measured of one bound with one end.
#[derive(Clone, Debug)]
pub struct BoundSample {
    /// Threads and operations.
    pub bound: Bound,
    /// What happens to handles at the end.
    pub ends: Ends,
    /// At most so many programs are run.
    pub sample: u64,
    /// Each is cut off after this many executions.
    pub most_executions: u64,
}

impl BoundSample {
    /// The runs: programs at equal distances in the order of the bound.
    pub fn jobs(&self, programs: &Ranked) -> Vec<Job> {
        programs
            .spread(self.sample)
            .map(|program| Job {
                limits: Limits {
                    executions: Some(self.most_executions),
                    seconds: None,
                },
                ..Job::loom(program.clone(), self.ends, Probe::Cas)
            })
            .collect()
    }

    /// Runs them, and says how many are done of how many. `None` if an interrupt
    /// came before the last: part of a sample would be a biased one.
    ///
    /// # Errors
    ///
    /// If a worker refuses a job or cannot be started.
    pub fn measure(
        &self,
        pool: &mut Pool,
        programs: &Ranked,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<Option<ScaleRow>, String> {
        let jobs = self.jobs(programs);
        let asked = jobs.len() as u64;
        let mut row = ScaleRow::new(self, programs.len());
        progress(0, asked);
        pool.run(jobs.into_iter().map(|job| ((), job)), |(), _, run| {
            row.add(&run);
            progress(row.sampled, asked);
            ControlFlow::Continue(())
        })?;
        Ok((row.sampled == asked).then_some(row))
    }
}
