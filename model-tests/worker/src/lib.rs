//! Runs one job on one engine, and judges what it sees.
//!
//! A worker is a process of its own, one build for each engine: a command built
//! without a cfg can so run every engine, and a program that takes its engine
//! down takes nothing else down. Requests and replies are JSON lines on standard
//! input and output; the end of the input asks the worker to stop early.

mod describe;
pub mod engine;
mod interrupt;
mod serve;

pub use describe::describe;
pub use serve::serve;
