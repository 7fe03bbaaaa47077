//! Engines that explore programs over frame metadata, and their verdicts.

pub mod archive;
pub mod audit;
pub mod bench;
pub mod campaign;
mod cargo;
pub mod cli;
pub mod counterexample;
pub mod coverage;
pub mod docs;
pub mod ends_name;
pub mod engine;
pub mod interrupt;
pub mod litmus;
pub mod minimise;
pub mod mutants;
pub mod nightly;
pub mod ordering_name;
pub mod page;
pub mod plan;
pub mod pool;
pub mod report;
pub mod scale;
pub mod smallest;
pub mod story;
pub mod transition;
pub mod verdict;
pub mod worker;
