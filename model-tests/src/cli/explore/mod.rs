//! `explore`: one program on every engine.

mod examples;
mod failed;

use std::path::PathBuf;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use pipe::{
    Description, EngineName, Exploration, Job, Limits, Manner, Record, SoFar, Target, Verdict,
};
use programs::outcome::Ends;

use super::input::{self, Input};
use super::pool::{LOOM_THREADS, built, still_building, subject};
use super::{Refusal, number};
use crate::agree::{self, Disagreement};
use crate::archive::{Findings, Kept, Seen};
use crate::cut::Cut;
use crate::json;
use crate::litmus::{Litmus, ends};
use crate::plan::{self, Experiment};
use crate::print;
use crate::print::outcomes::Allowed;
use crate::print::story::Detail;
use crate::subject::{Subject, with_sites};
use crate::worker::{Builds, Worker};
use crate::workspace::near;
use crate::{interrupt, note, out, package};
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
  framecheck explore 'unused: alloc | get read' --engine rc11 --max-executions 1 --save cut.json
  framecheck explore --resume cut.json

A litmus file is judged by all that it states, on each engine. With --weaken, --inject or --ends,
its program alone is explored.

Exit codes: 0 pass, or all that the litmus file states holds, 1 otherwise, 2 bad input, 3 cut off
or interrupted, 4 tool failure")]
pub(super) struct Args {
    /// A program, a .litmus file, the name of a scenario, or - for standard input
    #[arg(value_name = "PROGRAM|FILE")]
    program: Option<String>,

    /// Perform a site, or the access of a subject at `PATH-END.rs:LINE[:COLUMN][/fail]`, with
    /// another ordering; `none` removes a fence
    #[arg(long, value_name = "SITE=Ordering", value_delimiter = ',')]
    weaken: Vec<String>,

    /// What happens to handles still held at the end: dropped, left or both
    #[arg(long, value_name = "ENDS", value_parser = ends::parse)]
    ends: Option<std::vec::Vec<Ends>>,

    /// Make the n-th weak compare-and-swap of a site fail spuriously
    #[arg(long, value_name = "SITE#n")]
    inject: Option<String>,

    /// Run one engine alone: rc11, loom, shuttle or threads
    #[arg(long, value_name = "ENGINE")]
    engine: Option<EngineName>,

    /// Let rc11 explore on this many cores
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = number::workers)]
    jobs: usize,

    /// Where an exploration of rc11 is saved that is cut off; target/cut if not given
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,

    /// Go on with an exploration of rc11 that was cut off; a program, weakening or end that is
    /// given too has to be the one that is saved
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,

    /// Where random schedulers begin
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// Cut each run off after this many executions
    #[arg(long, value_name = "N", value_parser = number::at_least_one)]
    max_executions: Option<u64>,

    /// Cut each run off after this many seconds
    #[arg(long, value_name = "S", value_parser = number::seconds)]
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

