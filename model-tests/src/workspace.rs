//! The checkout that a command works on.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::{env, fs, io, process};

/// What marks the root of a checkout.
const MARKS: [&str; 2] = ["Cargo.lock", "model-tests/litmus"];

/// The root of the checkout: the one that cargo runs this program in, else the
/// one that the program lies in, else the one around the current folder.
///
/// It is found anew each time, so that a checkout which was moved or copied with
/// everything that was built works on itself.
pub fn root() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let by_cargo = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let by_place = env::current_exe().ok();
        let here = env::current_dir().ok();
        [by_cargo, by_place, here]
            .into_iter()
            .flatten()
            .find_map(|inside| root_of(&inside).map(Path::to_owned))
            .unwrap_or_else(|| PathBuf::from("."))
    });
    &ROOT
}

/// The folder of the litmus files.
pub fn litmus() -> PathBuf {
    root().join("model-tests/litmus")
}

/// The folder of this package.
pub fn package() -> PathBuf {
    root().join("model-tests")
}

/// The folder of all that is built and kept from run to run.
pub fn target() -> PathBuf {
    root().join("target")
}

/// The path, from the current folder if it is in it.
pub fn near(path: &Path) -> String {
    let here = env::current_dir().ok();
    let inside = here.and_then(|here| path.strip_prefix(here).ok());
    inside.unwrap_or(path).display().to_string()
}

/// Writes a file whole or not at all, with the folders it is in: on a full disk
/// the one that was there stays.
///
/// # Errors
///
/// If it cannot be written.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    if path.exists() && !path.is_file() {
        // A device or a pipe has no other to take its place.
        return fs::write(path, text);
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let unfinished = folder.join(format!(".{name}.{}", process::id()));
    let written = fs::write(&unfinished, text).and_then(|()| fs::rename(&unfinished, path));
    if written.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    written
}

/// The root of the checkout that this path is in.
fn root_of(inside: &Path) -> Option<&Path> {
    let is_root = |folder: &&Path| MARKS.iter().all(|mark| folder.join(mark).exists());
    inside.ancestors().find(is_root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkout_is_found_from_within() {
        let root = root();
        assert!(root.join("model-tests/src/workspace.rs").exists());
        let inside = root.join("target/release/framecheck");
        assert_eq!(root_of(&inside), Some(root));
        assert_eq!(root_of(Path::new("/")), None);
    }

    /// The test runs itself once more, with a limit on the size of files that acts
    /// as a full disk does.
    #[cfg(unix)]
    #[test]
    fn on_a_full_disk_the_file_that_was_there_stays() {
        const FOLDER: &str = "WORKSPACE_FULL_DISK";
        if let Some(folder) = env::var_os(FOLDER).map(PathBuf::from) {
            assert!(write(&folder.join("file"), "new").is_err());
            return;
        }
        let folder = env::temp_dir().join(format!("full-disk-{}", process::id()));
        let file = folder.join("file");
        write(&file, "old").unwrap();
        let again = "trap '' XFSZ; ulimit -f 0; exec \"$0\" on_a_full_disk";
        let status = process::Command::new("sh")
            .args(["-c", again])
            .arg(env::current_exe().unwrap())
            .env(FOLDER, &folder)
            .stdout(process::Stdio::null())
            .status();
        let kept = fs::read_to_string(&file).unwrap();
        let files = fs::read_dir(&folder).unwrap().count();
        write(&file, "new").unwrap();
        let new = fs::read_to_string(&file).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert!(status.unwrap().success());
        assert_eq!((&*kept, files, &*new), ("old", 1, "new"));
    }
}
