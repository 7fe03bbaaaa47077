//! An execution graph, as far as commands have to know it.

use serde::{Deserialize, Serialize};

/// An execution graph of rc11. Commands keep it and hand it back; what is in it is
/// the explorer's, which judges it when it is given back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Graph(pub serde_json::Value);

impl Graph {
    /// The graph in this text.
    ///
    /// # Errors
    ///
    /// If it is not JSON.
    pub fn from_json(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text).map(Graph)
    }
}
