//! The engines: each runs the driver on one job and reports what it saw.
//!
//! A worker has one, compiled in by its cfg; a build without one runs real
//! threads.

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
#[cfg(rc11)]
mod rc11;
#[cfg(shuttle)]
mod shuttle;
#[cfg(rc11)]
mod specification;
#[cfg(all(loom, target_os = "linux", target_pointer_width = "64"))]
pub mod stacks;
mod subject;
mod tally;
#[cfg(not(model))]
mod threads;
#[cfg(model)]
mod watch;

use std::sync::Arc;

use pipe::{EngineName, Exploration, Job, SoFar};

#[cfg(loom)]
use self::loom as compiled_in;
#[cfg(rc11)]
use self::rc11 as compiled_in;
#[cfg(shuttle)]
use self::shuttle as compiled_in;
#[cfg(not(model))]
use self::threads as compiled_in;

#[cfg(model)]
pub(crate) use self::host::ModelHost as Host;
#[cfg(not(model))]
pub(crate) use self::threads::ThreadHost as Host;

/// Called now and then during an exploration.
pub type Progress = Arc<dyn Fn(SoFar) + Send + Sync>;

/// The engine of this build.
pub const fn compiled() -> EngineName {
    compiled_in::NAME
}

/// Explores a job with the engine of this build.
///
/// # Errors
///
/// If the job is another engine's, or there is no such scenario.
pub fn explore(job: &Job, progress: Progress) -> Result<Exploration, String> {
    panics::take_down();
    compiled_in::explore(job, progress)
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

/// Another ordering for a site, which its operation must admit.
#[cfg(not(shuttle))]
#[cfg(model)]
fn changed(
    name: &str,
    ordering: Option<std::sync::atomic::Ordering>,
) -> Result<meta_core::model::Change, String> {
    let site = site(name)?;
    if !site.info().operation.admits(ordering) {
        return Err(format!("{site} cannot be {ordering:?}"));
    }
    let site = meta_core::model::SiteSpec::Name(name.to_owned());
    Ok(meta_core::model::Change { site, ordering })
}

/// The n-th weak compare-and-swap of a site.
#[cfg(any(loom, shuttle))]
fn injected(inject: &pipe::Inject) -> Result<(meta_core::model::SiteSpec, u32), String> {
    let name = site(&inject.site)?.name().to_owned();
    Ok((meta_core::model::SiteSpec::Name(name), inject.n))
}

/// The message of a panic.
fn message_of(payload: &(dyn std::any::Any + Send)) -> &str {
    payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without a message")
}
