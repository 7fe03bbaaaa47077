//! `mutants`: does the harness notice what is wrong?

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use programs::program::Bound;

use super::planted;
use crate::mutants::{self, Fate, JudgedMutant, Judges, Mutant};
use crate::planted::ENOUGH;
use crate::print;
use model_tests::cli::pool::subject;
use model_tests::cli::{Refusal, number};
use model_tests::nightly::Way;
use model_tests::pool::Pool;
use model_tests::{interrupt, json, litmus, workspace};
use model_tests::{note, out};
use pipe::{EngineName, Verdict};

/// Test the harness: break the protocol's code, and that of the explorer rc11, in many
/// ways, and check that each mutant is noticed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The mutants are the patch files in model-tests/mutants and model-tests/rc11/mutants. Each is
applied to a copy of the workspace in target/mutants, built there, and judged until something
fails: one of the protocol by the litmus files, the small campaigns and the scenarios under loom,
then by the tests of a normal build; one of the explorer by the tests of rc11; one of the look-alike
of core by its own tests in each explorer whose code it changes. The copy as it is must pass all of
them first.

Planted bugs are the patch files in model-tests/planted, and their copy of the workspace is below
target/planted. Each find is replayed, from its schedule or execution graph and from its seed.

Exit codes: 0 every mutant is killed, or equivalent as its file states, every planted bug found
by some engine; 1 otherwise, 2 bad input, 3 interrupted, 4 tool failure")]
pub(super) struct Args {
    /// Judge a few representative mutants alone
    #[arg(long)]
    quick: bool,

    /// Judge these mutants alone, or these planted bugs
    #[arg(long, value_name = "NAME", num_args = 1.., conflicts_with = "quick")]
    pub(super) only: Vec<String>,

    /// Plant bugs that need more threads, operations or slots than a campaign's bounds have, and
    /// count the executions until each of shuttle's schedulers and rc11's sampling finds them
    #[arg(long, conflicts_with_all = ["quick", "all_judges", "list"])]
    planted: bool,

    /// How many searches for a planted bug the median is of
    #[arg(long, value_name = "N", default_value_t = 5, requires = "planted", value_parser = number::at_least_one)]
    pub(super) seeds: u64,

    /// Search for planted bugs in these ways alone: random, pct and urw are shuttle's
    /// schedulers, rc11 samples weak memory
    #[arg(long, value_name = "WAY", num_args = 1.., requires = "planted")]
    pub(super) by: Vec<Way>,

    /// A search for a planted bug gives up after so many executions
    #[arg(long, value_name = "N", default_value_t = ENOUGH, requires = "planted", value_parser = number::at_least_one)]
    pub(super) executions: u64,

    /// Keep the searches in model-tests/planted.json, which docs/campaigns.md shows: those
    /// for the same bugs in the same ways are replaced
    #[arg(long, requires = "planted")]
    pub(super) record: bool,

    /// Ask every judge, instead of the first that kills
    #[arg(long)]
    all_judges: bool,

    /// List the mutants and judge none
    #[arg(long)]
    list: bool,

    /// Worker processes; as many as cores by default
    #[arg(long, value_name = "N", value_parser = number::workers)]
    workers: Option<usize>,

    /// Print one JSON object for each mutant, or for each search
    #[arg(long)]
    pub(super) json: bool,
}

/// The campaigns that judge, cheapest first.
const BOUNDS: [Bound; 3] = [
    Bound { threads: 2, ops: 1 },
    Bound { threads: 2, ops: 2 },
    Bound { threads: 3, ops: 1 },
];

/// The exit code when a mutant is not as it must be.
const NOT_FINE: u8 = 1;

