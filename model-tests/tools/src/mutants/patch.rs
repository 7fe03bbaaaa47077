//! Unified diffs: just enough to apply those of the corpus.
//!
//! A hunk goes where its old lines are, whatever its line numbers say, and only
//! if they are in one place: so that patches survive edits elsewhere, and never
//! change something else than was meant.

/// Changes of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// Path from the root of the workspace, and the changes of that file.
    pub files: Vec<(String, Vec<Hunk>)>,
}

/// Lines in place of other lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hunk {
    /// Context and removed lines.
    pub old: Vec<String>,
    /// Context and added lines.
    pub new: Vec<String>,
}

impl Patch {
    /// Parses a unified diff.
    ///
    /// # Errors
    ///
    /// The first line that does not belong there.
    pub fn parse<'a>(lines: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut files: Vec<(String, Vec<Hunk>)> = Vec::new();
        let mut before = None;
        for line in lines {
            if let Some(path) = line.strip_prefix("--- ") {
                before = Some(path_of(path, "a/")?);
            } else if let Some(path) = line.strip_prefix("+++ ") {
                let path = path_of(path, "b/")?;
                if before.take() != Some(path) {
                    return Err(format!("`{line}` does not follow its `--- a/{path}`"));
                }
                files.push((path.to_owned(), Vec::new()));
            } else if line.starts_with("@@") {
                let (_, hunks) = files.last_mut().ok_or("`@@` comes before `+++`")?;
                hunks.push(Hunk {
                    old: Vec::new(),
                    new: Vec::new(),
                });
            } else {
                let hunk = files
                    .last_mut()
                    .and_then(|(_, hunks)| hunks.last_mut())
                    .ok_or_else(|| format!("`{line}` stands before the first `@@`"))?;
                hunk.take(line)?;
            }
        }
        if files.is_empty() {
            return Err("there is no diff".to_owned());
        }
        for (path, hunks) in &files {
            if hunks.is_empty() || hunks.iter().any(|hunk| hunk.old == hunk.new) {
                return Err(format!("a hunk of {path} changes nothing"));
            }
        }
        Ok(Patch { files })
    }
}

/// The path of a `---` or `+++` line.
fn path_of<'a>(path: &'a str, prefix: &str) -> Result<&'a str, String> {
    let path = path.split('\t').next().unwrap_or(path);
    path.strip_prefix(prefix)
        .ok_or_else(|| format!("the path `{path}` does not begin with `{prefix}`"))
}

impl Hunk {
    fn take(&mut self, line: &str) -> Result<(), String> {
        // Editors like to remove the blank of an empty line of context.
        let (sign, text) = line.split_at_checked(1).unwrap_or((" ", ""));
        if !matches!(sign, " " | "-" | "+") {
            return Err(format!("`{line}` begins with none of ` `, `-`, `+`"));
        }
        if sign != "+" {
            self.old.push(text.to_owned());
        }
        if sign != "-" {
            self.new.push(text.to_owned());
        }
        Ok(())
    }
}

/// The text with all hunks applied.
///
/// # Errors
///
/// If the old lines of a hunk are not in the text, or in several places.
pub(super) fn apply(text: &str, hunks: &[Hunk]) -> Result<String, String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for hunk in hunks {
        let mut places = lines
            .windows(hunk.old.len().max(1))
            .enumerate()
            .filter(|(_, lines)| *lines == hunk.old)
            .map(|(place, _)| place);
        let place = places.next();
        let twin = places.next();
        let first = hunk.old.first().map_or("", |line| line.trim());
        match (place, twin) {
            (Some(place), None) => {
                lines.splice(place..place + hunk.old.len(), hunk.new.iter().cloned());
            }
            (None, _) => {
                return Err(format!(
                    "the lines from `{first}` on are not there: make the patch anew from the \
                     code as it is"
                ));
            }
            (Some(_), Some(_)) => {
                return Err(format!(
                    "the lines from `{first}` on are in several places: give the hunk more context"
                ));
            }
        }
    }
    let mut text = lines.join("\n");
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIFF: &str = "\
--- a/src/a.rs
+++ b/src/a.rs
@@ -40,3 +40,4 @@
 two
-three
+drei
+und ein halb
 four
";

    fn hunks(diff: &str) -> Vec<Hunk> {
        Patch::parse(diff.lines()).unwrap().files.remove(0).1
    }

    #[test]
    fn a_hunk_goes_where_its_old_lines_are() {
        let text = "one\ntwo\nthree\nfour\nthree\n";
        let expected = "one\ntwo\ndrei\nund ein halb\nfour\nthree\n";
        assert_eq!(apply(text, &hunks(DIFF)), Ok(expected.to_owned()));
    }

    #[test]
    fn hunks_are_applied_one_after_another() {
        let both = format!("{DIFF}@@ -1 +1 @@\n-drei\n+3\n");
        let hunks = hunks(&both);
        assert_eq!(hunks.len(), 2);
        let text = "two\nthree\nfour\n";
        assert_eq!(
            apply(text, &hunks),
            Ok("two\n3\nund ein halb\nfour\n".to_owned())
        );
    }

    #[test]
    fn lines_that_are_nowhere_or_in_two_places_are_refused() {
        let nowhere = apply("two\nfour\n", &hunks(DIFF)).unwrap_err();
        assert!(nowhere.contains("`two` on are not there"), "{nowhere}");
        let text = "two\nthree\nfour\ntwo\nthree\nfour\n";
        let twice = apply(text, &hunks(DIFF)).unwrap_err();
        assert!(twice.contains("several places"), "{twice}");
        assert!(apply("", &hunks(DIFF)).is_err());
    }

    #[test]
    fn an_empty_line_of_context_may_have_lost_its_blank() {
        let hunks = hunks("--- a/x\n+++ b/x\n@@ -1 +1 @@\n\n-a\n+b\n");
        assert_eq!(apply("a\n\na\n", &hunks), Ok("a\n\nb\n".to_owned()));
    }

    #[test]
    fn what_is_no_diff_is_refused() {
        for (diff, expected) in [
            ("", "there is no diff"),
            ("-a\n", "stands before the first `@@`"),
            ("@@ -1 +1 @@\n", "comes before `+++`"),
            ("--- x\n", "does not begin with `a/`"),
            ("--- a/x\n+++ b/y\n", "does not follow"),
            ("--- a/x\n+++ b/x\n", "changes nothing"),
            ("--- a/x\n+++ b/x\n@@ -1 +1 @@\n a\n", "changes nothing"),
            ("--- a/x\n+++ b/x\n@@ -1 +1 @@\n*a\n", "begins with none of"),
        ] {
            let error = Patch::parse(diff.lines()).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
