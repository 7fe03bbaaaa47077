//! Engine workers: child processes, one build for each engine.
//!
//! A command line built without a cfg can so run every engine, and a program
//! that aborts its engine takes nothing else down. Jobs and answers are JSON
//! lines on the worker's standard input and output; the end of its input asks
//! the worker to stop early.

mod build;
mod client;
mod serve;

use serde::{Deserialize, Serialize};

use crate::engine::Exploration;

pub use build::{WorkerBuild, build};
pub use client::Worker;
pub use serve::serve;

/// A line from a worker.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
    /// The job goes on.
    Progress { executions: u64, outcomes: usize },
    /// The job is over.
    Done(Box<Exploration>),
    /// The job does not make sense.
    Refused(String),
}
