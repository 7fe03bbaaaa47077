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
use crate::package;
use crate::report::{Page, Saved, Source};
use crate::workspace::{self, near};
use crate::{note, out};

/// Write one HTML page of the last runs: verdicts, failing executions as
/// pictures, outcomes, orderings, campaigns, transitions, history.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The page needs no network and no other file. Runs are kept in target/runs.jsonl by explore,
campaign, coverage and nightly; failures in target/failures. It shows those of one subject: with
--subject of that, else of meta-core.

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
    let (mut runs, skipped) = archive::load(&file).map_err(Refusal::input)?;
    let folder = args.failures.clone();
    let folder = folder.unwrap_or_else(Counterexample::default_folder);
    let (mut failures, unread) = saved(&folder)?;
    let own = package::folder();
    let kept = (runs.len(), failures.len());
    runs.retain(|run| run.subject == own);
    failures.retain(|saved| saved.found.subject == own);
    let has = |shown: usize, of: usize, unread: usize| {
        let others = of - shown;
        let mut has = shown.to_string();
        if others > 0 {
            has.push_str(&format!(
                ", and {others} of other subjects (--subject shows them)"
            ));
        }
        if unread > 0 {
            has.push_str(&format!(", and {unread} that this version cannot read"));
        }
        has
    };
    let mut files = vec![
        Source {
            path: near(&file),
            what: format!("runs: {}", has(runs.len(), kept.0, skipped)),
            written_by: "explore, campaign, coverage and nightly, one line a run",
        },
        Source {
            path: near(&folder),
            what: format!("failures: {}", has(failures.len(), kept.1, unread)),
            written_by: "explore and nightly, one file a failure",
        },
    ];
    let audit = match own {
        Some(_) => None,
        None => {
            files.push(Source {
                path: near(&Recorded::path()),
                what: "the audit that is kept with the code".to_owned(),
                written_by: "audit --record",
            });
            Some(Recorded::load().map_err(Refusal::tool)?)
        }
    };
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
        name: package::name(),
        runs,
        subject,
        failures,
        audit,
        files,
    };
    workspace::write(&args.out, &page.html())
        .map_err(|e| Refusal::tool(format!("{}: {e}", args.out.display())))?;
    out!("{}", args.out.display());
    Ok(0)
}

/// The failures in a folder, newest first, and how many files could not be read: which
/// is said aloud.
fn saved(folder: &Path) -> Result<(Vec<Saved>, usize), Refusal> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((Vec::new(), 0)),
        entries => entries.map_err(|e| Refusal::input(format!("{}: {e}", folder.display())))?,
    };
    let mut paths: Vec<(Option<SystemTime>, PathBuf)> = entries
        .filter_map(Result::ok)
        .map(|entry| {
            let changed = entry.metadata().and_then(|data| data.modified());
            (changed.ok(), entry.path())
        })
        .filter(|(_, path)| path.extension().is_some_and(|e| e == "json"))
        .collect();
    paths.sort();
    let all = paths.len();
    let mut failures = Vec::new();
    for (_, path) in paths.iter().rev() {
        match Counterexample::load(path) {
            Ok(found) => failures.push(Saved {
                file: near(path),
                found,
            }),
            Err(error) => note!("note: left out: {error}"),
        }
    }
    let unread = all - failures.len();
    Ok((failures, unread))
}
