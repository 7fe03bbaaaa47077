//! Why an exploration ended early.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Access, Graph, Schedule, Step, Verdict};

/// What ended an exploration early.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Failure {
    /// Why.
    pub reason: Reason,
    /// The steps of the failing execution, if the job asked for them.
    pub steps: Vec<Step>,
    /// The schedule that shuttle took.
    pub schedule: Option<Schedule>,
    /// The execution graph that rc11 came to.
    #[serde(default)]
    pub graph: Option<Graph>,
}

impl Failure {
    /// The verdict.
    pub const fn verdict(&self) -> Verdict {
        self.reason.verdict()
    }
}

impl From<Reason> for Failure {
    fn from(reason: Reason) -> Self {
        Failure {
            reason,
            steps: Vec::new(),
            schedule: None,
            graph: None,
        }
    }
}

/// Where an operation of the program itself reads or writes the metadata.
pub const OPERATION: &str = "in an operation of the program";

/// Why an exploration ended early. In text, what happened in a few words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "why", rename_all = "kebab-case")]
pub enum Reason {
    /// The explorer found two plain accesses that nothing orders.
    Race {
        /// Its words.
        message: String,
    },
    /// A plain access that the protocol must never make; it was not made.
    Violation {
        /// What is wrong with it.
        violation: Violation,
        /// What for.
        access: Access,
        /// The field.
        field: String,
        /// File, line and column; none where an operation of the program itself
        /// reads or writes the metadata.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        location: Option<String>,
    },
    /// A broken contract of the metadata's life, which showed at the end.
    Fault {
        /// Which contract.
        fault: Fault,
        /// The slot, where it is about one.
        slot: Option<usize>,
        /// What happened, in words.
        what: String,
    },
    /// An outcome that is not allowed.
    Forbidden {
        /// The outcome, in the text form.
        outcome: String,
    },
    /// An outcome in which a thread aborts where none may.
    Abort {
        /// The outcome, in the text form.
        outcome: String,
    },
    /// The code under test panicked.
    Panic {
        /// With what message.
        message: String,
        /// File, line and column.
        location: String,
    },
    /// No thread could go on.
    Deadlock {
        /// The explorer's words.
        message: String,
        /// Each thread that waits, counted from 1, and where: `at FILE:LINE`. Known under
        /// rc11.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        waiting: Vec<(usize, String)>,
    },
    /// An execution takes more steps than the explorer makes.
    TooLong {
        /// The explorer's words.
        message: String,
    },
    /// An execution did not come to its end in time.
    NoEnd,
    /// Somebody interrupted it.
    Interrupted,
    /// The spurious failure to be injected never came up.
    NeverInjected,
    /// The engine or the harness failed.
    Tool {
        /// What is known of that.
        message: String,
    },
}

/// What is wrong with a plain access.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Violation {
    /// The value is gone, or was never there.
    UseAfterDrop,
    /// The value was dropped or moved already.
    DoubleDrop,
    /// A live value is overwritten without being dropped.
    Overwrite,
    /// Another thread is in the middle of an access to the same memory.
    Overlap,
    /// A transition starts from a state that its caller's handle rules out.
    WrongState {
        /// The state.
        found: String,
        /// What it starts from.
        expected: String,
    },
}

/// Which contract of the metadata's life is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// Something that had to be dropped or given back was not.
    Leak,
    /// Something was dropped or given back twice.
    DoubleDrop,
    /// Something was torn down while others could still reach it.
    UseAfterDrop,
}

impl Reason {
    /// The verdict.
    pub const fn verdict(&self) -> Verdict {
        match self {
            Reason::Race { .. } => Verdict::DataRace,
            Reason::Violation { violation, .. } => match violation {
                Violation::UseAfterDrop | Violation::WrongState { .. } => Verdict::UseAfterDrop,
                Violation::DoubleDrop => Verdict::DoubleDrop,
                Violation::Overwrite => Verdict::Leak,
                Violation::Overlap => Verdict::DataRace,
            },
            Reason::Fault { fault, .. } => match fault {
                Fault::Leak => Verdict::Leak,
                Fault::DoubleDrop => Verdict::DoubleDrop,
                Fault::UseAfterDrop => Verdict::UseAfterDrop,
            },
            Reason::Forbidden { .. } => Verdict::ForbiddenOutcome,
            Reason::Abort { .. } => Verdict::Abort,
            Reason::Panic { .. } => Verdict::Panic,
            Reason::Deadlock { .. } => Verdict::Deadlock,
            Reason::TooLong { .. } | Reason::NoEnd | Reason::Interrupted => Verdict::CutOff,
            Reason::NeverInjected | Reason::Tool { .. } => Verdict::ToolFailure,
        }
    }

    /// The outcome that must not be, if that is why.
    pub fn outcome(&self) -> Option<&str> {
        match self {
            Reason::Forbidden { outcome } | Reason::Abort { outcome } => Some(outcome),
            _ => None,
        }
    }

    /// A failure of the engine or the harness.
    pub fn tool(message: impl fmt::Display) -> Self {
        Reason::Tool {
            message: message.to_string(),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Race { message }
            | Reason::Deadlock { message, .. }
            | Reason::TooLong { message }
            | Reason::Tool { message } => f.write_str(message),
            Reason::Violation {
                violation,
                access,
                field,
                location,
            } => {
                let what = match violation {
                    Violation::UseAfterDrop => "is not there",
                    Violation::DoubleDrop => "was dropped already",
                    Violation::Overwrite => "is overwritten without being dropped",
                    Violation::Overlap => "is in use by another thread",
                    Violation::WrongState { found, expected } => {
                        &format!("is {found} instead of {expected}")
                    }
                };
                write!(f, "{access:?} of `{field}`, which {what}, ")?;
                match location {
                    Some(location) => write!(f, "at {location}"),
                    None => f.write_str(OPERATION),
                }
            }
            Reason::Fault {
                slot: Some(slot),
                what,
                ..
            } => write!(f, "slot {slot}: {what}"),
            Reason::Fault { what, .. } => f.write_str(what),
            Reason::Forbidden { outcome } | Reason::Abort { outcome } => f.write_str(outcome),
            Reason::Panic { message, location } => write!(f, "{message}, at {location}"),
            Reason::NoEnd => f.write_str("an execution did not come to its end"),
            Reason::Interrupted => f.write_str("interrupted"),
            Reason::NeverInjected => {
                f.write_str("the spurious failure to be injected never came up")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadlock_survives_the_way_through_the_pipe() {
        let reason = Reason::Deadlock {
            message: "T2 waits".to_owned(),
            waiting: vec![(2, "at lock.rs:3".to_owned())],
        };
        let text = serde_json::to_string(&reason).unwrap();
        assert_eq!(serde_json::from_str::<Reason>(&text).unwrap(), reason);
    }

    #[test]
    fn a_reason_is_told_in_words_and_has_an_outcome_where_it_is_one() {
        let outcome = || "ok | ok".to_owned();
        let fault = |slot| Reason::Fault {
            fault: Fault::Leak,
            slot,
            what: "lost".to_owned(),
        };
        for (reason, words, of) in [
            (
                Reason::Forbidden { outcome: outcome() },
                "ok | ok",
                Some("ok | ok"),
            ),
            (
                Reason::Abort { outcome: outcome() },
                "ok | ok",
                Some("ok | ok"),
            ),
            (fault(Some(1)), "slot 1: lost", None),
            (fault(None), "lost", None),
            (Reason::Interrupted, "interrupted", None),
        ] {
            assert_eq!((&*reason.to_string(), reason.outcome()), (words, of));
        }
    }
}
