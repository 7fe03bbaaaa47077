//! Every litmus file is a test, named after its file.
//!
//! A file passes when its expectation is met: `pass` by complete explorations
//! that saw every allowed outcome and no other, a control by the very verdict
//! it names. Each file runs in a worker of its own, so that one that takes its
//! engine down harms no other.
//!
//! Without an engine's cfg the files run on real threads: many rounds of the
//! code as it is, in which nothing forbidden may be seen. Files that change
//! something are ignored, and a line says what to run.

mod explored;

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
    if engine == EngineName::Threads && !arguments.list {
        println!(
            "\nthe {} litmus files only run on real threads in this build; explore them with\n    \
             RUSTFLAGS=\"--cfg loom\" cargo test\n    \
             RUSTFLAGS=\"--cfg shuttle\" cargo test",
            files.len()
        );
    }
    let trials = files
        .into_iter()
        .map(|file| {
            let explored = suits(engine, &file);
            let trial = Trial::test(file.name.clone(), move || run(engine, &file));
            trial.with_ignored_flag(!explored)
        })
        .collect();
    explored::conclude(&arguments, trials)
}

/// Whether the engine can judge the file: changed orderings show only where
/// memory is weak.
fn suits(engine: EngineName, file: &Litmus) -> bool {
    match engine {
        EngineName::Loom => true,
        EngineName::Shuttle => file.question().suits_shuttle(),
        EngineName::Threads => file.question().suits_threads(),
    }
}

fn run(engine: EngineName, file: &Litmus) -> Result<(), Failed> {
    litmus::check(file)?;
    let rounds = match std::env::var("LITMUS_ROUNDS") {
        Ok(number) => number.parse().map_err(|e| format!("LITMUS_ROUNDS: {e}"))?,
        Err(_) => ROUNDS,
    };
    let runs = explored::runs(engine, &file.question(), rounds)?;
    let verdict = runs.iter().fold(Verdict::Pass, |verdict, (_, run)| {
        verdict.and(run.verdict())
    });
    let executions = runs.iter().map(|(_, run)| run.executions).sum();
    println!(
        "{}: {} executions, {verdict}",
        file.name,
        print::count(executions)
    );
    if verdict != file.expect {
        return Err(format!("expected {}, got {verdict}\n{}", file.expect, story(&runs)?).into());
    }
    // An outcome that weak memory alone shows is loom's to show.
    if file.expect == Verdict::Pass && engine == EngineName::Loom {
        file.judge_requires(&runs)?;
    }
    Ok(())
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
