//! Litmus files and tables of orderings: nothing panics, and what is accepted
//! can be asked of the engines.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use model_tests::audit::table::Table;
use model_tests::litmus::Litmus;
use prop_tests::program::Program;

fuzz_target!(|text: &str| {
    match Litmus::parse(Path::new("fuzzed"), text) {
        Ok(litmus) => {
            let question = litmus.question();
            assert_eq!(question.program.parse::<Program>(), Ok(litmus.program));
            assert!(!question.ends.is_empty());
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    if let Err(error) = Table::parse(text) {
        assert!(error.starts_with("line "), "{error}");
    }
});
