//! The harness itself, put to the test: logic mutants of `meta-core`, of the look-alike of
//! `core` and of the explorer `rc11` as patch files, and the judges that must tell each of
//! them from the original.
//!
//! ```text
//! what: A claim takes a frame that is being torn down.
//! --- a/meta-core/src/slot.rs
//! +++ b/meta-core/src/slot.rs
//! @@ -1,3 +1,3 @@
//!  …
//! ```
//!
//! | header line | says |
//! |---|---|
//! | `what:` | what is wrong, in a sentence |
//! | `equivalent:` | why no program can tell it from the original |
//! | `quick` | that `--quick` runs it |
//!
//! Orderings have no mutants here: the [`audit`](model_tests::audit) changes each of
//! them.

mod build;
mod explored;
mod judge;
mod load;
mod patch;
mod run;
mod tested;
mod tree;

use model_tests::workspace;
use pipe::EngineName;

pub use build::worker as build_worker;
pub use judge::{Fate, JudgeName, JudgedMutant, Kill};
pub use load::load_all;
pub use patch::{Hunk, Patch};
pub use run::Judges;
pub use tree::Tree;

/// The files of the look-alike of `core`.
const FACADE: &str = "meta-core/facade/src/";

/// A change of `meta-core`, or of the explorer, that something must notice.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// The file's name without folder and extension.
    pub name: String,
    /// What is wrong with it.
    pub what: String,
    /// Why no program can tell it from the original, if none can.
    pub equivalent: Option<String>,
    /// Whether it is one of the few that are run all the time.
    pub quick: bool,
    /// The change.
    pub patch: Patch,
}

impl Mutant {
    /// Whether it changes the boot alone, which engines never see: it is no
    /// part of model builds.
    fn is_of_the_boot(&self) -> bool {
        let boot = |path: &str| path.starts_with("meta-core/src/boot");
        self.patch.files.iter().all(|(path, _)| boot(path))
    }

    /// The explorers that must show it by the look-alike's own tests, if it changes that
    /// alone: those whose files it changes, or else all.
    fn explorers_of_the_facade(&self) -> Option<Vec<EngineName>> {
        const ALL: [EngineName; 3] = [EngineName::Shuttle, EngineName::Rc11, EngineName::Loom];
        let mut paths = self
            .patch
            .files
            .iter()
            .map(|(path, _)| path.strip_prefix(FACADE));
        let paths: Vec<_> = paths.by_ref().collect::<Option<_>>()?;
        let changed = |e: &EngineName| paths.contains(&&*format!("engine/{e}.rs"));
        let own: Vec<_> = ALL.into_iter().filter(changed).collect();
        Some(if own.is_empty() { ALL.to_vec() } else { own })
    }

    /// Whether it changes the explorer alone, which has tests of its own.
    pub fn is_of_the_explorer(&self) -> bool {
        let explorer = |path: &str| path.starts_with("model-tests/rc11/src/");
        self.patch.files.iter().all(|(path, _)| explorer(path))
    }
}

/// All mutants of this source tree: those of the protocol, then those of the
/// explorer.
///
/// # Errors
///
/// The first file that is no mutant.
pub fn corpus() -> Result<Vec<Mutant>, String> {
    let mut all = load_all(&workspace::package().join("mutants"))?;
    all.extend(load_all(&workspace::package().join("rc11/mutants"))?);
    Ok(all)
}
