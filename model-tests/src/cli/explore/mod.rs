//! `explore`: one program on every engine.

mod examples;
mod failed;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use prop_tests::outcome::{Ends, OutcomePattern};
use prop_tests::program::Program;

use super::input::{self, Input};
use super::{Refusal, json};
use crate::archive::{Found, Kept, Seen};
use crate::engine::{EngineName, Exploration, Job, Limits, OrderingChange, SoFar};
use crate::plan::{self, Question};
use crate::report;
use crate::report::outcomes::Allowed;
use crate::report::story::Detail;
use crate::verdict::Verdict;
use crate::worker::{self, Worker, WorkerBuild};
use crate::{ends_name, interrupt, ordering_name};
use failed::Failed;

/// Explore one program on every engine and compare what is seen with what the
/// specification allows.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  framecheck explore 'unused: alloc | get read'
  framecheck explore 'shared*2: read drop | try_unique write drop' --weaken TRY_UNIQUE=Relaxed
  framecheck explore model-tests/litmus/claim-has-one-winner.litmus
  framecheck explore 'unused: alloc | get' --example 'ok | busy => dropped last | -, unused'
  echo 'unique: share drop | get' | framecheck explore -

Exit codes: 0 pass, 1 the program fails, 2 bad input, 3 cut off or interrupted, 4 tool failure")]
pub(super) struct Args {
    /// A program, a .litmus file, or - for standard input
    #[arg(value_name = "PROGRAM|FILE")]
    program: Option<String>,

    /// Perform a site with another ordering; `none` removes a fence
    #[arg(long, value_name = "SITE=Ordering", value_delimiter = ',')]
    weaken: Vec<String>,

    /// What happens to handles still held at the end: dropped, left or both
    #[arg(long, value_name = "ENDS", value_parser = ends_name::parse)]
    ends: Option<std::vec::Vec<Ends>>,

    /// Make the n-th weak compare-and-swap of a site fail spuriously
    #[arg(long, value_name = "SITE#n")]
    inject: Option<String>,

    /// Run one engine alone: loom, shuttle or threads
    #[arg(long, value_name = "ENGINE")]
    engine: Option<EngineName>,

    /// Where random schedulers begin
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// Cut each run off after this many executions
    #[arg(long, value_name = "N")]
    max_executions: Option<u64>,

    /// Cut each run off after this many seconds
    #[arg(long, value_name = "S")]
    max_seconds: Option<f64>,

    /// Show a failure of the program as it is, not of the smallest program
    /// that fails in the same way
    #[arg(long)]
    no_minimise: bool,

    /// Where a failing execution is saved; target/failures if not given
    #[arg(long, value_name = "FOLDER")]
    failures: Option<PathBuf>,

    /// Show an execution that ends in this outcome, as the table prints it
    #[arg(long, value_name = "OUTCOME", conflicts_with_all = ["quiet", "json"])]
    example: Vec<String>,

    /// Show an execution for each outcome
    #[arg(long, conflicts_with_all = ["quiet", "json"])]
    examples: bool,

    /// Show every step of an execution
    #[arg(short, long)]
    verbose: bool,

    /// Print one JSON object for each run
    #[arg(long)]
    json: bool,

    /// Print only the verdict lines
    #[arg(short, long, conflicts_with = "verbose")]
    quiet: bool,
}

/// The most threads that loom runs.
const LOOM_THREADS: usize = 5;

