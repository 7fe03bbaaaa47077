//! What to measure.

use serde::{Deserialize, Serialize};

use super::Part;

/// What to measure, how often and how long.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Plan {
    /// The parts.
    pub parts: Vec<Part>,
    /// How often, in turns.
    pub rounds: usize,
    /// How long each operation is measured in a round, in seconds.
    pub seconds: f64,
    /// Whether what takes minutes is measured too, once.
    pub long: bool,
    /// Worker processes of commands.
    pub workers: usize,
    /// The bounds whose growth is shown.
    #[serde(default)]
    pub bounds: Vec<String>,
    /// So many programs of each bound are run.
    #[serde(default)]
    pub sample: u64,
}

impl Plan {
    /// Whether a part is among them.
    pub fn wants(&self, part: Part) -> bool {
        self.parts.contains(&part)
    }
}
