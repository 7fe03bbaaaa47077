//! `replay`: a saved failing execution, once more.

use std::io::IsTerminal;
use std::path::PathBuf;

use prop_tests::program::Program;

use super::Refusal;
use crate::campaign::commit;
use crate::counterexample::Counterexample;
use crate::report;
use crate::verdict::Verdict;
use crate::worker::{self, Worker, WorkerBuild};

/// Run the failing execution of a saved counterexample again.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file that `nightly` or `explore` saved
    file: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<u8, Refusal> {
    let saved = Counterexample::load(&args.file).map_err(Refusal::input)?;
    let program: Program = saved.job.program.parse().map_err(Refusal::input)?;
    let here = commit();
    let elsewhere = saved.commit != here;
    if elsewhere {
        anstream::eprintln!(
            "note: saved on commit {}, and this is {here}: the execution may be another one",
            saved.commit
        );
    }
    let worker = worker::build(WorkerBuild {
        engine: saved.engine,
        quiet: !std::io::stderr().is_terminal(),
    })
    .map_err(Refusal::tool)?;
    let job = saved.job();
    let run = Worker::new(saved.engine, &worker)
        .explore(&job, &mut |_| ())
        .map_err(Refusal::input)?;
    anstream::println!("program: {}", saved.job.program);
    anstream::println!("{}", report::line::text(&job, &run));
    if let Some(failure) = &run.failure {
        anstream::println!("{}", report::failure::text(failure, &program));
    }
    let verdict = run.verdict();
    if verdict != saved.verdict {
        return Err(Refusal::tool(format!(
            "it was saved as {}, and ends in {verdict}{}",
            saved.verdict,
            if elsewhere {
                format!("; check out {} to see it", saved.commit)
            } else {
                String::new()
            }
        )));
    }
    anstream::println!("verdict: {}", report::verdict(verdict));
    Ok(verdict.exit_code().max(u8::from(verdict != Verdict::Pass)))
}
