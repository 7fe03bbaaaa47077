//! Builds what judges a tree: a loom worker, the tests of a normal build, and those
//! of the explorer.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use model_tests::cargo::{Built, built, cargo, run};
use pipe::EngineName;

/// Test files of `meta-core` that do not judge mutants. One reads the code, and
/// not what it does; the others link programs of their own.
const NO_JUDGES: [&str; 3] = ["bypass", "freestanding", "sites"];

/// Those that compile code of their own, which takes longer than all the rest: they
/// judge last.
const LAST: [&str; 2] = ["codegen", "compile_fail"];

/// The test file of the explorer that costs least and notices most: it judges first.
const FIRST_OF_EXPLORER: &str = "counts";

/// Tests of `prop-tests` that run the code of `meta-core`.
const OF_PROP_TESTS: [&str; 4] = ["boot", "high_addresses", "sequential", "whole_operations"];

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
    let of_core = test_files(&tree.join("meta-core/tests"))?;
    let of_core = of_core.iter().map(String::as_str);
    let judges = of_core.filter(|name| !NO_JUDGES.contains(name));
    for test in judges.chain(OF_PROP_TESTS) {
        cargo.args(["--test", test]);
    }
    let output = run(cargo)?;
    let mut binaries = built(&output);
    binaries.retain(|binary| binary.name != "prop_tests");
    binaries.sort_by_cached_key(|binary| {
        let last = LAST.contains(&binary.name.as_str());
        (last, binary.package.clone(), binary.name.clone())
    });
    Ok(binaries)
}

/// Builds one test file of the explorer.
///
/// # Errors
///
/// What the compiler says, if it does not compile.
pub(super) fn explorer_test(tree: &Path, target: &Path, name: &str) -> Result<Built, String> {
    let mut cargo = cargo(tree, &target.join("normal"), EngineName::Threads);
    cargo.args(["test", "--quiet", "--no-run", "--message-format=json"]);
    cargo.args(["--config", "profile.dev.debug=false"]);
    cargo.args(["--package", "rc11", "--test", name]);
    let mut binaries = built(&run(cargo)?);
    binaries.retain(|binary| binary.name == name);
    binaries
        .pop()
        .ok_or_else(|| format!("cargo built no {name}"))
}

/// Builds the tests of the look-alike in an explorer.
///
/// # Errors
///
/// What the compiler says, if they do not compile.
pub(super) fn facade_tests(
    tree: &Path,
    target: &Path,
    explorer: EngineName,
) -> Result<Vec<Built>, String> {
    let mut cargo = cargo(tree, &target.join(explorer.as_str()), explorer);
    cargo.args(["test", "--quiet", "--no-run", "--message-format=json"]);
    cargo.args(["--config", "profile.dev.debug=false"]);
    cargo.args(["--package", "facade", "--tests"]);
    Ok(built(&run(cargo)?))
}

/// The names of the explorer's test files; the one that judges first comes first.
///
/// # Errors
///
/// If the folder cannot be read.
pub(super) fn of_explorer(tree: &Path) -> Result<Vec<String>, String> {
    let mut names = test_files(&tree.join("model-tests/rc11/tests"))?;
    names.sort_by_key(|name| name != FIRST_OF_EXPLORER);
    Ok(names)
}

/// The names of the tests in a folder, sorted.
fn test_files(folder: &Path) -> Result<Vec<String>, String> {
    let unreadable = |e: std::io::Error| format!("{}: {e}", folder.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_stem().and_then(OsStr::to_str).unwrap_or_default();
        if path.extension().is_some_and(|e| e == "rs") || path.join("main.rs").is_file() {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}
