//! `bench`: what the protocol, the harness and the commands cost.

use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::bench::compare::compare;
use crate::bench::{Part, Plan, Results, Tools, tables};
use crate::print;
use crate::scale::{self, ScaleRow};
use model_tests::cli::{Refusal, number};
use model_tests::pool::Pool;
use model_tests::{interrupt, json};
use model_tests::{note, out};
use pipe::Verdict;
use programs::program::Bound;

/// Measure what the protocol, the harness and the commands cost, beside what
/// they are compared with.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
It judges nothing: times are those of one machine in one hour. What is compared is measured in
turns; a ratio is formed within each round, and ± is half of what lies between the rounds.

Examples:
  tools bench
  tools bench --parts protocol,instructions --rounds 5
  tools bench --out target/bench/new.json
  tools bench --parts scale --bounds 2x4,3x3 --sample 200
  tools bench --compare target/bench/old.json target/bench/new.json

Exit codes: 0 measured, 2 bad input, 3 interrupted, 4 tool failure")]
pub(super) struct Args {
    /// What to measure
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_values_t = Part::ALL
    )]
    parts: Vec<Part>,

    /// How often everything is measured, in turns
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,

    /// How long each operation is measured in a round
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, value_parser = number::seconds)]
    seconds: f64,

    /// Measure what takes minutes too: campaign 3x2, once
    #[arg(long)]
    long: bool,

    /// The bounds whose growth `scale` shows
    #[arg(long, value_name = "THREADSxOPS", default_values = scale::BOUNDS, value_delimiter = ',')]
    bounds: Vec<Bound>,

    /// Programs that `scale` runs of each bound
    #[arg(long, value_name = "N", default_value_t = scale::SAMPLE, value_parser = clap::value_parser!(u64).range(1..))]
    sample: u64,

    /// Where the picture of `scale` goes
    #[arg(long, value_name = "FILE", default_value = "target/scale.svg")]
    svg: PathBuf,

    /// Worker processes of commands; as many as cores by default
    #[arg(long, value_name = "N", value_parser = number::workers)]
    workers: Option<usize>,

    /// Where the figures go
    #[arg(long, value_name = "FILE", default_value = "target/bench/last.json")]
    out: PathBuf,

    /// Keep them with the code too, for the documents
    #[arg(long)]
    record: bool,

    /// Measure nothing, and compare two files of figures
    #[arg(long, num_args = 2, value_names = ["OLD", "NEW"], conflicts_with_all = ["out", "record"])]
    compare: Vec<PathBuf>,

    /// Print one JSON object for each figure
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<u8, Refusal> {
    match &args.compare[..] {
        [] => measure(args),
        [old, new] => compared(args, old, new),
        _ => Err(Refusal::input("--compare takes two files")),
    }
}

fn measure(args: &Args) -> Result<u8, Refusal> {
    if !(0.01..=600.0).contains(&args.seconds) {
        return Err(Refusal::input("--seconds takes 0.01 to 600"));
    }
    let plan = Plan {
        parts: args.parts.clone(),
        rounds: args.rounds as usize,
        seconds: args.seconds,
        long: args.long,
        workers: args.workers.unwrap_or_else(Pool::default_size),
        bounds: args.bounds.iter().map(ToString::to_string).collect(),
        sample: args.sample,
    };
    let mut results = Results::here(plan.clone());
    if args.record {
        may_be_recorded(&results).map_err(Refusal::input)?;
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(4));
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(250));
    let tell = |next: &str| bar.set_message(next.to_owned());
    let tools = Tools::build(&plan, tell).map_err(Refusal::tool)?;
    // From here on an interrupt is a request.
    interrupt::listen().map_err(Refusal::tool)?;
    let measured = tools.measure(&plan, &mut results, tell);
    bar.finish_and_clear();

    for (part, why) in &results.skipped {
        note!("skipped: {part}: {why}");
    }
    // What there is, before anything else: it took its time.
    if !results.is_empty() {
        print(args, &results)?;
        results.save(&args.out).map_err(Refusal::tool)?;
        note!("the figures are in {}", args.out.display());
        if !results.scale.is_empty() {
            let picture = scale::svg(&results.scale).map_err(Refusal::tool)?;
            std::fs::write(&args.svg, picture)
                .map_err(|e| Refusal::tool(format!("{}: {e}", args.svg.display())))?;
            note!("the picture is in {}", args.svg.display());
        }
    }
    measured.map_err(Refusal::tool)?;
    if !results.complete {
        note!("interrupted: what is not listed was not measured");
        return Ok(Verdict::CutOff.exit_code());
    }
    if results.is_empty() {
        return Err(Refusal::tool("nothing could be measured"));
    }
    if args.record {
        if !results.skipped.is_empty() {
            return Err(Refusal::tool("not recorded: not all was measured"));
        }
        let kept = Results::kept();
        results.save(&kept).map_err(Refusal::tool)?;
        note!("recorded: {}", kept.display());
    }
    Ok(Verdict::Pass.exit_code())
}

