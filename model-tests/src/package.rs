//! The crate whose worker is built: that of `meta-core`, or the one that
//! `--subject` names.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde::Deserialize;

use crate::cargo;
use crate::counterexample::digest;
use crate::workspace;

/// A crate with a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// As the command line gave it.
    pub shown: String,
    /// Its folder.
    pub folder: PathBuf,
    /// The root of its workspace.
    pub workspace: PathBuf,
    /// Its name.
    pub name: String,
    /// The name of its worker's program.
    pub program: String,
    /// The other crates that it needs, by the names that they have in its files.
    pub dependencies: Vec<String>,
}

static CHOSEN: OnceLock<Option<Package>> = OnceLock::new();
static LATE: OnceLock<Package> = OnceLock::new();

/// Has this process work on the crate in a folder, or on `meta-core`. Said once,
/// before anything else.
///
/// # Errors
///
/// If there is no such folder, or no crate with a worker in it.
pub fn choose(folder: Option<&Path>) -> Result<(), String> {
    let package = folder.map(Package::find).transpose()?;
    CHOSEN
        .set(package)
        .map_err(|_| "a subject is chosen once".to_owned())
}

/// The same for a crate that only turns out to be the subject: that of a saved
/// failure.
///
/// # Errors
///
/// As [`choose`].
pub fn choose_late(folder: &Path) -> Result<(), String> {
    let package = Package::find(folder)?;
    LATE.set(package)
        .map_err(|_| "a subject is chosen once".to_owned())
}

/// The crate that was chosen, if it is not that of `meta-core`.
pub fn chosen() -> Option<&'static Package> {
    let chosen = CHOSEN.get().and_then(Option::as_ref);
    chosen.or_else(|| LATE.get())
}

/// How it was named, if it is not that of `meta-core`.
pub fn name() -> Option<String> {
    chosen().map(|package| package.shown.clone())
}

/// Its folder, if it is not that of `meta-core`.
pub fn folder() -> Option<String> {
    chosen().map(|package| package.folder.display().to_string())
}

/// ` --subject PATH`, if it is not that of `meta-core`.
pub fn option() -> String {
    name().map_or_else(String::new, |name| format!(" --subject {name}"))
}

/// What `cargo metadata` answers, as far as it matters.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Listed>,
    workspace_root: PathBuf,
}

#[derive(Deserialize)]
struct Listed {
    name: String,
    manifest_path: PathBuf,
    targets: Vec<Target>,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    rename: Option<String>,
    /// None of one that the program itself needs.
    kind: Option<String>,
}

impl Package {
    /// The crate in this folder.
    ///
    /// # Errors
    ///
    /// If there is none, or it has no worker.
    pub fn find(given: &Path) -> Result<Self, String> {
        let shown = given.display();
        let folder = given
            .canonicalize()
            .map_err(|error| format!("--subject {shown}: {error}"))?;
        if !folder.is_dir() {
            return Err(format!("--subject {shown}: not a folder"));
        }
        let manifest = folder.join("Cargo.toml");
        if !manifest.exists() {
            return Err(format!(
                "--subject {shown}: no Cargo.toml in it\n  hint: `cargo run --release -- subject new {shown}/NAME` \
                 makes a crate"
            ));
        }
        let mut command = cargo::cargo(&folder, &workspace::target(), pipe::EngineName::Threads);
        command
            .args([
                "metadata",
                "--no-deps",
                "--format-version",
                "1",
                "--manifest-path",
            ])
            .arg(&manifest);
        let output = cargo::run(command).map_err(|e| format!("--subject {shown}: {e}"))?;
        let metadata: Metadata = serde_json::from_slice(&output.stdout)
            .map_err(|e| format!("--subject {shown}: cargo metadata: {e}"))?;
        let found = metadata
            .packages
            .into_iter()
            .find(|package| package.manifest_path == manifest)
            .ok_or_else(|| format!("--subject {shown}: its Cargo.toml has no [package]"))?;
        let programs: Vec<_> = found
            .targets
            .iter()
            .filter(|target| target.kind.iter().any(|kind| kind == "bin"))
            .map(|target| target.name.clone())
            .collect();
        let worker = |name: &&String| **name == found.name || *name == "worker";
        let program = match &programs[..] {
            [only] => Some(only),
            several => several.iter().find(worker),
        };
        let Some(program) = program.cloned() else {
            return Err(format!(
                "--subject {shown}: no worker: {}\n  hint: a src/main.rs that ends in \
                 `worker::Subject::new()....serve()`",
                match programs.len() {
                    0 => "the crate has no program".to_owned(),
                    n => format!("none of its {n} programs is called `{}`", found.name),
                }
            ));
        };
        if !found
            .dependencies
            .iter()
            .any(|needed| needed.name == "worker" && needed.kind.is_none())
        {
            return Err(format!(
                "--subject {shown}: no worker: the crate does not depend on the library `worker`\n  \
                 hint: worker = {{ path = {:?} }}",
                workspace::root().join("model-tests/worker")
            ));
        }
        let named = |needed: &Dependency| needed.rename.as_ref().unwrap_or(&needed.name).clone();
        Ok(Package {
            dependencies: (found.dependencies.iter())
                .filter(|needed| needed.kind.is_none())
                .filter(|needed| !["worker", "facade"].contains(&&*needed.name))
                .map(|needed| named(needed).replace('-', "_"))
                .collect(),
            shown: shown.to_string(),
            workspace: metadata.workspace_root,
            name: found.name,
            program,
            folder,
        })
    }

    /// Its source files, by path from its folder, with a digest of what is in them.
    pub fn files(&self) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.folder.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                let name = entry.file_name();
                // Links are not followed: a folder could contain itself.
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    if name != "target" && !name.to_string_lossy().starts_with('.') {
                        folders.push(path);
                    }
                } else if path
                    .extension()
                    .is_some_and(|end| end == "rs" || end == "toml")
                {
                    let name = path.strip_prefix(&self.folder).unwrap_or(&path);
                    let text = std::fs::read_to_string(&path).unwrap_or_default();
                    let text = format!("{:016x}", digest(&text));
                    files.insert(name.display().to_string(), text);
                }
            }
        }
        files
    }
}