pub(super) fn run(args: &Args) -> Result<u8, Refusal> {
    let subject = subject(args.engine.unwrap_or(EngineName::Rc11));
    let Asked {
        question,
        threads,
        expected,
        litmus,
        cut,
        sequential,
    } = question(args, &subject)?;
    let detail = if args.verbose {
        Detail::Verbose
    } else {
        Detail::Story
    };
    let engines = engines(args, &question, threads)?;
    interrupt::listen().map_err(Refusal::tool)?;
    let mut builds = Builds::start(&engines);
    if !args.json {
        let blind = !sequential && engines.contains(&EngineName::Shuttle);
        heading(&question, expected, blind);
    }
    let mut session = Session {
        args,
        expected,
        question: &question,
        bar: progress_bar(),
        cut,
        saved: None,
        runs: Vec::new(),
        failed: None,
    };
    let mut workers = Vec::new();
    while let Some((engine, built)) = builds.next(|waiting| session.still_building(waiting)) {
        if interrupt::requested() {
            break;
        }
        let mut worker = Worker::new(engine, &built.map_err(Refusal::tool)?);
        subject.learn(&mut worker).map_err(Refusal::tool)?;
        session.run(&mut worker).map_err(Refusal::input)?;
        workers.push(worker);
    }
    let Session {
        bar,
        mut runs,
        failed,
        ..
    } = session;
    // The engines came in any order.
    runs.sort_by_key(|(_, run)| run.engine);
    let failed = failed.and_then(|(job, run)| {
        bar.set_message("looking for the smallest program that fails in the same way");
        let worker = workers.iter_mut().find(|w| w.engine() == run.engine)?;
        let small = Failed::look_into(args, worker, &question, &job, &run);
        Some(((job, run), small))
    });
    bar.finish_and_clear();
    let described = || subject.description().map_err(Refusal::tool);
    if let Some(((job, run), failed)) = failed.as_ref().filter(|_| args.json) {
        let line = print::line::RunLine::new(job, run).with(failed.json(described()?));
        json::line(&line.expecting(expected)).map_err(Refusal::tool)?;
    }
    let mut verdict = runs.iter().fold(Verdict::Pass, |verdict, (_, run)| {
        verdict.and(run.verdict())
    });
    if interrupt::requested() {
        verdict = verdict.and(Verdict::CutOff);
    }
    let has_run = |engine: &&EngineName| runs.iter().any(|(_, run)| run.engine == **engine);
    let silent = engines.iter().find(|engine| !has_run(engine));
    if let Some(engine) = silent.filter(|_| !interrupt::requested()) {
        note!("{engine} made no run");
        verdict = verdict.and(Verdict::ToolFailure);
    }
    let disagreements = disagreements(&question.case, &runs);
    for disagreement in &disagreements {
        verdict = verdict.and(Verdict::Disagreement);
        if args.json {
            json::line(disagreement).map_err(Refusal::tool)?;
        } else {
            let word = print::verdict(Verdict::Disagreement);
            out!("{word}: {disagreement}");
        }
    }
    if !args.json && !args.quiet {
        let requires = litmus.as_ref().map_or(&[][..], |litmus| &litmus.requires);
        let allowed = Allowed::new(&question.case, requires.to_vec());
        for &ends in &question.ends {
            let runs: Vec<_> = runs
                .iter()
                .filter(|(job, run)| job.ends == ends && !run.outcomes.is_empty())
                .map(|(job, run)| (job, run))
                .collect();
            if !runs.is_empty() {
                out!("\n{}", print::outcomes::table(&runs, &allowed));
            }
        }
        if args.examples || !args.example.is_empty() {
            let wanted = examples::Wanted {
                outcomes: (!args.examples).then_some(args.example.as_slice()),
                detail,
                subject: described()?,
            };
            examples::print(&mut workers, &runs, &wanted)?;
        }
        match &failed {
            Some((_, failed)) => {
                let text = failed.text(&question.case, described()?, detail);
                out!("\n{text}");
            }
            None => {
                let broken = runs.iter().find(|(_, run)| run.failure.is_some());
                if let Some((job, run)) = broken {
                    let text = print::failure::text(job, run, described()?, detail);
                    out!("\n{text}");
                }
            }
        }
    }
    keep(&question, &runs, verdict);
    if !args.json {
        out!("\nverdict: {}", print::verdict(verdict));
    }
    Ok(match litmus {
        None => verdict.exit_code(),
        Some(litmus) => {
            let all = silent.is_none();
            judged(args.json, &litmus, &runs, (verdict, &disagreements, all))
        }
    })
}

/// The exit code by what a litmus file says, which is printed. It does not hold where engines
/// disagree or where not `all` of them made a run, whatever the others saw.
fn judged(
    json: bool,
    litmus: &Litmus,
    runs: &[(Job, Exploration)],
    (verdict, disagreements, all): (Verdict, &[Disagreement], bool),
) -> u8 {
    let engines = runs.chunk_by(|(_, a), (_, b)| a.engine == b.engine);
    let judged = engines.map(|runs| litmus.judge(runs[0].1.engine, runs));
    let wrong: Vec<_> = judged.filter_map(Result::err).collect();
    let expected = print::verdict(litmus.expect);
    for why in &wrong {
        match json {
            true => note!("the litmus file does not hold: {why}"),
            false => out!("the litmus file does not hold: {why}"),
        }
    }
    let sound = disagreements.is_empty() && all;
    let holds = wrong.is_empty() && sound && !interrupt::requested();
    if holds && !json {
        out!("the litmus file holds: it expects {expected}");
    }
    match verdict {
        _ if holds => Verdict::Pass.exit_code(),
        Verdict::CutOff | Verdict::ToolFailure => verdict.exit_code(),
        _ => 1,
    }
}

/// The runs of a question, engine by engine.
struct Session<'a> {
    args: &'a Args,
    question: &'a Experiment,
    /// What a litmus file expects.
    expected: Option<Verdict>,
    bar: ProgressBar,
    /// How far rc11 has come.
    cut: Option<Cut>,
    /// Where the run is saved that is printed next, if it was cut off.
    saved: Option<PathBuf>,
    runs: Vec<(Job, Exploration)>,
    /// Of the runs that failed the first is the one to look into. With --json
    /// its line waits for what comes of that.
    failed: Option<(Job, Exploration)>,
}

