//! A failing run made small: the fewest operations and threads that fail in the
//! same way, and of their failing executions the shortest.

use std::convert::Infallible;

use programs::program::Program;

use crate::interrupt;
use crate::minimise::minimise;
use crate::plan::{Experiment, SAMPLE};
use crate::worker::Worker;
use pipe::{EngineName, Exploration, Job, Limits, Record, StepKind};

/// A smaller program that takes longer than this is not followed.
const PATIENCE: Limits = Limits {
    executions: Some(200_000),
    seconds: Some(10.0),
};

/// The smallest run of the same engine that fails as `run` of `job` does; that
/// run itself if nothing smaller does.
///
/// The program cannot be made smaller by one removal. Its runs with each end
/// and probe are made, and the one with the shortest failing execution is
/// taken. Real threads are left alone: what they show once need not come again.
pub fn smallest(
    worker: &mut Worker,
    question: &Experiment,
    (job, run): (&Job, &Exploration),
) -> (Job, Exploration) {
    let as_it_is = || (job.clone(), run.clone());
    let verdict = run.verdict();
    let Some(program) = job.case.program() else {
        return as_it_is();
    };
    if run.engine == EngineName::Threads || !verdict.is_failure() {
        return as_it_is();
    }
    let mut explore = |job: &Job| worker.explore(job, &mut |_| ()).ok();
    let smaller = minimise(program, |program| {
        let mut jobs = jobs(question, job, run.engine, program).into_iter();
        let fails = |job: Job| explore(&job).is_some_and(|run| run.verdict() == verdict);
        Ok::<_, Infallible>(!interrupt::requested() && jobs.any(fails))
    });
    let Ok(smaller) = smaller;
    let failing = jobs(question, job, run.engine, &smaller)
        .into_iter()
        .filter_map(|job| explore(&job).map(|run| (job, run)))
        .filter(|(_, run)| run.verdict() == verdict);
    failing
        .min_by_key(|(_, run)| length(run))
        .filter(|(job, found)| job.case.program() != Some(program) || length(found) <= length(run))
        .unwrap_or_else(as_it_is)
}

/// The runs of a program that may fail as `like` does, that one's way first.
fn jobs(question: &Experiment, like: &Job, engine: EngineName, program: &Program) -> Vec<Job> {
    let question = Experiment {
        case: program.clone().into(),
        limits: PATIENCE,
        trace: true,
        ..question.clone()
    };
    let same = Job {
        case: question.case.clone(),
        limits: PATIENCE,
        ..like.clone()
    };
    let same = same.recording(Record::STEPS);
    let others = match engine {
        EngineName::Rc11 => question.rc11_jobs(),
        EngineName::Loom => question.loom_jobs(),
        _ => question
            .ends
            .iter()
            .flat_map(|ends| question.shuttle_samples(*ends, SAMPLE))
            .collect(),
    };
    let manner = |job: &Job| (job.ends, job.manner.to_string());
    let mut jobs = vec![same];
    for job in others {
        if manner(&job) != manner(&jobs[0]) {
            jobs.push(job);
        }
    }
    jobs
}

/// The steps of the failing execution.
fn length(run: &Exploration) -> usize {
    let steps = run.failure.iter().flat_map(|failure| &failure.steps);
    let is_step = |kind: &StepKind| !matches!(kind, StepKind::Begin { .. } | StepKind::End { .. });
    steps.filter(|step| is_step(&step.kind)).count()
}
