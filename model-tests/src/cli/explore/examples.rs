//! An execution for each outcome that somebody asks for.

use programs::outcome::Outcome;

use crate::cli::Refusal;
use crate::out;
use crate::print;
use crate::print::story::Detail;
use crate::story;
use crate::worker::Worker;
use pipe::{Description, Exploration, Job, Limits, Record};

/// Which outcomes.
pub(super) struct Wanted<'a> {
    /// These, or all that were seen.
    pub outcomes: Option<&'a [String]>,
    /// How much of each execution.
    pub detail: Detail,
    /// The code under test.
    pub subject: &'static Description,
}

/// Makes the runs again that showed the outcomes, and prints an execution of
/// each.
///
/// # Errors
///
/// If an outcome is none, or was not seen by an explorer.
pub(super) fn print(
    workers: &mut [Worker],
    runs: &[(Job, Exploration)],
    wanted: &Wanted<'_>,
) -> Result<(), Refusal> {
    // Real threads record no steps. The first run that shows an outcome is as
    // good as any other.
    let explored = || {
        let explored = |run: &Exploration| run.engine.is_explorer();
        runs.iter().filter(move |(_, run)| explored(run))
    };
    let mut outcomes: Vec<String> = Vec::new();
    match wanted.outcomes {
        Some(asked) => {
            for text in asked {
                let outcome: Outcome = text.parse().map_err(Refusal::input)?;
                let outcome = outcome.to_string();
                if !explored().any(|(_, run)| run.outcomes.contains_key(&outcome)) {
                    return Err(Refusal::input(format!(
                        "no explorer saw `{outcome}`\n  hint: copy one from the table above"
                    )));
                }
                outcomes.push(outcome);
            }
        }
        None => {
            for outcome in explored().flat_map(|(_, run)| run.outcomes.keys()) {
                if !outcomes.contains(outcome) {
                    outcomes.push(outcome.clone());
                }
            }
        }
    }
    for (job, run) in explored() {
        let (here, later): (Vec<_>, Vec<_>) = outcomes
            .into_iter()
            .partition(|outcome| run.outcomes.contains_key(outcome));
        outcomes = later;
        let worker = workers.iter_mut().find(|w| w.engine() == run.engine);
        let Some(worker) = worker.filter(|_| !here.is_empty()) else {
            continue;
        };
        let again = Job {
            limits: Limits {
                executions: Some(run.executions),
                seconds: None,
            },
            ..job.clone()
        };
        let again = again.recording(Record {
            examples: true,
            ..Record::default()
        });
        let again = worker.explore(&again, &mut |_| ()).map_err(Refusal::tool)?;
        for outcome in &here {
            let steps = again.examples.get(outcome);
            let story = steps.and_then(|steps| story::of_example(job, steps, wanted.subject));
            let Some(story) = story else {
                return Err(Refusal::tool(format!(
                    "{} did not show `{outcome}` again",
                    run.engine
                )));
            };
            out!(
                "\n{} {}: {outcome}\n{}",
                run.engine,
                job.manner,
                print::story::text(&story, wanted.detail)
            );
        }
    }
    Ok(())
}
