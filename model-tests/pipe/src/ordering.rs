//! Orderings, and what a job changes of them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The ordering of an access, or no fence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Ordering {
    /// A fence that is removed.
    #[serde(rename = "none")]
    None,
    /// `Relaxed`.
    Relaxed,
    /// `Acquire`.
    Acquire,
    /// `Release`.
    Release,
    /// `AcqRel`.
    AcqRel,
    /// `SeqCst`. Of the engines rc11 alone models it.
    SeqCst,
}

impl Ordering {
    /// All of them.
    pub const ALL: [Ordering; 6] = [
        Ordering::None,
        Ordering::Relaxed,
        Ordering::Acquire,
        Ordering::Release,
        Ordering::AcqRel,
        Ordering::SeqCst,
    ];

    /// The spelling.
    pub const fn as_str(self) -> &'static str {
        match self {
            Ordering::None => "none",
            Ordering::Relaxed => "Relaxed",
            Ordering::Acquire => "Acquire",
            Ordering::Release => "Release",
            Ordering::AcqRel => "AcqRel",
            Ordering::SeqCst => "SeqCst",
        }
    }

    /// Whether it acquires, where the operation reads.
    pub const fn acquires(self) -> bool {
        matches!(
            self,
            Ordering::Acquire | Ordering::AcqRel | Ordering::SeqCst
        )
    }

    /// Whether it releases, where the operation writes.
    pub const fn releases(self) -> bool {
        matches!(
            self,
            Ordering::Release | Ordering::AcqRel | Ordering::SeqCst
        )
    }
}

impl fmt::Display for Ordering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Ordering {
    type Err = String;

    /// In upper or lower case.
    fn from_str(word: &str) -> Result<Self, String> {
        let named = |ordering: &Ordering| ordering.as_str().eq_ignore_ascii_case(word);
        let mut all = Ordering::ALL.into_iter();
        all.find(named).ok_or_else(|| {
            let names = Ordering::ALL.map(Ordering::as_str).join(", ");
            format!("`{word}` is not one of {names}")
        })
    }
}

/// A site with another ordering than the code's.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OrderingChange {
    /// The name of the site.
    pub site: String,
    /// Its ordering.
    pub ordering: Ordering,
}

impl fmt::Display for OrderingChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.site, self.ordering)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_half_that_acquires_and_the_half_that_releases() {
        let halves = Ordering::ALL.map(|ordering| (ordering.acquires(), ordering.releases()));
        let (no, both) = ((false, false), (true, true));
        assert_eq!(halves, [no, no, (true, false), (false, true), both, both]);
    }
}