pub(super) fn run(args: &Args) -> Result<u8, Refusal> {
    let Asked {
        question,
        program,
        expected,
        requires,
    } = question(args)?;
    let detail = if args.verbose {
        Detail::Verbose
    } else {
        Detail::Story
    };
    let quiet = args.json || args.quiet || !std::io::stderr().is_terminal();
    let engines = engines(args, &question, &program)?;
    let mut workers = Vec::new();
    for &engine in &engines {
        let program_file = worker::build(WorkerBuild { engine, quiet }).map_err(Refusal::tool)?;
        workers.push(Worker::new(engine, &program_file));
    }
    interrupt::listen().map_err(Refusal::tool)?;

    let mut runs: Vec<(Job, Exploration)> = Vec::new();
    // Of the runs that failed the first is the one to look into. With --json
    // its line waits for what comes of that.
    let mut failed: Option<usize> = None;
    if !args.json {
        heading(&question, expected);
    }
    let bar = progress_bar();
    let tell = |engine: EngineName, job: &Job, so_far: SoFar| {
        bar.set_message(format!(
            "{engine} {} {}: {} executions, {} outcomes",
            ends_name::name(job.ends),
            job.manner(),
            report::count(so_far.executions),
            so_far.outcomes
        ));
    };
    for worker in &mut workers {
        let engine = worker.engine();
        let mut take = |job: Job, run: Exploration| {
            let first_failure = failed.is_none() && run.verdict().is_failure();
            if first_failure {
                failed = Some(runs.len());
            }
            if !(args.json && first_failure) {
                bar.suspend(|| print_run(args, &job, &run, None));
            }
            runs.push((job, run));
        };
        match engine {
            EngineName::Loom | EngineName::Rc11 => {
                for job in question.loom_jobs() {
                    if interrupt::requested() {
                        break;
                    }
                    let run = worker
                        .explore(&job, &mut |so_far| tell(engine, &job, so_far))
                        .map_err(Refusal::input)?;
                    take(job, run);
                }
            }
            EngineName::Threads => {
                for job in question.threads_jobs(plan::ROUNDS) {
                    let run = worker
                        .explore(&job, &mut |so_far| tell(engine, &job, so_far))
                        .map_err(Refusal::input)?;
                    take(job, run);
                }
            }
            EngineName::Shuttle => question
                .run_shuttle(worker, |job, so_far| tell(engine, job, so_far), take)
                .map_err(Refusal::input)?,
        }
    }
    let failed = failed.and_then(|index| {
        let (job, run) = &runs[index];
        bar.set_message("looking for the smallest program that fails in the same way");
        let worker = workers.iter_mut().find(|w| w.engine() == run.engine)?;
        Some((index, Failed::look_into(args, worker, &question, job, run)))
    });
    bar.finish_and_clear();
    if let Some((index, failed)) = failed.as_ref().filter(|_| args.json) {
        let (job, run) = &runs[*index];
        print_run(args, job, run, Some(failed));
    }
    let mut verdict = runs.iter().fold(Verdict::Pass, |verdict, (_, run)| {
        verdict.and(run.verdict())
    });
    if interrupt::requested() {
        verdict = verdict.and(Verdict::CutOff);
    }
    if !args.json && !args.quiet {
        let allowed = Allowed::new(&program, requires);
        for &ends in &question.ends {
            let runs: Vec<_> = runs
                .iter()
                .filter(|(job, run)| job.ends == ends && !run.outcomes.is_empty())
                .map(|(job, run)| (job, run))
                .collect();
            if !runs.is_empty() {
                anstream::println!("\n{}", report::outcomes::table(&runs, &allowed));
            }
        }
        if args.examples || !args.example.is_empty() {
            let wanted = examples::Wanted {
                outcomes: (!args.examples).then_some(args.example.as_slice()),
                detail,
            };
            examples::print(&mut workers, &runs, &wanted)?;
        }
        match &failed {
            Some((_, failed)) => anstream::println!("\n{}", failed.text(&program, detail)),
            None => {
                let broken = runs.iter().find(|(_, run)| run.failure.is_some());
                if let Some((job, run)) = broken {
                    anstream::println!("\n{}", report::failure::text(job, run, detail));
                }
            }
        }
    }
    keep(&question, &runs, verdict);
    if !args.json {
        anstream::println!("\nverdict: {}", report::verdict(verdict));
        if let Some(expected) = expected.filter(|e| *e != verdict) {
            anstream::println!("the litmus file expects: {}", report::verdict(expected));
        }
    }
    Ok(verdict.exit_code())
}

/// Keeps the runs for the report.
fn keep(question: &Question, runs: &[(Job, Exploration)], verdict: Verdict) {
    let changed: Vec<_> = question.orderings.iter().map(ToString::to_string).collect();
    let mut command = format!("explore {}", question.program);
    for change in &changed {
        command.push_str(&format!(" --weaken {change}"));
    }
    let found = Found::Explore {
        program: question.program.clone(),
        changed,
        runs: runs.iter().map(|(job, run)| Seen::new(job, run)).collect(),
    };
    Kept {
        executions: runs.iter().map(|(_, run)| run.executions).sum(),
        seconds: runs.iter().map(|(_, run)| run.seconds).sum(),
        ..Kept::now(command, verdict, found)
    }
    .keep();
}

