//! What `--json` prints: one object a line, on standard output.

use serde::Serialize;

use crate::output;

/// Prints an object.
///
/// # Errors
///
/// If it is nothing that JSON can say.
pub fn line(object: &impl Serialize) -> Result<(), String> {
    let line = serde_json::to_string(object).map_err(|e| e.to_string())?;
    output::raw((line + "\n").as_bytes());
    Ok(())
}
