//! Benchmark programs that Criterion runs.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::{Figure, Part, Unit};
use model_tests::cargo::{built, cargo, run};
use model_tests::interrupt;
use pipe::EngineName;

/// How long each benchmark is measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Speed {
    /// In seconds, beforehand.
    pub(super) warm_up: f64,
    /// In seconds.
    pub(super) measure: f64,
    /// So many times, at least 10.
    pub(super) samples: u32,
}

/// Builds a benchmark of a package with an engine, where that engine's worker
/// is built too, and returns its program.
///
/// # Errors
///
/// What the compiler says, if it does not compile.
pub(super) fn build(
    root: &Path,
    engine: EngineName,
    package: &str,
    bench: &str,
) -> Result<PathBuf, String> {
    let target = match engine {
        EngineName::Threads => root.join("target"),
        _ => root.join("target").join(engine.as_str()),
    };
    let mut command = cargo(root, &target, engine);
    command.args(["bench", "--no-run", "--quiet", "--message-format=json"]);
    command.args(["--package", package, "--bench", bench]);
    let mut programs = built(&run(command)?);
    programs.retain(|built| built.name == bench);
    let program = programs.pop().map(|built| built.program);
    program.ok_or_else(|| format!("cargo built no benchmark `{bench}`"))
}

/// Runs all benchmarks of a program once, and hands over what Criterion wrote
/// below `home`, which is emptied before; after an interrupt, what there is.
///
/// # Errors
///
/// If the program fails, or Criterion wrote something else.
pub(super) fn measure(
    program: &Path,
    part: Part,
    home: &Path,
    speed: Speed,
    mut take: impl FnMut(Figure) -> Result<(), String>,
) -> Result<(), String> {
    let at = |path: &Path, e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    match fs::remove_dir_all(home) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(at(home, &e)),
        _ => fs::create_dir_all(home).map_err(|e| at(home, &e))?,
    }
    let order = said(Command::new(program).args(["--bench", "--list"]))?;
    let mut command = Command::new(program);
    command
        .args(["--bench", "--noplot", "--quiet"])
        .arg(format!("--warm-up-time={}", speed.warm_up))
        .arg(format!("--measurement-time={}", speed.measure))
        .arg(format!("--sample-size={}", speed.samples))
        .env("CRITERION_HOME", home);
    let ended = said(&mut command);
    if !interrupt::requested() {
        ended?;
    }

    let mut found = HashMap::new();
    let mut folders = vec![home.to_owned()];
    while let Some(folder) = folders.pop() {
        // Written last: without it an interrupt came before the end.
        if folder.ends_with("new") && folder.join("benchmark.json").exists() {
            let (name, figure) = read(part, &folder)?;
            found.insert(name, figure);
        }
        for entry in fs::read_dir(&folder).map_err(|e| at(&folder, &e))? {
            let path = entry.map_err(|e| at(&folder, &e))?.path();
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    // Folders have no order; the program's list has.
    let names = order.lines().filter_map(|l| l.strip_suffix(": benchmark"));
    for name in names {
        match found.remove(name) {
            Some(figure) => take(figure)?,
            None if interrupt::requested() => {}
            None => return Err(format!("Criterion did not measure `{name}`")),
        }
    }
    match found.into_keys().next() {
        None => Ok(()),
        Some(other) => Err(format!(
            "Criterion measured `{other}`, which was not listed"
        )),
    }
}

/// What Criterion writes of a benchmark, as far as it matters.
#[derive(Deserialize)]
struct Benchmark {
    group_id: String,
    function_id: String,
    full_id: String,
    throughput: Option<Throughput>,
}

#[derive(Deserialize)]
struct Throughput {
    #[serde(rename = "Elements")]
    elements: u64,
}

#[derive(Deserialize)]
struct Estimates {
    median: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    point_estimate: f64,
}

fn read(part: Part, folder: &Path) -> Result<(String, Figure), String> {
    fn json<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<T, String> {
        let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        serde_json::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))
    }
    let benchmark: Benchmark = json(&folder.join("benchmark.json"))?;
    let estimates: Estimates = json(&folder.join("estimates.json"))?;
    let figure = Figure {
        part,
        group: benchmark.group_id,
        member: benchmark.function_id,
        unit: Unit::Seconds,
        // Criterion's are nanoseconds.
        values: vec![estimates.median.point_estimate / 1e9],
        executions: benchmark.throughput.map(|throughput| throughput.elements),
        peak_memory: None,
    };
    Ok((benchmark.full_id, figure))
}

/// Runs a program, and returns what it printed.
///
/// # Errors
///
/// What it said last, if it fails.
pub(super) fn said(command: &mut Command) -> Result<String, String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|e| format!("cannot run {}: {e}", command.get_program().display()))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    let last = errors.lines().rfind(|line| !line.trim().is_empty());
    let program = command.get_program().display();
    Err(format!(
        "{program} failed: {}",
        last.unwrap_or("without a word")
    ))
}
