//! The engines: each runs the driver on one job and says what it saw.
//!
//! Explorers are compiled in by their cfg; a normal build runs real threads, and
//! asks the [`worker`](crate::worker) of another build for the rest.

mod job;
mod judge;

#[cfg(any(loom, shuttle))]
mod coverage;
#[cfg(any(loom, shuttle))]
mod failure;
#[cfg(any(loom, shuttle))]
mod host;
#[cfg(loom)]
mod loom;
pub mod scheduler;
#[cfg(shuttle)]
mod shuttle;
#[cfg(all(loom, target_os = "linux", target_pointer_width = "64"))]
pub mod stacks;
mod subject;
mod tally;
#[cfg(not(model))]
mod threads;
#[cfg(any(loom, shuttle))]
mod watch;

use std::sync::Arc;

pub use job::{
    EngineName, Exploration, Failure, Job, Limits, NEVER_INJECTED, OrderingChange, Probe, Step,
    StepKind,
};
pub use scheduler::{Schedule, Scheduler};

/// What an exploration has done so far.
#[derive(Clone, Copy, Debug)]
pub struct SoFar {
    /// Executions that ran to their end.
    pub executions: u64,
    /// Different outcomes.
    pub outcomes: usize,
}

/// Called now and then during an exploration.
pub type Progress = Arc<dyn Fn(SoFar) + Send + Sync>;

/// The engine of this build.
pub fn compiled() -> EngineName {
    if cfg!(loom) {
        EngineName::Loom
    } else if cfg!(shuttle) {
        EngineName::Shuttle
    } else {
        EngineName::Threads
    }
}

/// Explores a job with the engine of this build.
///
/// # Errors
///
/// If the job does not make sense, or not to this engine.
pub fn explore(job: &Job, progress: Progress) -> Result<Exploration, String> {
    #[cfg(loom)]
    return loom::explore(job, progress);
    #[cfg(shuttle)]
    return shuttle::explore(job, progress);
    #[cfg(not(model))]
    return threads::explore(job, progress);
}
