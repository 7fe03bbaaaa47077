//! `scale`: what larger bounds would cost.

use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use programs::outcome::Ends;
use programs::program::{Bound, Ranked};

use crate::bench::tables;
use crate::report;
use crate::scale::{self, Plan, Row};
use model_tests::cli::pool::pool;
use model_tests::cli::{Refusal, json};
use model_tests::interrupt;
use model_tests::litmus::ends;
use pipe::EngineName;
use pipe::Verdict;

/// Show how executions grow with threads and operations, and what a campaign of
/// each bound would cost.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Of each bound some programs are explored, at equal distances in its order. `~` is an estimate from
them, with the standard error of the sample; `>` says that programs were cut off, so that the number
is at least this large.

Examples:
  tools scale
  tools scale --bounds 2x4,3x3 --sample 200 --ends left

Exit codes: 0 measured, 1 a program fails, 2 bad input, 3 interrupted, 4 tool failure")]
pub(super) struct Args {
    /// The bounds to compare
    #[arg(long, value_name = "THREADSxOPS", default_values = scale::BOUNDS, value_delimiter = ',')]
    bounds: Vec<Bound>,

    /// What happens to handles still held at the end: dropped, left or both
    #[arg(long, value_name = "ENDS", value_parser = ends::parse, default_value = "both")]
    ends: std::vec::Vec<Ends>,

    /// Programs to run of each bound
    #[arg(long, value_name = "N", default_value_t = scale::SAMPLE)]
    sample: u64,

    /// Cut each program off after this many executions
    #[arg(long, value_name = "N", default_value_t = scale::MOST_EXECUTIONS)]
    max_executions: u64,

    /// Worker processes; as many as cores by default
    #[arg(long, value_name = "N")]
    workers: Option<usize>,

    /// Where the picture goes
    #[arg(long, value_name = "FILE", default_value = "target/scale.svg")]
    svg: PathBuf,

    /// Print one JSON object for each bound and end
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<u8, Refusal> {
    if args.sample == 0 || args.max_executions == 0 {
        return Err(Refusal::input("a sample of nothing says nothing"));
    }
    let mut pool = pool(EngineName::Loom, args.workers)?;
    let mut rows: Vec<Row> = Vec::new();
    let mut verdict = Verdict::Pass;
    let bar = progress_bar();
    'all: for &bound in &args.bounds {
        let programs = Ranked::new(bound, false);
        for &ends in &args.ends {
            let plan = Plan {
                bound,
                ends,
                sample: args.sample,
                most_executions: args.max_executions,
            };
            bar.set_message(format!("{bound}, {}", ends.as_str()));
            let measured = plan.measure(&mut pool, &programs, |done, of| {
                bar.set_length(of);
                bar.set_position(done);
            });
            let Some(row) = measured.map_err(Refusal::tool)? else {
                break 'all;
            };
            verdict = verdict.and(row.verdict);
            if args.json {
                print_json(&row)?;
            }
            rows.push(row);
        }
    }
    bar.finish_and_clear();
    if !args.json {
        print(&rows, pool.size());
    }
    if !rows.is_empty() {
        save(&args.svg, &scale::svg(&rows).map_err(Refusal::tool)?)?;
    }
    if interrupt::requested() {
        anstream::eprintln!("interrupted: the bounds that are not listed were not measured");
        verdict = verdict.and(Verdict::CutOff);
    }
    Ok(verdict.exit_code())
}

fn progress_bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr_with_hz(4));
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} programs of {msg}") {
        bar.set_style(style);
    }
    bar
}

/// What `--json` prints beside what was measured.
#[derive(serde::Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    row: &'a Row,
    exact: bool,
    lower_bound: bool,
    total_executions: f64,
    total_seconds: f64,
}

fn print_json(row: &Row) -> Result<(), Refusal> {
    let line = Line {
        row,
        exact: row.is_exact(),
        lower_bound: row.cut_off > 0,
        total_executions: row.total_executions(),
        total_seconds: row.total_seconds(),
    };
    json::line(&line).map_err(Refusal::tool)
}

fn print(rows: &[Row], workers: usize) {
    anstream::println!("{}", report::bench::table(&tables::scale(rows, workers)));
}

fn save(path: &Path, picture: &str) -> Result<(), Refusal> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    folder
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| std::fs::write(path, picture))
        .map_err(|e| Refusal::tool(format!("{}: {e}", path.display())))?;
    anstream::eprintln!("the picture is in {}", path.display());
    Ok(())
}