/// Only a whole run of a commit is kept with the code: part of one would leave
/// holes in the documents, and nobody could repeat another.
fn may_be_recorded(results: &Results) -> Result<(), String> {
    let plan = &results.plan;
    if let Some(part) = Part::ALL.into_iter().find(|part| !plan.wants(*part)) {
        return Err(format!("--record is for all parts, and {part} is left out"));
    }
    if !plan.long {
        return Err("--record goes with --long".to_owned());
    }
    if results.commit.contains('+') || results.commit == "unknown" {
        return Err(format!(
            "--record is for a commit, and this is {}\n  hint: commit first",
            results.commit
        ));
    }
    Ok(())
}

fn print(args: &Args, results: &Results) -> Result<(), Refusal> {
    if args.json {
        for figure in &results.figures {
            json::line(figure).map_err(Refusal::tool)?;
        }
        for row in &results.scale {
            let line = ScaleLine {
                row,
                exact: row.is_exact(),
                lower_bound: row.cut_off > 0,
                total_executions: row.total_executions(),
                total_seconds: row.total_seconds(),
            };
            json::line(&line).map_err(Refusal::tool)?;
        }
        return Ok(());
    }
    out!("{}", print::bench::origin(results));
    for table in tables::tables(results) {
        out!("\n{}", print::bench::table(&table));
    }
    Ok(())
}

/// What `--json` prints of a bound, beside what was measured.
#[derive(serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ScaleLine<'a> {
    #[serde(flatten)]
    row: &'a ScaleRow,
    exact: bool,
    lower_bound: bool,
    total_executions: f64,
    total_seconds: f64,
}

fn compared(args: &Args, old: &Path, new: &Path) -> Result<u8, Refusal> {
    let load = |path| Results::load(path).map_err(Refusal::input);
    let (old, new) = (load(old)?, load(new)?);
    let (both, others) = compare(&old, &new);
    if both.is_empty() {
        return Err(Refusal::input("the files have no figure in common"));
    }
    if args.json {
        for compared in &both {
            json::line(&Compared {
                part: compared.new.part,
                group: &compared.new.group,
                member: &compared.new.member,
                old: compared.old.median(),
                new: compared.new.median(),
                ratio: compared.ratio(),
                beyond_noise: compared.differs(),
            })
            .map_err(Refusal::tool)?;
        }
        return Ok(Verdict::Pass.exit_code());
    }
    for (name, results) in [("old", &old), ("new", &new)] {
        out!("{name}: {}", print::bench::origin(results));
        out!("     commit {}", results.commit);
        if !results.complete {
            out!("     interrupted: not all was measured");
        }
    }
    if !old.machine.is_like(&new.machine) {
        out!("the machines differ: only ratios within one file mean anything");
    }
    out!("\n{}", print::bench::table(&tables::compared(&both)));
    if others > 0 {
        out!("{others} figures are in one of the files alone");
    }
    Ok(Verdict::Pass.exit_code())
}

/// What `--json` prints of a comparison.
#[derive(serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Compared<'a> {
    part: Part,
    group: &'a str,
    member: &'a str,
    old: f64,
    new: f64,
    ratio: f64,
    beyond_noise: bool,
}
