//! Documents that are generated: from the table of orderings, from the last audit,
//! the last figures and the searches for planted bugs that were kept, and from a saved
//! failure.

mod audit;
mod bench;
mod markdown;
mod planted;
#[cfg(test)]
mod schemas;
mod sites;

use std::path::Path;

use pipe::Description;

use crate::bench::Results;
use crate::print;
use crate::print::story::Detail;
use crate::scale;
use model_tests::audit::recorded::Recorded;
use model_tests::counterexample::Counterexample;

const ORDERINGS: &str = "orderings";
const FAILURE: &str = "failure";
const PLANTED: &str = "planted";

/// The failure that the documents show; a test compares it with what rc11 finds.
const SHOWN: &str = "model-tests/tests/stories/rc11/smallest-kernel-try-unique-is-relaxed.json";

/// A file, and what it has to contain.
#[derive(Clone, Debug)]
pub struct Document {
    /// Its path below the root of the repository.
    pub path: String,
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
        let path = root.join(&self.path);
        path.parent()
            .map_or(Ok(()), std::fs::create_dir_all)
            .and_then(|()| std::fs::write(path, &self.wanted))
            .map_err(|e| format!("{}: {e}", self.path))
    }
}

/// All generated documents below `root`.
///
/// # Errors
///
/// If a file that contains a generated part cannot be read, or lacks the marks.
pub fn documents(
    root: &Path,
    subject: &'static Description,
    recorded: &Recorded,
) -> Result<Vec<Document>, String> {
    // A document that does not exist yet is stale, no error.
    let current = |path: &str| std::fs::read_to_string(root.join(path)).unwrap_or_default();
    let whole = |path: &str, wanted| Document {
        path: path.to_owned(),
        current: current(path),
        wanted,
    };
    let figures = Results::load(&Results::kept()).map_err(|e| {
        format!("{e}\n  hint: run `cargo run --release --package tools -- bench --long --record`")
    })?;
    let failure = (FAILURE, shown_failure(root, subject)?);
    let orderings = (ORDERINGS, sites::with_price(subject, recorded));
    let planted = (PLANTED, planted::table(&crate::planted::Recorded::load()?));
    let parts = |path: &str, parts: &[&(&str, String)]| {
        let text = std::fs::read_to_string(root.join(path)).map_err(|e| format!("{path}: {e}"))?;
        let mut wanted = text.clone();
        for (name, part) in parts {
            wanted = between_marks(&wanted, name, part).ok_or_else(|| {
                format!("{path}: no `{}` followed by `{}`", begin(name), end(name))
            })?;
        }
        Ok::<_, String>(Document {
            path: path.to_owned(),
            current: text,
            wanted,
        })
    };
    Ok(vec![
        parts("README.md", &[&failure])?,
        parts("docs/protocol.md", &[&orderings])?,
        parts("docs/guide/2-read-a-counterexample.md", &[&failure])?,
        parts("docs/campaigns.md", &[&planted])?,
        whole(
            "meta-core/src/ordering/table.md",
            sites::with_reason(subject),
        ),
        whole("docs/orderings.md", audit::page(subject, recorded)),
        whole("docs/benchmarks.md", bench::page(&figures)),
        whole("docs/scale.svg", scale::svg(&figures.scale)?),
    ])
}

/// The failure as `explore` prints it.
fn shown_failure(root: &Path, subject: &'static Description) -> Result<String, String> {
    let saved = Counterexample::load(&root.join(SHOWN))?;
    let text = print::failure::text(&saved.job, &saved.run(), subject, Detail::Story);
    let text = anstream::adapter::strip_str(&text).to_string();
    Ok(format!("```text\n{}\n```\n", text.trim_end()))
}

fn begin(name: &str) -> String {
    format!("<!-- {name}:begin -->")
}

fn end(name: &str) -> String {
    format!("<!-- {name}:end -->")
}

/// The text with another part between the marks of this name.
fn between_marks(text: &str, name: &str, part: &str) -> Option<String> {
    let (begin, end) = (begin(name), end(name));
    let (before, rest) = text.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}\n\n{part}\n{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_part_between_the_marks_changes() {
        let (begin, end) = (begin("x"), end("x"));
        let text = format!("a\n{begin}\nold\n{end}\nb\n");
        let new = between_marks(&text, "x", "new\n").unwrap();
        assert_eq!(new, format!("a\n{begin}\n\nnew\n\n{end}\nb\n"));
        assert_eq!(between_marks(&new, "x", "new\n").unwrap(), new);
        assert_eq!(between_marks(&new, "y", "new\n"), None);
    }

    #[test]
    fn marks_in_the_wrong_order_are_none() {
        let text = format!("{}{}", end("x"), begin("x"));
        assert_eq!(between_marks(&text, "x", ""), None);
    }
}
