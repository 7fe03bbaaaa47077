//! A copy of the workspace, for mutants to live in.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Patch;
use super::patch;

/// A workspace and its copy.
#[derive(Debug)]
pub struct Tree {
    from: PathBuf,
    to: PathBuf,
}

impl Tree {
    /// The copy at `to` of the workspace at `from`; nothing is copied yet.
    pub fn new(from: &Path, to: &Path) -> Self {
        Tree {
            from: from.to_owned(),
            to: to.to_owned(),
        }
    }

    /// Where the copy is.
    pub fn path(&self) -> &Path {
        &self.to
    }

    /// Makes the copy equal to the workspace. Files that are equal already keep
    /// their time stamps, so that nothing is built anew for them.
    ///
    /// # Errors
    ///
    /// If a file cannot be read or written.
    pub fn restore(&self) -> Result<(), String> {
        let wanted = files(&self.from)?;
        for path in files(&self.to)?.difference(&wanted) {
            let path = self.to.join(path);
            fs::remove_file(&path).map_err(|e| at(&path, &e))?;
        }
        for path in wanted {
            let from = self.from.join(&path);
            let text = fs::read(&from).map_err(|e| at(&from, &e))?;
            write(&self.to.join(&path), &text)?;
        }
        Ok(())
    }

    /// Makes the copy equal to the workspace with a patch applied.
    ///
    /// # Errors
    ///
    /// If the patch does not apply to the workspace as it is, or a file cannot
    /// be read or written.
    pub fn mutate(&self, patch: &Patch) -> Result<(), String> {
        let changed = self.changed(patch)?;
        self.restore()?;
        for (path, text) in changed {
            write(&self.to.join(path), text.as_bytes())?;
        }
        Ok(())
    }

    /// The files that a patch changes, and their text after it.
    ///
    /// # Errors
    ///
    /// If the patch does not apply to the workspace as it is.
    pub fn changed(&self, patch: &Patch) -> Result<Vec<(PathBuf, String)>, String> {
        let mut changed = Vec::new();
        for (path, hunks) in &patch.files {
            let from = self.from.join(path);
            let text = fs::read_to_string(&from).map_err(|e| at(&from, &e))?;
            let text = patch::apply(&text, hunks)
                .map_err(|e| format!("the patch does not apply to {path}: {e}"))?;
            changed.push((PathBuf::from(path), text));
        }
        Ok(changed)
    }
}

fn write(path: &Path, text: &[u8]) -> Result<(), String> {
    if fs::read(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|e| at(folder, &e))?;
    }
    fs::write(path, text).map_err(|e| at(path, &e))
}

/// All files of a workspace, without what was built, what is hidden, and the
/// fuzz targets: they are no part of it, and fuzzers leave many files there.
fn files(root: &Path) -> Result<BTreeSet<PathBuf>, String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(root.join(&folder)) {
            Ok(entries) => entries,
            // A copy that was never made.
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            Err(e) => return Err(at(&root.join(&folder), &e)),
        };
        for entry in entries {
            let entry = entry.map_err(|e| at(&folder, &e))?;
            let name = entry.file_name();
            let path = folder.join(&name);
            let hidden = name.to_string_lossy().starts_with('.');
            if hidden
                || ["target", "fuzz"]
                    .iter()
                    .any(|name| path == Path::new(name))
            {
                continue;
            }
            let kind = entry.file_type().map_err(|e| at(&path, &e))?;
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() {
                found.insert(path);
            }
        }
    }
    Ok(found)
}

fn at(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_follows_its_workspace_and_forgets_a_mutant() {
        let folder = std::env::temp_dir().join(format!("mutant-tree-{}", std::process::id()));
        let (from, to) = (folder.join("from"), folder.join("to"));
        let put = |path: &str, text: &str| write(&from.join(path), text.as_bytes()).unwrap();
        put("Cargo.toml", "[workspace]\n");
        put("a/src/lib.rs", "one\ntwo\n");
        put("target/built", "");
        put("fuzz/corpus/input", "");
        put(".git/HEAD", "");
        let tree = Tree::new(&from, &to);
        tree.restore().unwrap();
        let in_copy = || files(&to).unwrap().into_iter().collect::<Vec<_>>();
        let kept = [PathBuf::from("Cargo.toml"), PathBuf::from("a/src/lib.rs")];
        assert_eq!(in_copy(), kept);
        assert!(!to.join("target").exists() && !to.join(".git").exists());

        let diff = "--- a/a/src/lib.rs\n+++ b/a/src/lib.rs\n@@ -1 +1 @@\n-two\n+2\n";
        let patch = Patch::parse(diff.lines()).unwrap();
        let text = || fs::read_to_string(to.join("a/src/lib.rs")).unwrap();
        tree.mutate(&patch).unwrap();
        assert_eq!(text(), "one\n2\n");
        fs::write(to.join("a/left-over"), "").unwrap();
        tree.restore().unwrap();
        assert_eq!(text(), "one\ntwo\n");
        assert_eq!(in_copy(), kept);

        put("a/src/lib.rs", "one\nthree\n");
        let error = tree.mutate(&patch).unwrap_err();
        assert!(error.contains("does not apply to a/src/lib.rs"), "{error}");
        fs::remove_dir_all(&folder).unwrap();
    }
}
