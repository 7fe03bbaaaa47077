//! Builds the worker of an engine: this crate again, with the engine's cfg, in
//! a target folder of its own.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::cargo::cargo;
use crate::engine::{self, EngineName};

/// How to build a worker.
#[derive(Debug, Clone, Copy)]
pub struct WorkerBuild {
    /// The engine.
    pub engine: EngineName,
    /// Whether cargo says what it does.
    pub quiet: bool,
}

/// Builds a worker if it is not up to date, and returns its program.
///
/// # Errors
///
/// If cargo cannot be run or fails; what it said is on standard error then.
pub fn build(what: WorkerBuild) -> Result<PathBuf, String> {
    let WorkerBuild { engine, quiet } = what;
    if engine::compiled() == engine {
        return std::env::current_exe().map_err(|e| format!("cannot find this program: {e}"));
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .ok_or("this crate is not in a workspace")?;
    let target = root.join("target").join(engine.as_str());
    let mut command = cargo(root, &target, engine);
    command
        .args(["build", "--release"])
        .args(["--package", "model-tests", "--bin", "framecheck"])
        .stdout(Stdio::null());
    if quiet {
        command.arg("--quiet");
    }
    let status = command
        .status()
        .map_err(|e| format!("cannot run cargo to build the {engine} worker: {e}"))?;
    if !status.success() {
        return Err(format!("building the {engine} worker failed: {status}"));
    }
    Ok(target
        .join("release")
        .join(format!("framecheck{}", std::env::consts::EXE_SUFFIX)))
}
