//! Builds what judges a tree: a loom worker, and the tests of a normal build.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use model_tests::cargo::{Built, built, cargo, run};
use pipe::EngineName;

/// Test files of `meta-core` that do not judge mutants. One reads the code, and
/// not what it does; the others compile programs of their own, which takes longer
/// than all the rest.
const NO_JUDGES: [&str; 5] = ["bypass", "codegen", "compile_fail", "freestanding", "sites"];

/// Tests of `prop-tests` that run the code of `meta-core`.
const OF_PROP_TESTS: [&str; 3] = ["boot", "sequential", "whole_operations"];

/// Builds the worker of the tree for an engine.
///
/// # Errors
///
/// What the compiler says, if it does not compile.
pub fn worker(tree: &Path, target: &Path, engine: EngineName) -> Result<PathBuf, String> {
    let target = target.join(engine.as_str());
    let mut cargo = cargo(tree, &target, engine);
    cargo.args(["build", "--quiet", "--profile", "mutants"]);
    cargo.args(["--package", "worker", "--bin", "worker"]);
    run(cargo)?;
    let name = format!("worker{}", std::env::consts::EXE_SUFFIX);
    Ok(target.join("mutants").join(name))
}

/// Builds the tests of the tree, those of `meta-core` first.
///
/// # Errors
///
/// What the compiler says, if they do not compile.
pub(super) fn tests(tree: &Path, target: &Path) -> Result<Vec<Built>, String> {
    let mut cargo = cargo(tree, &target.join("normal"), EngineName::Threads);
    cargo.args(["test", "--quiet", "--no-run", "--message-format=json"]);
    // Nobody reads a backtrace of a mutant.
    cargo.args(["--config", "profile.dev.debug=false"]);
    cargo.args(["--package", "meta-core", "--package", "prop-tests", "--lib"]);
    for test in of_core(tree)?
        .iter()
        .map(String::as_str)
        .chain(OF_PROP_TESTS)
    {
        cargo.args(["--test", test]);
    }
    let output = run(cargo)?;
    let mut binaries = built(&output);
    binaries.retain(|binary| binary.name != "prop_tests");
    binaries.sort_by(|a, b| (&a.package, &a.name).cmp(&(&b.package, &b.name)));
    Ok(binaries)
}

/// The test files of `meta-core` that judge mutants.
fn of_core(tree: &Path) -> Result<Vec<String>, String> {
    let folder = tree.join("meta-core/tests");
    let unreadable = |e: std::io::Error| format!("{}: {e}", folder.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_stem().and_then(OsStr::to_str).unwrap_or_default();
        if path.extension().is_some_and(|e| e == "rs") && !NO_JUDGES.contains(&name) {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}
