//! `report`: one HTML page of the last runs.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::Refusal;
use super::pool::subject;
use pipe::EngineName;

use crate::archive;
use crate::audit::recorded::Recorded;
use crate::campaign::commit;
use crate::counterexample::Counterexample;
use crate::report::{Page, Saved};
use crate::workspace;
use crate::{note, out};

/// Write one HTML page of the last runs: verdicts, failing executions as
/// pictures, outcomes, orderings, campaigns, transitions, history.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The page needs no network and no other file. Runs are kept in target/runs.jsonl by explore,
campaign, coverage and nightly; failures in target/failures.

Examples:
  framecheck report
  framecheck report --out night.html --failures failures

Exit codes: 0 written, 2 bad input, 4 tool failure")]
pub(super) struct Args {
    /// Where the page goes
    #[arg(long, value_name = "FILE", default_value = "target/report.html")]
    out: PathBuf,

    /// The folder of saved failures
    #[arg(long, value_name = "FOLDER")]
    failures: Option<PathBuf>,

    /// The file of kept runs
    #[arg(long, value_name = "FILE")]
    runs: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<u8, Refusal> {
    let file = args.runs.clone().unwrap_or_else(archive::file);
    if args.runs.is_some() && !file.exists() {
        return Err(Refusal::input(format!("{}: no such file", file.display())));
    }
    let (runs, skipped) = archive::load(&file).map_err(Refusal::input)?;
    if skipped > 0 {
        note!(
            "note: {skipped} lines of {} are of another version, and are left out",
            file.display()
        );
    }
    let folder = args.failures.clone();
    let folder = folder.unwrap_or_else(Counterexample::default_folder);
    let failures = saved(&folder)?;
    let subject = match failures.is_empty() {
        true => None,
        false => Some(
            subject(EngineName::Threads)
                .description()
                .map_err(Refusal::tool)?,
        ),
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let page = Page {
        commit: commit(),
        when: now.map_or(0, |since| since.as_secs()),
        runs,
        subject,
        failures,
        audit: Recorded::load().map_err(Refusal::tool)?,
    };
    workspace::write(&args.out, &page.html())
        .map_err(|e| Refusal::tool(format!("{}: {e}", args.out.display())))?;
    out!("{}", args.out.display());
    Ok(0)
}

/// The failures in a folder, by name; one that cannot be read is said aloud.
fn saved(folder: &Path) -> Result<Vec<Saved>, Refusal> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|e| Refusal::input(format!("{}: {e}", folder.display())))?,
    };
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .collect();
    paths.sort();
    let mut failures = Vec::new();
    let here = std::env::current_dir().unwrap_or_default();
    for path in paths {
        match Counterexample::load(&path) {
            Ok(found) => failures.push(Saved {
                file: path
                    .strip_prefix(&here)
                    .unwrap_or(&path)
                    .display()
                    .to_string(),
                found,
            }),
            Err(error) => note!("note: left out: {error}"),
        }
    }
    Ok(failures)
}