impl Session<'_> {
    /// All runs of an engine, each printed when it is over.
    fn run(&mut self, worker: &mut Worker) -> Result<(), String> {
        let question = self.question;
        let bar = self.bar.clone();
        let report = |job: &Job, so_far: SoFar| {
            bar.set_message(format!(
                "{} {} {}: {} executions, {} outcomes",
                job.engine(),
                job.ends,
                job.manner,
                print::count(so_far.executions),
                so_far.outcomes
            ));
        };
        let jobs = match worker.engine() {
            EngineName::Rc11 => return self.run_rc11(worker, report),
            EngineName::Loom => question.loom_jobs(),
            EngineName::Threads => question.threads_jobs(plan::ROUNDS),
            EngineName::Shuttle => {
                return question.run_shuttle(worker, report, |job, run| self.take(job, run));
            }
        };
        for job in jobs {
            if interrupt::requested() {
                break;
            }
            let run = worker.explore(&job, &mut |so_far| report(&job, so_far))?;
            self.take(job, run);
        }
        Ok(())
    }

    /// The runs under rc11, as far as they were not made before. What is left of
    /// one that is cut off is saved.
    fn run_rc11(
        &mut self,
        worker: &mut Worker,
        report: impl Fn(&Job, SoFar),
    ) -> Result<(), String> {
        for job in self.question.rc11_jobs() {
            if interrupt::requested() {
                break;
            }
            let earlier = self.cut.as_ref().and_then(|cut| cut.run(job.ends));
            let mut run = match earlier {
                Some(earlier) if earlier.ended() || earlier.failure.is_some() => earlier.clone(),
                _ => {
                    let mut job = job.clone();
                    if let Manner::Rc11(how) = &mut job.manner {
                        how.cores = self.args.jobs;
                        how.keeps_left = true;
                        how.resume = earlier
                            .filter(|run| run.left.is_some())
                            .cloned()
                            .map(Box::new);
                    }
                    worker.explore(&job, &mut |so_far| report(&job, so_far))?
                }
            };
            if let Some(cut) = &mut self.cut {
                cut.set(job.ends, &run);
                if cut.has_left() {
                    let path = [&self.args.save, &self.args.resume]
                        .into_iter()
                        .flatten()
                        .next();
                    let path = path.cloned().unwrap_or_else(|| cut.default_path());
                    cut.save(&path)?;
                    self.saved = run.left.take().map(|_| path);
                }
            }
            self.take(job, run);
            self.saved = None;
        }
        Ok(())
    }

    fn take(&mut self, job: Job, run: Exploration) {
        if self.failed.is_none() && run.verdict().is_failure() {
            self.failed = Some((job.clone(), run.clone()));
            if !self.args.json {
                self.print(&job, &run);
            }
        } else {
            self.print(&job, &run);
        }
        self.runs.push((job, run));
    }

    fn print(&self, job: &Job, run: &Exploration) {
        self.bar.suspend(|| {
            let saved = self.saved.as_deref();
            if self.args.json {
                let line = print::line::RunLine::new(job, run).resumed_from(saved);
                let line = line.expecting(self.expected);
                // A line is plain data, which JSON can always say.
                let _ = json::line(&line);
                return;
            }
            out!("{}", print::line::text(job, run));
            if let Some(path) = saved {
                out!("to go on: just explore --resume {}", near(path));
            }
        });
    }

    fn still_building(&self, waiting: &[EngineName]) {
        self.bar.suspend(|| still_building(waiting));
    }
}

/// Where engines that are exact contradict the first of them.
fn disagreements(case: &Target, runs: &[(Job, Exploration)]) -> Vec<Disagreement> {
    if !case.program().is_some_and(agree::comparable) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let exact: Vec<_> = runs
        .iter()
        .filter(|(job, _)| agree::is_exact(job))
        .collect();
    for (at, (job, run)) in exact.iter().enumerate() {
        let first = exact[..at].iter().find(|(first, _)| first.ends == job.ends);
        found.extend(first.and_then(|(first, seen)| agree::between((first, seen), (job, run))));
    }
    found
}

