//! How soon each control fails under loom.

use pipe::{Description, Verdict};

use super::{Figure, Part, Unit};
use model_tests::interrupt;
use model_tests::litmus::Litmus;
use model_tests::plan::Experiment;
use model_tests::worker::Worker;

/// Runs each control until it fails.
///
/// # Errors
///
/// If the worker cannot be started, or a control does not fail as it must.
pub(super) fn all(
    worker: &mut Worker,
    corpus: &[Litmus],
    subject: &Description,
    mut take: impl FnMut(Figure) -> Result<(), String>,
) -> Result<(), String> {
    let files = corpus.iter().filter(|file| file.is_control()).map(|file| {
        let question = Experiment {
            trace: false,
            ..file.question()
        };
        (file.name.clone(), file.expect, question)
    });
    for (name, expected, question) in files.chain(scenarios(subject)) {
        let mut seconds = 0.0;
        let mut executions = 0;
        let mut found = None;
        for job in question.loom_jobs() {
            let run = worker.explore(&job, &mut |_| ())?;
            if interrupt::requested() {
                return Ok(());
            }
            seconds += run.seconds;
            executions += run.executions;
            if run.verdict() != Verdict::Pass {
                found = Some(run.verdict());
                break;
            }
        }
        match found {
            Some(verdict) if verdict == expected => take(Figure {
                part: Part::Controls,
                group: name,
                member: expected.to_string(),
                unit: Unit::Seconds,
                values: vec![seconds],
                executions: Some(executions),
                peak_memory: None,
            })?,
            other => {
                let verdict = other.unwrap_or(Verdict::Pass);
                return Err(format!("{name} ends in {verdict}, and not in {expected}"));
            }
        }
    }
    Ok(())
}

/// The scenarios that are broken on purpose, with the verdict of each.
fn scenarios(subject: &Description) -> impl Iterator<Item = (String, Verdict, Experiment)> {
    subject.scenarios.iter().filter_map(|scenario| {
        let broken = scenario.broken.as_ref()?;
        let question = Experiment {
            trace: false,
            ..Experiment::of_scenario(&scenario.name, broken.weaken.clone())
        };
        Some((scenario.name.clone(), broken.loom, question))
    })
}
