//! The engines: each runs the driver on one job and says what it saw.
//!
//! An engine is compiled in by its cfg; a normal build has none and asks the
//! [`worker`](crate::worker) of another build.

mod job;

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
pub fn compiled() -> Option<EngineName> {
    if cfg!(loom) {
        Some(EngineName::Loom)
    } else if cfg!(shuttle) {
        Some(EngineName::Shuttle)
    } else {
        None
    }
}

/// Explores a job with the engine of this build.
///
/// # Errors
///
/// If this build has no engine, or the job does not make sense.
pub fn explore(job: &Job, progress: Progress) -> Result<Exploration, String> {
    #[cfg(loom)]
    return loom::explore(job, progress);
    #[cfg(shuttle)]
    return shuttle::explore(job, progress);
    #[cfg(not(any(loom, shuttle)))]
    {
        let _ = (job, progress);
        Err(
            "this build explores nothing: build with RUSTFLAGS=\"--cfg loom\" or \"--cfg shuttle\""
                .to_owned(),
        )
    }
}
