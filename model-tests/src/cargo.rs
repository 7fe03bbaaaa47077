//! cargo, called to build with an engine, and the programs it made.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde::Deserialize;

use crate::engine::EngineName;

/// A call of cargo in the workspace at `root` for a build with this engine,
/// whose results go to `target`.
pub(crate) fn cargo(root: &Path, target: &Path, engine: EngineName) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut flags = std::env::var("RUSTFLAGS").unwrap_or_default();
    // This process may be a build with an engine itself.
    for engine in [EngineName::Rc11, EngineName::Loom, EngineName::Shuttle] {
        flags = flags.replace(&format!("--cfg {engine}"), "");
    }
    if engine != EngineName::Threads {
        flags.push_str(" --cfg ");
        flags.push_str(engine.as_str());
    }
    let mut cargo = Command::new(program);
    cargo
        .current_dir(root)
        .env("RUSTFLAGS", flags.trim())
        .env("CARGO_TARGET_DIR", target)
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("CARGO_BUILD_TARGET")
        .stdin(Stdio::null());
    cargo
}

/// Runs cargo, and keeps what it says.
///
/// # Errors
///
/// The first error of the compiler, or that cargo failed.
pub(crate) fn run(mut cargo: Command) -> Result<Output, String> {
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

/// A program that cargo made.
#[derive(Clone, Debug)]
pub(crate) struct Built {
    /// The package, by the name of its folder.
    pub(crate) package: String,
    /// The target.
    pub(crate) name: String,
    pub(crate) program: PathBuf,
    /// The package's folder, where cargo would run it.
    pub(crate) folder: PathBuf,
}

impl fmt::Display for Built {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.package, self.name)
    }
}

/// The programs that cargo made, if `--message-format=json` asked it to say so.
pub(crate) fn built(output: &Output) -> Vec<Built> {
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Message>(line).ok())
        .filter_map(Message::built)
        .collect()
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
    fn built(self) -> Option<Built> {
        let folder = self.manifest_path?.parent()?.to_owned();
        let package = folder.file_name()?.to_string_lossy().into_owned();
        (self.reason == "compiler-artifact").then_some(Built {
            package,
            name: self.target?.name,
            program: self.executable?,
            folder,
        })
    }
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
