//! Engine workers: child processes, one build for each engine.

mod build;
mod client;

pub use build::{Builds, build};
pub use client::Worker;
