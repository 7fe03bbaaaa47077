//! Engines that explore programs over frame metadata, and their verdicts.

pub mod ends_name;
pub mod engine;
pub mod litmus;
pub mod ordering_name;
pub mod verdict;