pub(super) fn run(args: &Args) -> Result<u8, Refusal> {
    if args.planted {
        return planted::run(args);
    }
    let mutants = chosen(args)?;
    if args.list {
        list(&mutants);
        return Ok(Verdict::Pass.exit_code());
    }
    let root = workspace::root();
    let workers = args.workers.unwrap_or_else(Pool::default_size);
    let target = root.join("target").join("mutants");
    let mut judges = Judges::new(root, &target, workers, args.all_judges);
    if !mutants.iter().all(Mutant::is_of_the_explorer) {
        let subject = subject(EngineName::Loom);
        let folder = workspace::litmus();
        let corpus = litmus::load_all(&folder, &subject).map_err(Refusal::input)?;
        let description = subject.description().map_err(Refusal::tool)?;
        judges.explore(corpus, description, &BOUNDS);
    }
    interrupt::listen().map_err(Refusal::tool)?;

    let bar = progress_bar(mutants.len());
    let original = judges.original(&mutants, |step| {
        bar.set_message(format!("the code as it is: {step}"));
    });
    if interrupt::requested() {
        return Ok(interrupted(0, mutants.len()));
    }
    original.map_err(Refusal::tool)?;
    let mut rows = Vec::new();
    for mutant in &mutants {
        let row = judges.mutant(mutant, |step| {
            bar.set_message(format!("{}: {step}", mutant.name));
        });
        // The only error is an interrupt.
        let Ok(row) = row else { break };
        bar.inc(1);
        bar.suspend(|| tell(args, &row))?;
        rows.push(row);
    }
    bar.finish_and_clear();
    if !args.json {
        out!("{}", print::mutants::rows(&rows));
        out!("{}", print::mutants::notes(&rows).trim_end());
        out!("{}", print::mutants::sum(&rows));
    }
    if rows
        .iter()
        .any(|row| !row.fate.is_fine() && row.fate != Fate::ToolFailure)
    {
        return Ok(NOT_FINE);
    }
    if rows.iter().any(|row| row.fate == Fate::ToolFailure) {
        return Ok(Verdict::ToolFailure.exit_code());
    }
    if rows.len() < mutants.len() {
        return Ok(interrupted(rows.len(), mutants.len()));
    }
    Ok(Verdict::Pass.exit_code())
}

/// The mutants that were asked for.
fn chosen(args: &Args) -> Result<Vec<Mutant>, Refusal> {
    let mut mutants = mutants::corpus().map_err(Refusal::input)?;
    for name in &args.only {
        if !mutants.iter().any(|mutant| mutant.name == *name) {
            let close = mutants
                .iter()
                .map(|mutant| (strsim::jaro_winkler(name, &mutant.name), &mutant.name))
                .max_by(|a, b| a.0.total_cmp(&b.0));
            let hint = close.map_or(String::new(), |(_, close)| format!("; is it `{close}`?"));
            return Err(Refusal::input(format!("there is no mutant `{name}`{hint}")));
        }
    }
    if !args.only.is_empty() {
        mutants.retain(|mutant| args.only.contains(&mutant.name));
    } else if args.quick {
        mutants.retain(|mutant| mutant.quick);
    }
    Ok(mutants)
}

fn list(mutants: &[Mutant]) {
    for mutant in mutants {
        out!("{}: {}", mutant.name, mutant.what);
        if let Some(reason) = &mutant.equivalent {
            out!("    equivalent: {reason}");
        }
    }
}

/// Says at once what became of a mutant.
fn tell(args: &Args, row: &JudgedMutant) -> Result<(), Refusal> {
    if args.json {
        json::line(row).map_err(Refusal::tool)?;
    } else if !row.fate.is_fine() {
        note!("{}: {}", row.mutant, row.fate.as_str());
    }
    Ok(())
}

fn interrupted(done: usize, of: usize) -> u8 {
    note!("interrupted: {done} of {of} mutants are judged");
    Verdict::CutOff.exit_code()
}

fn progress_bar(mutants: usize) -> ProgressBar {
    let target = ProgressDrawTarget::stderr_with_hz(4);
    let bar = ProgressBar::with_draw_target(Some(mutants as u64), target);
    if let Ok(style) =
        ProgressStyle::with_template("{bar:30} {pos}/{len} mutants, {elapsed}, {wide_msg}")
    {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}
