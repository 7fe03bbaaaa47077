//! `explore`: one program on every engine.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use prop_tests::outcome::Ends;
use prop_tests::program::Program;

use super::Refusal;
use super::input::{self, Input};
use crate::engine::{EngineName, Exploration, Job, Limits, OrderingChange, SoFar};
use crate::plan::{self, Question};
use crate::report;
use crate::verdict::Verdict;
use crate::worker::{self, Worker, WorkerBuild};
use crate::{ends_name, interrupt, ordering_name};

/// Explore one program on every engine and compare what is seen with what the
/// specification allows.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  framecheck explore 'unused: alloc | get read'
  framecheck explore 'shared*2: read drop | try_unique write drop' --weaken TRY_UNIQUE=Relaxed
  framecheck explore model-tests/litmus/claim-has-one-winner.litmus
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

    /// Print one JSON object for each run
    #[arg(long)]
    json: bool,

    /// Print only the verdict lines
    #[arg(short, long)]
    quiet: bool,
}

/// The most threads that loom runs.
const LOOM_THREADS: usize = 5;

pub(super) fn run(args: &Args) -> Result<u8, Refusal> {
    let (question, program, expected) = question(args)?;
    let quiet = args.json || args.quiet || !std::io::stderr().is_terminal();
    let engines = engines(args, &question, &program)?;
    let mut workers = Vec::new();
    for &engine in &engines {
        let program_file = worker::build(WorkerBuild { engine, quiet }).map_err(Refusal::tool)?;
        workers.push(Worker::new(engine, &program_file));
    }
    interrupt::listen().map_err(Refusal::tool)?;

    let mut runs: Vec<(Job, Exploration)> = Vec::new();
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
            bar.suspend(|| print_run(args, &job, &run));
            runs.push((job, run));
        };
        match engine {
            EngineName::Loom => {
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
    bar.finish_and_clear();
    let mut verdict = runs.iter().fold(Verdict::Pass, |verdict, (_, run)| {
        verdict.and(run.verdict())
    });
    if interrupt::requested() {
        verdict = verdict.and(Verdict::CutOff);
    }
    if !args.json && !args.quiet {
        details(&question, &program, &runs);
    }
    if !args.json {
        anstream::println!("\nverdict: {}", report::verdict(verdict));
        if let Some(expected) = expected.filter(|e| *e != verdict) {
            anstream::println!("the litmus file expects: {}", report::verdict(expected));
        }
    }
    Ok(verdict.exit_code())
}

/// What is asked, from the arguments and the litmus file, if it is one.
fn question(args: &Args) -> Result<(Question, Program, Option<Verdict>), Refusal> {
    let mut question = Question {
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
    let (program, expected) = match input::read(args.program.as_deref())? {
        Input::Program(program) => (program, None),
        Input::Litmus(litmus) => {
            question.ends.clone_from(&litmus.ends);
            question.orderings.clone_from(&litmus.orderings);
            question.inject.clone_from(&litmus.inject);
            (litmus.program.clone(), Some(litmus.expect))
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
    Ok((question, program, expected))
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

fn print_run(args: &Args, job: &Job, run: &Exploration) {
    if args.json {
        if let Ok(line) = serde_json::to_string(&report::line::Line::new(job, run)) {
            // A reader that went away, such as `head`, ends the printing quietly.
            let _ = writeln!(std::io::stdout(), "{line}");
        }
    } else {
        anstream::println!("{}", report::line::text(job, run));
    }
}

fn details(question: &Question, program: &Program, runs: &[(Job, Exploration)]) {
    for &ends in &question.ends {
        let runs: Vec<_> = runs
            .iter()
            .filter(|(job, run)| job.ends == ends && !run.outcomes.is_empty())
            .map(|(job, run)| (job, run))
            .collect();
        if !runs.is_empty() {
            anstream::println!("\n{}", report::outcomes::table(&runs));
        }
    }
    if let Some(failure) = runs.iter().find_map(|(_, run)| run.failure.as_ref()) {
        anstream::println!(
            "\n{}: {}",
            report::verdict(failure.verdict),
            report::failure::text(failure, program)
        );
    }
}
