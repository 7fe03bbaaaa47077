//! The verdicts, in the words that every command uses.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What is said of a program on an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Verdict {
    /// Explored completely, every outcome is allowed, and none that had to be
    /// seen is missing.
    #[serde(rename = "pass")]
    Pass,
    /// Two accesses to the same plain memory, one of them a write, without
    /// happens-before between them.
    #[serde(rename = "data race")]
    DataRace,
    /// The engine saw an outcome that the specification does not allow.
    #[serde(rename = "forbidden outcome")]
    ForbiddenOutcome,
    /// The specification allows an outcome that a complete exploration did not
    /// see.
    #[serde(rename = "missing outcome")]
    MissingOutcome,
    /// Metadata or a frame was lost.
    #[serde(rename = "leak")]
    Leak,
    /// Metadata was dropped, or a frame given back, twice.
    #[serde(rename = "double drop")]
    DoubleDrop,
    /// Metadata was touched that was not there, or torn down in use.
    #[serde(rename = "use after drop")]
    UseAfterDrop,
    /// A thread aborted where the specification does not allow it.
    #[serde(rename = "abort")]
    Abort,
    /// The code under test panicked, which is no abort that it asked for.
    #[serde(rename = "panic")]
    Panic,
    /// No thread could go on.
    #[serde(rename = "deadlock")]
    Deadlock,
    /// Two engines that are exact came to different results.
    #[serde(rename = "disagreement")]
    Disagreement,
    /// The exploration was not complete. Never a pass.
    #[serde(rename = "cut off")]
    CutOff,
    /// The engine or the harness failed: nothing is known of the program.
    #[serde(rename = "tool failure")]
    ToolFailure,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Verdict; 13] = [
        Verdict::Pass,
        Verdict::DataRace,
        Verdict::ForbiddenOutcome,
        Verdict::MissingOutcome,
        Verdict::Leak,
        Verdict::DoubleDrop,
        Verdict::UseAfterDrop,
        Verdict::Abort,
        Verdict::Panic,
        Verdict::Deadlock,
        Verdict::Disagreement,
        Verdict::CutOff,
        Verdict::ToolFailure,
    ];

    /// The words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::DataRace => "data race",
            Verdict::ForbiddenOutcome => "forbidden outcome",
            Verdict::MissingOutcome => "missing outcome",
            Verdict::Leak => "leak",
            Verdict::DoubleDrop => "double drop",
            Verdict::UseAfterDrop => "use after drop",
            Verdict::Abort => "abort",
            Verdict::Panic => "panic",
            Verdict::Deadlock => "deadlock",
            Verdict::Disagreement => "disagreement",
            Verdict::CutOff => "cut off",
            Verdict::ToolFailure => "tool failure",
        }
    }

    /// Whether it says that the protocol is wrong, or an engine.
    pub const fn is_failure(self) -> bool {
        !matches!(self, Verdict::Pass | Verdict::CutOff | Verdict::ToolFailure)
    }

    /// The exit code of a command that ends with this verdict.
    pub const fn exit_code(self) -> u8 {
        match self {
            Verdict::Pass => 0,
            Verdict::CutOff => 3,
            Verdict::ToolFailure => 4,
            _ => 1,
        }
    }

    /// The verdict over several runs: a failure beats everything, a tool
    /// failure a cut-off, and that a pass. Of two failures the first stays.
    #[must_use]
    pub fn and(self, other: Verdict) -> Verdict {
        const fn weight(verdict: Verdict) -> u8 {
            match verdict {
                Verdict::Pass => 0,
                Verdict::CutOff => 1,
                Verdict::ToolFailure => 2,
                _ => 3,
            }
        }
        if weight(other) > weight(self) {
            other
        } else {
            self
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Verdict {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let word = word.trim();
        Verdict::ALL
            .into_iter()
            .find(|verdict| verdict.as_str() == word)
            .ok_or_else(|| {
                let words = Verdict::ALL.map(Verdict::as_str).join(", ");
                format!("`{word}` is no verdict; the verdicts are {words}")
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_beats_a_cut_off_and_a_cut_off_beats_a_pass() {
        assert_eq!(Verdict::CutOff.and(Verdict::Leak), Verdict::Leak);
        assert_eq!(Verdict::Leak.and(Verdict::CutOff), Verdict::Leak);
        assert_eq!(Verdict::Pass.and(Verdict::CutOff), Verdict::CutOff);
        assert_eq!(Verdict::DataRace.and(Verdict::Leak), Verdict::DataRace);
        assert_eq!(
            Verdict::ToolFailure.and(Verdict::DataRace),
            Verdict::DataRace
        );
    }

    #[test]
    fn only_a_pass_exits_with_zero() {
        for verdict in Verdict::ALL {
            let code = match verdict {
                Verdict::Pass => 0,
                Verdict::CutOff => 3,
                Verdict::ToolFailure => 4,
                _ => 1,
            };
            assert_eq!(
                (verdict.exit_code(), verdict.is_failure()),
                (code, code == 1)
            );
            assert_eq!(verdict.to_string().parse(), Ok(verdict));
        }
    }
}
