//! Programs and outcomes as text: nothing panics, what is accepted is read
//! back from its printed form, and an error points into the text.

#![no_main]

use std::fmt::{Debug, Display};
use std::str::FromStr;

use libfuzzer_sys::fuzz_target;
use programs::outcome::{Outcome, OutcomePattern};
use programs::program::Program;
use programs::text::ParseError;

fn read<T>(text: &str)
where
    T: FromStr<Err = ParseError> + Display + Debug + PartialEq,
{
    match text.parse::<T>() {
        Ok(value) => {
            let printed = value.to_string();
            assert_eq!(printed.parse().as_ref(), Ok(&value), "{printed}");
        }
        Err(error) => {
            assert!(error.input().get(error.range()).is_some(), "{error:?}");
            assert!(!error.to_string().is_empty());
        }
    }
}

fuzz_target!(|text: &str| {
    read::<Program>(text);
    read::<OutcomePattern>(text);
    read::<Outcome>(text);
});
