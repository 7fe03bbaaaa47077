//! How executions grow with threads and operations, and what a bound would cost.

mod plot;
mod row;

use prop_tests::outcome::Ends;
use prop_tests::program::{Bound, Ranked};

pub use plot::svg;
pub use row::Row;

use crate::engine::{Job, Limits, Probe};

/// The bounds that are compared if none are named: those that a campaign can
/// finish, and one step beyond in each direction.
pub const BOUNDS: [&str; 9] = [
    "2x1", "2x2", "2x3", "2x4", "3x1", "3x2", "3x3", "4x1", "4x2",
];

/// What is measured of one bound with one end.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Threads and operations.
    pub bound: Bound,
    /// What happens to handles at the end.
    pub ends: Ends,
    /// At most so many programs are run.
    pub sample: u64,
    /// Each is cut off after this many executions.
    pub most_executions: u64,
}

impl Plan {
    /// The runs: programs at equal distances in the order of the bound.
    pub fn jobs(&self, programs: &Ranked) -> Vec<Job> {
        programs
            .spread(self.sample)
            .map(|program| Job {
                limits: Limits {
                    executions: Some(self.most_executions),
                    seconds: None,
                },
                ..Job::loom(program.to_string(), self.ends, Probe::Cas)
            })
            .collect()
    }
}
