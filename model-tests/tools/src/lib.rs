//! Tools of the project's maintainers: generated documents, mutants and planted
//! bugs, benchmarks.

pub mod bench;
pub mod cli;
pub mod docs;
pub mod mutants;
pub mod planted;
pub mod print;
pub mod scale;

model_tests::versioned! {
    #[cfg(test)]
    bench::Results => "bench", 1;
    bench::Figure => "figure", 1;
    cli::bench::Compared<'_> => "compared-figure", 1;
    cli::bench::ScaleLine<'_> => "scale", 1;
    mutants::JudgedMutant => "mutant", 1;
    planted::Search => "search", 1;
    planted::Recorded => "planted", 1;
}
