//! Every litmus file is a test, named after its file.
//!
//! A file passes when its expectation is met: `pass` by complete explorations
//! that saw every allowed outcome and no other, a control by the very verdict
//! it names. Each file runs in a worker of its own, so that one that takes its
//! engine down harms no other.
//!
//! Without an engine's cfg all files are explored under weak memory by the worker of
//! rc11, which is built for it. The files also run on real threads: many rounds of
//! the code as it is, in which nothing forbidden may be seen; those that change
//! something are ignored there.

mod explored;

use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use model_tests::litmus::{self, Litmus};
use model_tests::print::{self, story::Detail};
use model_tests::subject::Subject;
use pipe::Verdict;
use pipe::{EngineName, Exploration, Job};
use worker::engine;

/// How often a file runs on real threads, with each end, unless
/// `LITMUS_ROUNDS` says otherwise.
const ROUNDS: u64 = 500;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let subject = Subject::new(|| Ok(worker::describe()));
    let folder = model_tests::workspace::litmus();
    let files = match litmus::load_all(&folder, &subject) {
        Ok(files) => files,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let engine = engine::compiled();
    let mut trials = Vec::new();
    if engine == EngineName::Threads {
        for file in files.clone() {
            let name = format!("rc11::{}", file.name);
            let explored = suits(EngineName::Rc11, &file);
            let test = move || run(explored::rc11_worker()?, EngineName::Rc11, &file);
            trials.push(Trial::test(name, test).with_ignored_flag(!explored));
        }
    }
    for file in files {
        let explored = suits(engine, &file);
        let own = explored::own_worker();
        let trial = Trial::test(file.name.clone(), move || run(own, engine, &file));
        trials.push(trial.with_ignored_flag(!explored));
    }
    explored::conclude(&arguments, trials)
}

/// Whether the engine can judge the file: changed orderings show only where
/// memory is weak.
fn suits(engine: EngineName, file: &Litmus) -> bool {
    match engine {
        EngineName::Rc11 => file.question().suits_rc11(),
        EngineName::Loom => true,
        EngineName::Shuttle => file.question().suits_shuttle(),
        EngineName::Threads => file.question().suits_threads(),
    }
}

fn run(program: &Path, engine: EngineName, file: &Litmus) -> Result<(), Failed> {
    litmus::check(file)?;
    let rounds = match std::env::var("LITMUS_ROUNDS") {
        Ok(number) => number.parse().map_err(|e| format!("LITMUS_ROUNDS: {e}"))?,
        Err(_) => ROUNDS,
    };
    let runs = explored::runs(program, engine, &file.question(), rounds)?;
    let verdict = runs.iter().fold(Verdict::Pass, |verdict, (_, run)| {
        verdict.and(run.verdict())
    });
    let executions = runs.iter().map(|(_, run)| run.executions).sum();
    println!(
        "{}: {} executions, {verdict}",
        file.name,
        print::count(executions)
    );
    match file.judge(engine, &runs) {
        Ok(()) => Ok(()),
        Err(why) => Err(format!("{why}\n{}", story(&runs)?).into()),
    }
}

fn story(runs: &[(Job, Exploration)]) -> Result<String, String> {
    let subject = Subject::new(|| Ok(worker::describe())).description()?;
    let mut said = String::new();
    for (job, run) in runs {
        said.push_str(&print::line::text(job, run));
        said.push('\n');
        said.push_str(&print::failure::text(job, run, subject, Detail::Verbose));
    }
    Ok(said)
}
