//! How soon each control fails under loom.

use prop_tests::scenario::{self, Expected};
use prop_tests::world::LocalHost;

use super::{Figure, Part, Unit};
use crate::interrupt;
use crate::litmus::Litmus;
use crate::plan::Question;
use crate::verdict::Verdict;
use crate::worker::Worker;

/// Runs each control until it fails.
///
/// # Errors
///
/// If the worker cannot be started, or a control does not fail as it must.
pub(super) fn all(
    worker: &mut Worker,
    corpus: &[Litmus],
    mut take: impl FnMut(Figure) -> Result<(), String>,
) -> Result<(), String> {
    let files = corpus.iter().filter(|file| file.is_control()).map(|file| {
        let question = Question {
            trace: false,
            ..file.question()
        };
        (file.name.clone(), file.expect.as_str().to_owned(), question)
    });
    for (name, expected, question) in files.chain(scenarios()?) {
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
            Some(verdict) if verdict.as_str() == expected => take(Figure {
                part: Part::Controls,
                group: name,
                member: expected,
                unit: Unit::Seconds,
                values: vec![seconds],
                executions: Some(executions),
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
fn scenarios() -> Result<Vec<(String, String, Question)>, String> {
    let mut controls = Vec::new();
    for scenario in scenario::all::<LocalHost>() {
        let Expected::Broken { loom, .. } = scenario.expected else {
            continue;
        };
        let question = Question {
            trace: false,
            ..Question::of_scenario(&scenario)?
        };
        controls.push((scenario.name.to_owned(), loom.to_owned(), question));
    }
    Ok(controls)
}
