//! Runs one job on one engine, and judges what it sees.
//!
//! A worker is a process of its own, one build for each engine: a command built
//! without a cfg can so run every engine, and a program that takes its engine
//! down takes nothing else down. Requests and replies are JSON lines on standard
//! input and output; the end of the input asks the worker to stop early.
//!
//! This is the library of all workers. A [`Subject`] is the code under test; that
//! of this package's own program is [`meta_core()`].

pub mod engine;
mod interrupt;
mod own;
mod serve;
mod subject;

pub use engine::Host;
pub use own::{describe, explore, meta_core};
pub use pipe::{RefCounts, SiteInfo};
pub use prop_tests::program;
pub use prop_tests::protocol;
pub use prop_tests::scenario::{Expected, Live, Record, Scenario};
pub use prop_tests::world;
pub use subject::Subject;
