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
mod panics;
mod place;
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
use programs::spec::{MOST_STATES, Params};
use prop_tests::protocol::Protocol;
use prop_tests::scenario::Scenario;

use self::checked::{CheckedProgram, CheckedScenario};
use self::compiled_in::NAME;
use self::judge::Judge;
use crate::subject::CellUse;

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

/// Has the explorer know what cells are used for, if the subject says so; it may have
/// said so to the explorer itself.
pub(crate) fn classify(cells: &[CellUse]) {
    #[cfg(model)]
    if !cells.is_empty() {
        let classified = |cell: &CellUse| meta_core::model::Classified {
            path_end: cell.path_end.to_owned(),
            line: cell.line,
            access: cell.access,
        };
        meta_core::model::classify(cells.iter().map(classified).collect());
    }
    #[cfg(not(model))]
    let _ = cells;
}

/// Has transitions be told by these values of a slot's word.
pub(crate) fn words(known: Option<pipe::RefCounts>) {
    #[cfg(model)]
    coverage::words(known);
    #[cfg(not(model))]
    let _ = known;
}

/// Explores a program on the handles of `P` with the engine of this build.
pub(crate) fn explore_program<P: Protocol<Host = Host>>(
    program: &Program,
    job: &Job,
    progress: Progress,
) -> Result<Exploration, String> {
    explore_within::<P>(program, job, progress, MOST_STATES)
}

/// The same; what is allowed is enumerated by the specification alone where that takes
/// no more than so many states.
fn explore_within<P: Protocol<Host = Host>>(
    program: &Program,
    job: &Job,
    progress: Progress,
    most_states: usize,
) -> Result<Exploration, String> {
    panics::take_down();
    let params = Params {
        ref_count_max: P::REF_COUNT_MAX,
    };
    let judge = Judge::new(
        program,
        job,
        params,
        compiled_in::is_exact(job),
        most_states,
    )?;
    #[cfg(rc11)]
    return explore_judged::<P>(judge, job, progress);
    #[cfg(not(rc11))]
    compiled_in::explore(job, CheckedProgram::<P>::new(judge), progress)
}

/// Explores a program when it is known what is allowed, which may take a part of the time.
#[cfg(rc11)]
fn explore_judged<P: Protocol<Host = Host>>(
    judge: Judge,
    job: &Job,
    progress: Progress,
) -> Result<Exploration, String> {
    let began = std::time::Instant::now();
    let judge = judge.explored_if_needed(job)?;
    let judging = began.elapsed().as_secs_f64();
    let Some(judge) = judge else {
        return Ok(Exploration {
            allowed_by: pipe::AllowedBy::Explorer,
            seconds: judging,
            ..Exploration::new(NAME)
        });
    };
    let mut job = job.clone();
    job.limits.seconds = (job.limits.seconds).map(|seconds| (seconds - judging).max(0.0));
    let mut run = compiled_in::explore(&job, CheckedProgram::<P>::new(judge), progress)?;
    run.seconds += judging;
    Ok(run)
}

/// Explores a scenario with the engine of this build.
pub(crate) fn explore_scenario(
    scenario: Scenario,
    slot_at: fn(usize) -> Option<usize>,
    job: &Job,
    progress: Progress,
) -> Result<Exploration, String> {
    panics::take_down();
    if NAME == EngineName::Threads && scenario.is_control() {
        return Err("real threads cannot run what is broken on purpose".to_owned());
    }
    let exact = compiled_in::is_exact(job);
    let checked = CheckedScenario::new(scenario, slot_at, job.memory(), exact);
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

/// Another ordering for an access.
#[cfg(any(loom, rc11))]
fn changed(change: &pipe::OrderingChange) -> Result<meta_core::model::Change, String> {
    Ok(meta_core::model::Change {
        site: change.site.parse()?,
        ordering: crate::own::to_core(change.ordering),
    })
}

/// The n-th weak compare-and-swap of a site.
#[cfg(any(loom, shuttle))]
fn injected(inject: &pipe::Inject) -> Result<(meta_core::model::SiteSpec, u32), String> {
    Ok((inject.site.parse()?, inject.n))
}

/// The message of a panic.
pub(crate) fn message_of(payload: &(dyn std::any::Any + Send)) -> &str {
    payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without a message")
}
