//! The checkout that a command works on.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

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
}
