//! What happens to handles at the end, as people write it.

use programs::outcome::Ends;

/// The end or ends of this name.
///
/// # Errors
///
/// If there is none.
pub fn parse(word: &str) -> Result<Vec<Ends>, String> {
    match word.trim() {
        "both" => Ok(vec![Ends::Dropped, Ends::Left]),
        other => match other.parse() {
            Ok(ends) => Ok(vec![ends]),
            Err(_) => Err(format!("`{other}` is not one of dropped, left, both")),
        },
    }
}
