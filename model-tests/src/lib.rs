//! Engines that explore programs over frame metadata, and their verdicts.

#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod agree;
pub mod archive;
pub mod audit;
pub mod campaign;
pub mod cargo;
pub mod cli;
pub mod counterexample;
pub mod coverage;
pub mod cut;
pub mod interrupt;
pub mod json;
pub mod litmus;
pub mod minimise;
pub mod nightly;
pub mod output;
pub mod package;
pub mod plan;
pub mod pool;
pub mod print;
pub mod report;
pub mod smallest;
pub mod story;
pub mod subject;
pub mod unseen;
pub mod worker;
pub mod workspace;
