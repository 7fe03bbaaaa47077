//! What the litmus files and the scenarios have in common: all runs of a
//! question on this build's engine, and a run of the tests that explored
//! something.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, LazyLock};

use libtest_mimic::{Arguments, Failed, Trial};
use model_tests::plan::Experiment;
use model_tests::worker::{Worker, build};
use pipe::{EngineName, Exploration, Job};
use worker::engine;

/// This build's worker.
pub(crate) fn own_worker() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_worker"))
}

/// The worker of rc11, built when it is first asked for: plain tests explore weak
/// memory too.
///
/// # Errors
///
/// What the compiler says, if it cannot be built.
pub(crate) fn rc11_worker() -> Result<&'static Path, &'static str> {
    static BUILT: LazyLock<Result<PathBuf, String>> = LazyLock::new(|| build(EngineName::Rc11));
    BUILT.as_deref().map_err(String::as_str)
}

/// All runs of the question in a worker of its own, which this program runs; on real
/// threads so many rounds with each end.
pub(crate) fn runs(
    program: &Path,
    engine: EngineName,
    question: &Experiment,
    rounds: u64,
) -> Result<Vec<(Job, Exploration)>, Failed> {
    let mut worker = Worker::new(engine, program);
    let mut runs = Vec::new();
    match engine {
        EngineName::Rc11 | EngineName::Loom => {
            let jobs = match engine {
                EngineName::Rc11 => question.rc11_jobs(),
                _ => question.loom_jobs(),
            };
            for job in jobs {
                let run = worker.explore(&job, &mut |_| ())?;
                runs.push((job, run));
            }
        }
        EngineName::Shuttle => {
            question.run_shuttle(&mut worker, |_, _| (), |job, run| runs.push((job, run)))?;
        }
        EngineName::Threads => {
            // In this process, where a sanitizer's findings are not missed.
            for job in question.threads_jobs(rounds) {
                let run = engine::explore(&job, Arc::new(|_| ()))?;
                runs.push((job, run));
            }
        }
    }
    Ok(runs)
}

/// Runs the tests. It is a failure if all of them were asked for and none was
/// explored.
pub(crate) fn conclude(arguments: &Arguments, trials: Vec<Trial>) -> ExitCode {
    let conclusion = libtest_mimic::run(arguments, trials);
    let narrowed = arguments.filter.is_some() || arguments.list || !arguments.skip.is_empty();
    if !narrowed && conclusion.num_passed + conclusion.num_failed == 0 {
        eprintln!("nothing was explored");
        return ExitCode::FAILURE;
    }
    conclusion.exit_code()
}
