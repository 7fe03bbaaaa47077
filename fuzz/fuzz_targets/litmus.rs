//! Litmus files and tables of orderings: nothing panics, and what is accepted
//! can be asked of the engines.

#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use model_tests::audit::table::Table;
use model_tests::litmus::Litmus;
use model_tests::subject::Subject;
use programs::program::Program;

static SUBJECT: LazyLock<Subject> = LazyLock::new(|| Subject::new(|| Ok(worker::describe())));

fuzz_target!(|text: &str| {
    match Litmus::parse(Path::new("fuzzed"), text, &SUBJECT) {
        Ok(litmus) => {
            let question = litmus.question();
            let program = question.case.to_string();
            assert_eq!(program.parse::<Program>(), Ok(litmus.program));
            assert!(!question.ends.is_empty());
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    let described = SUBJECT.description().expect("it can be described");
    if let Err(error) = Table::parse(text, described) {
        assert!(error.starts_with("line "), "{error}");
    }
});
