//! The names of what happens to handles at the end, also for JSON.

use prop_tests::outcome::Ends;
use serde::{Deserialize, Deserializer, Serializer};

/// The name.
pub const fn name(ends: Ends) -> &'static str {
    match ends {
        Ends::Dropped => "dropped",
        Ends::Left => "left",
    }
}

/// The end or ends with this name.
///
/// # Errors
///
/// If there is none.
pub fn parse(word: &str) -> Result<Vec<Ends>, String> {
    match word.trim() {
        "dropped" => Ok(vec![Ends::Dropped]),
        "left" => Ok(vec![Ends::Left]),
        "both" => Ok(vec![Ends::Dropped, Ends::Left]),
        other => Err(format!("`{other}` is not one of dropped, left, both")),
    }
}

pub(crate) fn serialize<S: Serializer>(ends: &Ends, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(name(*ends))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Ends, D::Error> {
    let word = String::deserialize(from)?;
    match parse(&word) {
        Ok(ends) if ends.len() == 1 => Ok(ends[0]),
        _ => Err(serde::de::Error::custom(format!("`{word}` is no end"))),
    }
}
