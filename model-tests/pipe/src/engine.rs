//! The engines.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum EngineName {
    /// Every execution graph of weak memory, once.
    Rc11,
    /// What its reduction leaves of all interleavings, with weak memory.
    Loom,
    /// Sequentially consistent, at random or exhaustive.
    Shuttle,
    /// Real threads on this machine's processors: a sample.
    Threads,
}

impl EngineName {
    /// All of them, in the order in which their runs are shown.
    pub const ALL: [EngineName; 4] = [
        EngineName::Rc11,
        EngineName::Loom,
        EngineName::Shuttle,
        EngineName::Threads,
    ];

    /// The name.
    pub const fn as_str(self) -> &'static str {
        match self {
            EngineName::Rc11 => "rc11",
            EngineName::Loom => "loom",
            EngineName::Shuttle => "shuttle",
            EngineName::Threads => "threads",
        }
    }

    /// The cfg that compiles an explorer in.
    pub const fn cfg(self) -> Option<&'static str> {
        match self {
            EngineName::Rc11 | EngineName::Loom | EngineName::Shuttle => Some(self.as_str()),
            EngineName::Threads => None,
        }
    }

    /// Whether it chooses what happens in an execution, and can record it.
    pub const fn is_explorer(self) -> bool {
        self.cfg().is_some()
    }
}

impl FromStr for EngineName {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let named = EngineName::ALL.into_iter().find(|e| e.as_str() == word);
        named.ok_or_else(|| {
            let names = EngineName::ALL.map(EngineName::as_str).join(", ");
            format!("`{word}` is not one of {names}")
        })
    }
}

impl fmt::Display for EngineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_survives_its_name() {
        for engine in EngineName::ALL {
            assert_eq!(engine.to_string().parse(), Ok(engine));
            let explores = engine != EngineName::Threads;
            assert_eq!(engine.is_explorer(), explores);
            assert_eq!(engine.cfg(), explores.then_some(engine.as_str()));
        }
        assert_eq!(EngineName::Loom.to_string(), "loom");
        assert!("Loom".parse::<EngineName>().is_err());
    }
}
