//! Patch files and their header lines.

use std::fs;
use std::path::Path;

use super::{Mutant, Patch};

/// Loads every `*.patch` file of a folder, sorted by name.
///
/// # Errors
///
/// The first file that is no mutant; no file at all.
pub fn load_all(folder: &Path) -> Result<Vec<Mutant>, String> {
    let unreadable = |e: std::io::Error| format!("{}: {e}", folder.display());
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_none_or(|e| e != "patch") {
            continue;
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let text = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        let mutant = parse(&name, &text).map_err(|e| format!("{}: {e}", path.display()))?;
        all.push(mutant);
    }
    if all.is_empty() {
        return Err(format!("{}: no mutant is here", folder.display()));
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(all)
}

fn parse(name: &str, text: &str) -> Result<Mutant, String> {
    let mut what = None;
    let mut equivalent = None;
    let mut quick = false;
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next_if(|line| !line.starts_with("--- ")) {
        let (key, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.trim();
        let slot = match key.trim() {
            "" => continue,
            "quick" if value.is_empty() => {
                quick = true;
                continue;
            }
            "what" => &mut what,
            "equivalent" => &mut equivalent,
            _ => {
                return Err(format!(
                    "`{line}` is no header line; these are `what: …`, `equivalent: …` and `quick`"
                ));
            }
        };
        if value.is_empty() {
            return Err(format!("`{line}` says nothing"));
        }
        if slot.replace(value.to_owned()).is_some() {
            return Err(format!("`{key}:` is said twice"));
        }
    }
    Ok(Mutant {
        name: name.to_owned(),
        what: what.ok_or("there is no `what:` line, which says what is wrong")?,
        equivalent,
        quick,
        patch: Patch::parse(lines)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIFF: &str = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n";

    #[test]
    fn the_header_says_what_and_why() {
        let text = format!("what: Wrong: very.\n\nequivalent: nobody looks\nquick\n{DIFF}");
        let mutant = parse("a-name", &text).unwrap();
        assert_eq!(mutant.name, "a-name");
        assert_eq!(mutant.what, "Wrong: very.");
        assert_eq!(mutant.equivalent.as_deref(), Some("nobody looks"));
        assert!(mutant.quick);
        let plain = parse("plain", &format!("what: Wrong.\n{DIFF}")).unwrap();
        assert_eq!((plain.equivalent, plain.quick), (None, false));
        assert_eq!(plain.patch, mutant.patch);
    }

    #[test]
    fn a_header_that_says_too_little_or_too_much_is_refused() {
        for (header, expected) in [
            ("", "no `what:` line"),
            ("what:\n", "says nothing"),
            ("what: a\nwhat: b\n", "said twice"),
            ("what: a\nequivalent:\n", "says nothing"),
            ("what: a\nwhy: b\n", "is no header line"),
            ("what: a\nquick: b\n", "is no header line"),
        ] {
            let error = parse("x", &format!("{header}{DIFF}")).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
