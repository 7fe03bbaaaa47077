//! What the tools print.

pub mod bench;
pub mod mutants;

pub use model_tests::print::{count, failure, seconds, story, verdict};