/// What is asked, and what a litmus file expects.
struct Asked {
    question: Question,
    program: Program,
    expected: Option<Verdict>,
    requires: Vec<OutcomePattern>,
}

/// What is asked, from the arguments and the litmus file, if it is one.
fn question(args: &Args) -> Result<Asked, Refusal> {
    let mut question = Question {
        scenario: false,
        program: String::new(),
        ends: vec![Ends::Dropped, Ends::Left],
        orderings: Vec::new(),
        inject: None,
        limits: Limits {
            executions: args.max_executions,
            seconds: args.max_seconds,
        },
        seed: args.seed,
        trace: true,
    };
    let (program, expected, requires) = match input::read(args.program.as_deref())? {
        Input::Program(program) => (program, None, Vec::new()),
        Input::Litmus(litmus) => {
            question.ends.clone_from(&litmus.ends);
            question.orderings.clone_from(&litmus.orderings);
            question.inject.clone_from(&litmus.inject);
            (litmus.program, Some(litmus.expect), litmus.requires)
        }
    };
    question.program = program.to_string();
    for change in &args.weaken {
        question
            .orderings
            .push(OrderingChange::parse(change).map_err(Refusal::input)?);
    }
    if let Some(ends) = &args.ends {
        question.ends.clone_from(ends);
    }
    if let Some(inject) = &args.inject {
        question.inject = Some(ordering_name::inject(inject).map_err(Refusal::input)?);
    }
    Ok(Asked {
        question,
        program,
        expected,
        requires,
    })
}

fn heading(question: &Question, expected: Option<Verdict>) {
    anstream::println!("program: {}", question.program);
    for change in &question.orderings {
        anstream::println!("changed: {change}");
    }
    if let Some((site, n)) = &question.inject {
        anstream::println!("injected: {site}#{n} fails spuriously");
    }
    if let Some(expected) = expected {
        anstream::println!("expected: {expected}");
    }
    anstream::println!();
}

/// The engines that can say something of this program.
fn engines(
    args: &Args,
    question: &Question,
    program: &Program,
) -> Result<Vec<EngineName>, Refusal> {
    let threads = program.threads.len();
    let fits_loom = threads <= LOOM_THREADS;
    let engines = match args.engine {
        Some(EngineName::Loom) if !fits_loom => {
            return Err(Refusal::input(format!(
                "loom runs at most {LOOM_THREADS} threads, and the program has {threads}\n  hint: \
                 --engine shuttle samples it"
            )));
        }
        Some(EngineName::Shuttle) if !question.suits_shuttle() => {
            return Err(Refusal::input(
                "shuttle does not model orderings: a changed one shows only under loom",
            ));
        }
        Some(EngineName::Threads) if !question.suits_threads() => {
            return Err(Refusal::input(
                "real threads run the code as it is: changes show only under an explorer",
            ));
        }
        Some(engine) => vec![engine],
        None => {
            let mut engines = Vec::new();
            if fits_loom {
                engines.push(EngineName::Loom);
            }
            if question.suits_shuttle() {
                engines.push(EngineName::Shuttle);
            }
            if question.suits_threads() {
                engines.push(EngineName::Threads);
            }
            engines
        }
    };
    if engines.is_empty() {
        return Err(Refusal::input(format!(
            "no engine can run this: loom runs at most {LOOM_THREADS} threads, and shuttle does \
             not model orderings"
        )));
    }
    Ok(engines)
}

fn progress_bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

fn print_run(args: &Args, job: &Job, run: &Exploration, failed: Option<&Failed>) {
    if args.json {
        let line = report::line::Line::new(job, run).with(failed.and_then(Failed::json));
        // A line is plain data, which JSON can always say.
        let _ = json::line(&line);
    } else {
        anstream::println!("{}", report::line::text(job, run));
    }
}
