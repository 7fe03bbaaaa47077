//! Tools of the project's maintainers: generated documents, mutants and planted
//! bugs, benchmarks.

pub mod bench;
pub mod cli;
pub mod docs;
pub mod mutants;
pub mod planted;
pub mod print;
pub mod scale;
