//! What `--json` prints: one object a line, on standard output.

use std::io::Write;

use serde::Serialize;

/// Prints an object. A reader that went away, such as `head`, ends the printing
/// quietly.
///
/// # Errors
///
/// If it is nothing that JSON can say.
pub fn line(object: &impl Serialize) -> Result<(), String> {
    let line = serde_json::to_string(object).map_err(|e| e.to_string())?;
    let _ = writeln!(std::io::stdout(), "{line}");
    Ok(())
}
