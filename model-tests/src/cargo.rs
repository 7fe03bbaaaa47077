//! cargo, called to build with an engine, and the programs it made.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde::Deserialize;

use crate::interrupt;
use pipe::EngineName;

/// A call of cargo in the workspace at `root` for a build with this engine,
/// whose results go to `target`.
pub fn cargo(root: &Path, target: &Path, engine: EngineName) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut flags = std::env::var("RUSTFLAGS").unwrap_or_default();
    // They may be those of a build with an engine.
    for cfg in EngineName::ALL.into_iter().filter_map(EngineName::cfg) {
        flags = flags.replace(&format!("--cfg {cfg}"), "");
    }
    if let Some(cfg) = engine.cfg() {
        flags.push_str(" --cfg ");
        flags.push_str(cfg);
    }
    let mut cargo = Command::new(program);
    match flags.trim() {
        // To scripts that ask for it an empty one is another one than none.
        "" => cargo.env_remove("RUSTFLAGS"),
        flags => cargo.env("RUSTFLAGS", flags),
    };
    cargo
        .current_dir(root)
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
pub fn run(mut cargo: Command) -> Result<Output, String> {
    let output = cargo
        .output()
        .map_err(|e| format!("cannot run cargo: {e}"))?;
    if output.status.success() {
        return Ok(output);
    }
    note_interrupt(output.status);
    // With JSON messages the compiler's errors are on standard output.
    let said = [&output.stderr, &output.stdout].map(|text| String::from_utf8_lossy(text));
    let errors = said.iter().flat_map(|text| text.lines());
    let first = errors.map(reason).find(|line| line.starts_with("error"));
    Err(first.unwrap_or_else(|| format!("cargo failed: {}", output.status)))
}

/// Runs cargo for a crate that somebody else wrote: an error is all that the
/// compiler has to say of it.
///
/// # Errors
///
/// From the compiler's first error on, or that cargo failed.
pub fn run_aloud(mut cargo: Command) -> Result<Output, String> {
    /// More of the same helps nobody.
    const LINES: usize = 60;
    let output = cargo
        .output()
        .map_err(|e| format!("cannot run cargo: {e}"))?;
    if output.status.success() {
        return Ok(output);
    }
    note_interrupt(output.status);
    let text = String::from_utf8_lossy(&output.stderr);
    let errors = text.lines().skip_while(|line| !line.starts_with("error"));
    let errors: Vec<_> = errors.take(LINES).collect();
    Err(match errors.is_empty() {
        true => format!("cargo failed: {}", output.status),
        false => errors.join("\n"),
    })
}

/// A terminal interrupts cargo and this process at once, and whose end comes first is
/// chance: cargo's end by that signal is an interrupt.
#[cfg(unix)]
fn note_interrupt(status: std::process::ExitStatus) {
    use std::os::unix::process::ExitStatusExt;
    use std::time::Duration;
    const SIGINT: i32 = 2;
    if status.signal() != Some(SIGINT) {
        return;
    }
    // A second interrupt ends the process at once, so the first is waited for.
    for _ in 0..100 {
        if interrupt::requested() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    interrupt::request();
}

#[cfg(not(unix))]
fn note_interrupt(_: std::process::ExitStatus) {}

/// A program that cargo made.
#[derive(Clone, Debug)]
pub struct Built {
    /// The package, by the name of its folder.
    pub package: String,
    /// The target.
    pub name: String,
    /// The program itself.
    pub program: PathBuf,
    /// The package's folder, where cargo would run it.
    pub folder: PathBuf,
}

impl fmt::Display for Built {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.package, self.name)
    }
}

/// The programs that cargo made, if `--message-format=json` asked it to say so.
pub fn built(output: &Output) -> Vec<Built> {
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
