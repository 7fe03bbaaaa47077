//! An exact explorer for concurrent programs under RC11.

pub mod cell;
mod context;
mod explore;
mod failure;
pub mod graph;
pub mod hint;
mod race;
mod run;
pub mod sync;
pub mod thread;
mod work;

pub use explore::{Builder, Execution, Flow, Parts, Program, Progress, Report, Sample};
pub use failure::{Failure, FailureKind, Waiting};
pub use graph::Graph;
pub use race::Access;

/// Explores every execution of a model.
///
/// # Panics
///
/// If one of them fails, or is too long.
pub fn model(model: impl Fn()) {
    let report = Builder::new().explore(model);
    if let Some(failure) = report.failure {
        panic!("{failure}");
    }
}
