//! Builds what judges a tree: a loom worker, and the tests of a normal build.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde::Deserialize;

use crate::engine::EngineName;

/// Test files of `meta-core` that do not judge mutants: each compiles programs
/// of its own, which takes longer than all others together.
const SLOW: [&str; 4] = ["bypass", "codegen", "compile_fail", "freestanding"];

/// Tests of `prop-tests` that run the code of `meta-core`.
const OF_PROP_TESTS: [&str; 3] = ["boot", "sequential", "whole_operations"];

/// Builds the worker of the tree for an engine.
///
/// # Errors
///
/// What the compiler says, if it does not compile.
pub fn worker(tree: &Path, target: &Path, engine: EngineName) -> Result<PathBuf, String> {
    let target = target.join(engine.as_str());
    let mut cargo = cargo(tree, &target, &format!(" --cfg {engine}"));
    cargo.args(["build", "--quiet", "--profile", "mutants"]);
    cargo.args(["--package", "model-tests", "--bin", "framecheck"]);
    run(cargo)?;
    let name = format!("framecheck{}", std::env::consts::EXE_SUFFIX);
    Ok(target.join("mutants").join(name))
}

/// A program of tests.
#[derive(Clone, Debug)]
pub(super) struct TestBinary {
    /// The package and the test file.
    pub(super) name: String,
    pub(super) program: PathBuf,
    /// The package's folder, where cargo would run it.
    pub(super) folder: PathBuf,
}

/// Builds the tests of the tree, those of `meta-core` first.
///
/// # Errors
///
/// What the compiler says, if they do not compile.
pub(super) fn tests(tree: &Path, target: &Path) -> Result<Vec<TestBinary>, String> {
    let mut cargo = cargo(tree, &target.join("normal"), "");
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
    let mut binaries: Vec<_> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Message>(line).ok())
        .filter_map(Message::binary)
        .filter(|binary| binary.name != "prop-tests prop_tests")
        .collect();
    binaries.sort_by(|a, b| a.name.cmp(&b.name));
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
        if path.extension().is_some_and(|e| e == "rs") && !SLOW.contains(&name) {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// A line of cargo's, as far as it matters.
#[derive(Deserialize)]
struct Message {
    reason: String,
    executable: Option<PathBuf>,
    manifest_path: Option<PathBuf>,
    target: Option<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

impl Message {
    fn binary(self) -> Option<TestBinary> {
        let folder = self.manifest_path?.parent()?.to_owned();
        let package = folder.file_name()?.to_string_lossy().into_owned();
        (self.reason == "compiler-artifact").then_some(TestBinary {
            name: format!("{package} {}", self.target?.name),
            program: self.executable?,
            folder,
        })
    }
}

fn cargo(tree: &Path, target: &Path, more_flags: &str) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut flags = std::env::var("RUSTFLAGS").unwrap_or_default();
    for engine in ["loom", "shuttle"] {
        flags = flags.replace(&format!("--cfg {engine}"), "");
    }
    flags.push_str(more_flags);
    let mut cargo = Command::new(program);
    cargo
        .current_dir(tree)
        .env("RUSTFLAGS", flags.trim())
        .env("CARGO_TARGET_DIR", target)
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("CARGO_BUILD_TARGET")
        .stdin(Stdio::null());
    cargo
}

fn run(mut cargo: Command) -> Result<Output, String> {
    let output = cargo
        .output()
        .map_err(|e| format!("cannot run cargo: {e}"))?;
    if output.status.success() {
        return Ok(output);
    }
    // With JSON messages the compiler's errors are on standard output.
    let said = [&output.stderr, &output.stdout].map(|text| String::from_utf8_lossy(text));
    let errors = said.iter().flat_map(|text| text.lines());
    let first = errors.map(reason).find(|line| line.starts_with("error"));
    Err(first.unwrap_or_else(|| format!("cargo failed: {}", output.status)))
}

/// A line of the compiler, taken out of its JSON if it is wrapped.
fn reason(line: &str) -> String {
    #[derive(Deserialize)]
    struct Wrapped {
        message: Rendered,
    }
    #[derive(Deserialize)]
    struct Rendered {
        rendered: String,
    }
    serde_json::from_str::<Wrapped>(line).map_or_else(
        |_| line.to_owned(),
        |line| {
            line.message
                .rendered
                .lines()
                .next()
                .unwrap_or("")
                .to_owned()
        },
    )
}
