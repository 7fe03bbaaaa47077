//! Documents that are generated from the table of orderings and the last audit
//! that was kept.

mod audit;
mod markdown;
mod sites;

use std::path::{Path, PathBuf};

use crate::audit::recorded::Recorded;

const BEGIN: &str = "<!-- orderings:begin -->";
const END: &str = "<!-- orderings:end -->";

/// A file, and what it has to contain.
#[derive(Clone, Debug)]
pub struct Document {
    /// Its path below the root of the repository.
    pub path: &'static str,
    current: String,
    wanted: String,
}

impl Document {
    /// Whether the file is not as it has to be.
    pub fn is_stale(&self) -> bool {
        self.current != self.wanted
    }

    /// Writes the file below `root`.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn write(&self, root: &Path) -> Result<(), String> {
        std::fs::write(root.join(self.path), &self.wanted)
            .map_err(|e| format!("{}: {e}", self.path))
    }
}

/// The root of the repository.
pub fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_owned()
}

/// All generated documents below `root`.
///
/// # Errors
///
/// If a file that contains a generated part cannot be read, or lacks the marks.
pub fn documents(root: &Path, recorded: &Recorded) -> Result<Vec<Document>, String> {
    // A document that does not exist yet is stale, no error.
    let current = |path: &str| std::fs::read_to_string(root.join(path)).unwrap_or_default();
    let whole = |path, wanted| Document {
        path,
        current: current(path),
        wanted,
    };
    let readme = "README.md";
    let text = std::fs::read_to_string(root.join(readme)).map_err(|e| format!("{readme}: {e}"))?;
    let wanted = between_marks(&text, &sites::with_price(recorded))
        .ok_or_else(|| format!("{readme}: no `{BEGIN}` followed by `{END}`"))?;
    Ok(vec![
        Document {
            path: readme,
            current: text,
            wanted,
        },
        whole("meta-core/src/ordering/table.md", sites::with_reason()),
        whole("docs/orderings.md", audit::page(recorded)),
    ])
}

/// The text with another part between the marks.
fn between_marks(text: &str, part: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{part}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_part_between_the_marks_changes() {
        let text = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        let new = between_marks(&text, "new\n").unwrap();
        assert_eq!(new, format!("a\n{BEGIN}\n\nnew\n\n{END}\nb\n"));
        assert_eq!(between_marks(&new, "new\n").unwrap(), new);
    }

    #[test]
    fn marks_in_the_wrong_order_are_none() {
        assert_eq!(between_marks(&format!("{END}{BEGIN}"), ""), None);
    }
}
