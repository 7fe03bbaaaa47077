//! The engines: each runs the driver on one job and reports what it saw.
//!
//! A worker has one, compiled in by its cfg; a build without one runs real
//! threads.

mod checked;
mod judge;

#[cfg(model)]
mod coverage;
#[cfg(model)]
mod failure;
#[cfg(model)]
mod host;
#[cfg(loom)]
mod loom;
#[cfg(rc11)]
mod rc11;
#[cfg(shuttle)]
mod shuttle;
#[cfg(rc11)]
mod specification;
#[cfg(all(loom, target_os = "linux", target_pointer_width = "64"))]
pub mod stacks;
mod tally;
#[cfg(not(model))]
mod threads;
#[cfg(model)]
mod watch;

use std::sync::Arc;

use pipe::{EngineName, Exploration, Job, SoFar};
use programs::program::Program;
use programs::spec::Params;
use prop_tests::protocol::Protocol;
use prop_tests::scenario::Scenario;

use self::checked::{CheckedProgram, CheckedScenario};
use self::compiled_in::NAME;
use self::judge::Judge;

#[cfg(loom)]
use self::loom as compiled_in;
#[cfg(rc11)]
use self::rc11 as compiled_in;
#[cfg(shuttle)]
use self::shuttle as compiled_in;
#[cfg(not(model))]
use self::threads as compiled_in;

#[cfg(model)]
pub use self::host::ModelHost as Host;
#[cfg(not(model))]
pub use self::threads::ThreadHost as Host;

/// Called now and then during an exploration.
pub type Progress = Arc<dyn Fn(SoFar) + Send + Sync>;

/// The engine of this build.
pub const fn compiled() -> EngineName {
    NAME
}

/// Explores a program on the handles of `P` with the engine of this build.
pub(crate) fn explore_program<P: Protocol<Host = Host>>(
    program: &Program,
    job: &Job,
    progress: Progress,
) -> Result<Exploration, String> {
    let params = Params {
        ref_count_max: P::REF_COUNT_MAX,
    };
    let judge = Judge::new(program, job, params, compiled_in::is_exact(job))?;
    #[cfg(rc11)]
    let judge = judge.explored_if_needed(job)?;
    compiled_in::explore(job, CheckedProgram::<P>::new(judge), progress)
}

/// Explores a scenario with the engine of this build.
pub(crate) fn explore_scenario(
    scenario: Scenario,
    slot_at: fn(usize) -> Option<usize>,
    job: &Job,
    progress: Progress,
) -> Result<Exploration, String> {
    if NAME == EngineName::Threads && scenario.is_control() {
        return Err("real threads cannot run what is broken on purpose".to_owned());
    }
    let checked = CheckedScenario::new(scenario, slot_at, compiled_in::is_exact(job));
    compiled_in::explore(job, checked, progress)
}

/// The refusal of a job that is another engine's.
fn not_mine(job: &Job) -> String {
    format!(
        "this worker runs {}, and the job is for {}",
        compiled(),
        job.engine()
    )
}

/// The site of this name.
#[cfg(model)]
fn site(name: &str) -> Result<meta_core::ordering::Site, String> {
    meta_core::ordering::Site::find(name).ok_or_else(|| format!("no site is called `{name}`"))
}

/// The message of a panic.
pub(crate) fn message_of(payload: &(dyn std::any::Any + Send)) -> &str {
    payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without a message")
}