/// Keeps the runs for the report.
fn keep(question: &Experiment, runs: &[(Job, Exploration)], verdict: Verdict) {
    let changed: Vec<_> = question.orderings.iter().map(ToString::to_string).collect();
    let program = question.case.to_string();
    let mut command = format!("explore{} {program}", package::option());
    for change in &changed {
        command.push_str(&format!(" --weaken {change}"));
    }
    let found = Findings::Explore {
        program,
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

/// What is asked, and the litmus file that it is judged by.
struct Asked {
    question: Experiment,
    threads: usize,
    /// What the litmus file, or a scenario that is broken on purpose, ends in.
    expected: Option<Verdict>,
    litmus: Option<Box<Litmus>>,
    /// How far rc11 has come; nothing if it is not asked.
    cut: Option<Cut>,
    /// Whether what is expected shows without weak memory, too.
    sequential: bool,
}

/// What is asked, from the arguments and the litmus file, if it is one.
fn question(args: &Args, subject: &Subject) -> Result<Asked, Refusal> {
    let cut = args.resume.as_deref().map(Cut::load).transpose();
    let cut = cut.map_err(Refusal::input)?;
    let input = match (&cut, &args.program) {
        (Some(cut), None) => Input::Program(cut.program.clone()),
        (_, program) => input::read(program.as_deref(), subject)?,
    };
    let mut scenario = None;
    let mut litmus = None;
    let case: Target = match input {
        Input::Program(program) => program.into(),
        Input::Scenario(own) => {
            scenario = Some(own);
            Target::Scenario(own.name.clone())
        }
        Input::Litmus(file) => {
            let program = file.program.clone();
            litmus = Some(file);
            program.into()
        }
    };
    let mut question = Experiment {
        // A scenario drops what it has.
        ends: match scenario {
            None => vec![Ends::Dropped, Ends::Left],
            Some(_) => vec![Ends::Dropped],
        },
        orderings: (scenario.and_then(|own| own.broken.as_ref()?.weaken.clone()))
            .into_iter()
            .collect(),
        inject: None,
        case,
        limits: Limits {
            executions: args.max_executions,
            seconds: args.max_seconds,
        },
        seed: args.seed,
        trace: true,
    };
    if let Some(cut) = &cut {
        question.ends.clone_from(&cut.ends);
        if args.program.is_none() && args.weaken.is_empty() {
            question.orderings.clone_from(&cut.orderings);
        }
    }
    if let Some(of_file) = litmus.as_ref().map(|litmus| litmus.question()) {
        question.ends = of_file.ends;
        question.orderings = of_file.orderings;
        question.inject = of_file.inject;
    }
    let described = || subject.description().map_err(Refusal::tool);
    if !args.weaken.is_empty() {
        let mut described = described()?;
        if described.sites.is_empty() {
            described = find_sites(args, &question, described)?;
            subject.extend(described);
        }
        for change in described.changes(&args.weaken).map_err(Refusal::input)? {
            // What a litmus file has for the site is another question.
            question.orderings.retain(|other| other.site != change.site);
            question.orderings.push(change);
        }
    }
    if package::chosen().is_some() && scenario.is_none() {
        let own = described()?
            .programs
            .as_ref()
            .ok_or("it has scenarios alone");
        let refused = own.map(|own| own.refuses(question.case.program()?));
        if let Err(why) | Ok(Some(why)) = refused {
            return Err(Refusal::input(format!(
                "the subject cannot run this: {why}"
            )));
        }
    }
    if let Some(ends) = &args.ends {
        question.ends.clone_from(ends);
    }
    if let Some(inject) = &args.inject {
        question.inject = Some(described()?.inject(inject).map_err(Refusal::input)?);
    }
    let cut = match cut {
        None => Cut::before(&question),
        Some(cut) => {
            cut.is_of(&question).map_err(Refusal::input)?;
            Some(cut)
        }
    };
    let changed = !args.weaken.is_empty() || args.ends.is_some() || args.inject.is_some();
    let litmus = litmus.filter(|_| !changed);
    let of_scenario = scenario.and_then(|own| own.broken.as_ref());
    let expected = of_scenario.map(|broken| broken.loom);
    Ok(Asked {
        threads: match (question.case.program(), scenario) {
            (Some(program), _) => program.threads.len(),
            (None, own) => own.map_or(0, |own| own.threads),
        },
        question,
        expected: litmus.as_ref().map(|litmus| litmus.expect).or(expected),
        litmus,
        cut,
        sequential: of_scenario.is_none_or(|broken| broken.shuttle.is_some()),
    })
}

/// The subject with the accesses that the question meets as it is: places are asked
/// for by their ends.
fn find_sites(
    args: &Args,
    question: &Experiment,
    subject: &'static Description,
) -> Result<&'static Description, Refusal> {
    /// Enough to meet every access, if not every execution.
    const LIMITS: Limits = Limits {
        executions: Some(10_000),
        seconds: Some(10.0),
    };
    let engine = args.engine.unwrap_or(EngineName::Rc11);
    let mut worker = Worker::new(engine, &built(engine).map_err(Refusal::tool)?);
    let jobs = match engine {
        EngineName::Loom => question.loom_jobs(),
        _ => question.rc11_jobs(),
    };
    let record = Record {
        sites: true,
        ..Record::default()
    };
    let mut met = Vec::new();
    for mut job in jobs {
        job.limits = LIMITS;
        let run = worker.explore(&job.recording(record), &mut |_| ());
        met.extend(run.map_err(Refusal::input)?.sites);
    }
    Ok(with_sites(subject, met))
}

fn heading(question: &Experiment, expected: Option<Verdict>, blind: bool) {
    if let Some(subject) = package::name() {
        out!("subject: {subject}");
    }
    let what = match question.case {
        Target::Program(_) => "program",
        Target::Scenario(_) => "scenario",
    };
    out!("{what}: {}", question.case);
    for change in &question.orderings {
        out!("changed: {change}");
    }
    if let Some(inject) = &question.inject {
        out!("injected: {inject} fails spuriously");
    }
    if let Some(expected) = expected {
        out!("expected: {expected}");
    }
    if blind {
        out!("shuttle knows no weak memory: it cannot show this, and its lines do not");
    }
    out!();
}

/// The engines that can say something of this program.
fn engines(args: &Args, question: &Experiment, threads: usize) -> Result<Vec<EngineName>, Refusal> {
    let fits_loom = threads <= LOOM_THREADS;
    let of_rc11 = args.jobs > 1 || args.save.is_some() || args.resume.is_some();
    let engine = match args.engine {
        Some(engine) if of_rc11 && engine != EngineName::Rc11 => {
            return Err(Refusal::input(format!(
                "--jobs, --save and --resume are for rc11, not for {engine}"
            )));
        }
        None if args.resume.is_some() => Some(EngineName::Rc11),
        engine => engine,
    };
    let engines = match engine {
        Some(EngineName::Rc11) if !question.suits_rc11() => {
            return Err(Refusal::input(
                "rc11 injects no spurious failure\n  hint: --engine loom or shuttle does",
            ));
        }
        Some(EngineName::Loom) if !fits_loom => {
            return Err(Refusal::input(format!(
                "loom runs at most {LOOM_THREADS} threads, and the program has {threads}\n  hint: \
                 --engine rc11 has no such limit"
            )));
        }
        Some(EngineName::Loom) if !question.suits_loom() => {
            return Err(Refusal::input(
                "loom does not model SeqCst\n  hint: --engine rc11 does",
            ));
        }
        Some(EngineName::Shuttle) if !question.suits_shuttle() => {
            return Err(Refusal::input(
                "shuttle does not model orderings: a changed one shows only under rc11 and loom",
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
            if question.suits_rc11() {
                engines.push(EngineName::Rc11);
            }
            if fits_loom && question.suits_loom() {
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
            "no engine can run this: loom runs at most {LOOM_THREADS} threads, rc11 injects no \
             failure, and shuttle does not model orderings"
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::subject::tests::subject;

    const OK: &str = "ok | ok => left shared(2) live";
    const UNUSED: &str = "ok | unused => left shared(1) live";
    const BUSY: &str = "ok | busy => left shared(1) live";

    #[test]
    fn a_litmus_file_whose_engines_disagree_does_not_hold() {
        let text = "# Why.\nprogram: unused: alloc | get\nexpect: pass\nends: left\n";
        let litmus = Litmus::parse(Path::new("a.litmus"), text, &subject()).unwrap();
        let question = litmus.question();
        let run = |mut jobs: Vec<Job>, outcomes: &[&str]| {
            let job = jobs.remove(0);
            let run = Exploration {
                outcomes: outcomes.iter().map(|o| ((*o).to_owned(), 1)).collect(),
                seen: outcomes.len(),
                allowed: outcomes.len(),
                complete: true,
                threads_run: 2,
                ..Exploration::new(job.engine())
            };
            assert_eq!(run.verdict(), Verdict::Pass);
            (job, run)
        };
        let judge = |of_loom: &[&str], all| {
            let rc11 = run(question.rc11_jobs(), &[OK, UNUSED]);
            let runs = [rc11, run(question.loom_jobs(), of_loom)];
            let disagree = disagreements(&question.case, &runs);
            let code = judged(false, &litmus, &runs, (Verdict::Pass, &disagree, all));
            (disagree.len(), code)
        };
        assert_eq!(judge(&[OK, UNUSED], true), (0, 0));
        assert_eq!(judge(&[OK, BUSY], true), (1, 1));
        // One engine made no run.
        assert_eq!(judge(&[OK, UNUSED], false), (0, 1));
    }
}
