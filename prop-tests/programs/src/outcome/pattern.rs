//! Patterns of outcomes: what a litmus file requires or forbids.

use super::parse;
use super::print::{write_end, write_results};
use super::{End, Ends, OpResult, Outcome};
use crate::program::Program;
use crate::text::{ParseError, Words};
use std::fmt;
use std::str::FromStr;

/// An outcome in which results may be `*`, any result, and whose end may be
/// left out: `ok * | no last`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OutcomePattern {
    /// What is asked of the result of each operation.
    pub results: Vec<Vec<ResultPattern>>,
    /// What is asked of the end; any end will do when there is none.
    pub end: Option<EndPattern>,
}

/// What is asked of one result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResultPattern {
    /// Nothing; printed as `*`.
    Any,
    /// This very result.
    Is(OpResult),
}

/// What is asked of the end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EndPattern {
    /// As in [`Outcome::drops`].
    pub drops: Vec<Vec<ResultPattern>>,
    /// The state at the end.
    pub end: End,
}

impl OutcomePattern {
    /// Whether the outcome is one of those described.
    pub fn matches(&self, outcome: &Outcome) -> bool {
        all_match(&self.results, &outcome.results)
            && self.end.as_ref().is_none_or(|pattern| {
                all_match(&pattern.drops, &outcome.drops) && pattern.end == outcome.end
            })
    }

    /// Whether outcomes of the program have this shape. A pattern of another
    /// shape matches none of them.
    pub fn fits(&self, program: &Program) -> bool {
        let results = self.results.iter().map(Vec::len);
        results.eq(program.threads.iter().map(Vec::len))
    }

    /// The end mode the pattern speaks of; both when it says nothing about
    /// the end.
    pub fn ends(&self) -> Option<Ends> {
        let end = self.end.as_ref()?;
        Some(if end.drops.is_empty() {
            Ends::Left
        } else {
            Ends::Dropped
        })
    }
}

impl ResultPattern {
    /// Whether the result is one of those described.
    pub fn matches(self, result: OpResult) -> bool {
        match self {
            Self::Any => true,
            Self::Is(expected) => expected == result,
        }
    }
}

fn all_match(patterns: &[Vec<ResultPattern>], results: &[Vec<OpResult>]) -> bool {
    patterns.len() == results.len()
        && patterns.iter().zip(results).all(|(patterns, results)| {
            patterns.len() == results.len()
                && patterns
                    .iter()
                    .zip(results)
                    .all(|(pattern, result)| pattern.matches(*result))
        })
}

/// The pattern that matches this outcome alone.
impl From<Outcome> for OutcomePattern {
    fn from(outcome: Outcome) -> Self {
        let exactly = |threads: Vec<Vec<OpResult>>| -> Vec<Vec<ResultPattern>> {
            let thread = |results: Vec<_>| results.into_iter().map(ResultPattern::Is).collect();
            threads.into_iter().map(thread).collect()
        };
        Self {
            results: exactly(outcome.results),
            end: Some(EndPattern {
                drops: exactly(outcome.drops),
                end: outcome.end,
            }),
        }
    }
}

impl FromStr for OutcomePattern {
    type Err = ParseError;

    fn from_str(input: &str) -> Result<Self, ParseError> {
        let (results, end) = parse::outcome(&mut Words::new(input), |words| {
            if words.take_if("*") {
                Ok(ResultPattern::Any)
            } else {
                parse::result(words).map(ResultPattern::Is)
            }
        })?;
        let end = end.map(|(drops, end)| EndPattern { drops, end });
        Ok(Self { results, end })
    }
}

impl fmt::Display for ResultPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.pad("*"),
            Self::Is(result) => fmt::Display::fmt(result, f),
        }
    }
}

impl fmt::Display for OutcomePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_results(f, &self.results)?;
        match &self.end {
            None => Ok(()),
            Some(EndPattern { drops, end }) => {
                f.write_str(" => ")?;
                write_end(f, drops, end)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(line: &str) -> OutcomePattern {
        line.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    #[track_caller]
    fn matches(line: &str, outcome: &str) -> bool {
        let outcome: Outcome = outcome.parse().unwrap_or_else(|error| panic!("{error}"));
        pattern(line).matches(&outcome)
    }

    #[test]
    fn a_star_is_any_result() {
        assert!(matches("ok * | no", "ok last | no => left unused"));
        assert!(!matches("ok * | no", "ok last | yes => left unused"));
        assert!(matches(
            "ok | ok => dropped * | last, unused",
            "ok | ok => dropped kept | last, unused"
        ));
    }

    #[test]
    fn without_an_end_every_end_matches() {
        assert!(matches("ok | ok", "ok | ok => left shared(2) live"));
        assert!(matches("ok | ok", "ok | ok => dropped, not judged"));
        assert!(!matches(
            "ok | ok => left unused",
            "ok | ok => dropped, unused"
        ));
    }

    #[test]
    fn another_shape_never_matches() {
        assert!(!matches("* | *", "ok | ok ok => left unused"));
        assert!(!matches("* | *", "ok | ok | ok => left unused"));
        assert!(!matches(
            "* | * => dropped * | *, unused",
            "ok | ok => dropped kept | -, unused"
        ));
        let program: Program = "unused: get get | get".parse().unwrap();
        assert!(pattern("* * | *").fits(&program));
        assert!(!pattern("* | *").fits(&program));
    }

    #[test]
    fn a_pattern_knows_the_end_mode_it_speaks_of() {
        assert_eq!(pattern("ok | ok").ends(), None);
        assert_eq!(pattern("ok | ok => left unused").ends(), Some(Ends::Left));
        assert_eq!(
            pattern("ok | ok => dropped, unused").ends(),
            Some(Ends::Dropped)
        );
    }
}
