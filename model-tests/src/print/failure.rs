//! What is known of a failure: its message, and the execution that led to it.

use super::story::{self, Detail};
use super::{count, verdict};
use pipe::{Description, Exploration, Job};

use crate::story::of_failure;

/// The failure of a run: a line that names it, the failing execution as a
/// table, and what is wrong. Nothing if the run did not fail.
pub fn text(job: &Job, run: &Exploration, subject: &'static Description, detail: Detail) -> String {
    let said = run.verdict();
    let place = format!(
        "on {}, {} {}, execution {}",
        run.engine,
        job.ends.as_str(),
        job.manner,
        count(run.executions)
    );
    match (of_failure(job, run, subject), &run.failure) {
        (Some(story), Some(failure)) => {
            let reason = failure.reason.to_string();
            let what = story.racing();
            let what = what.unwrap_or_else(|| first_sentence(&reason).to_owned());
            let first = format!("{} {place}: {what}\n", verdict(said));
            match story::text(&story, detail) {
                nothing if nothing.is_empty() => first,
                text => format!("{first}\n{text}"),
            }
        }
        (Some(story), None) => format!("{}\n{}", verdict(said), story::text(&story, detail)),
        (None, Some(failure)) => {
            format!("{} {place}: {}\n", verdict(said), failure.reason)
        }
        (None, None) => String::new(),
    }
}

/// An explorer's message goes on about its own insides.
fn first_sentence(message: &str) -> &str {
    let line = message.lines().next().unwrap_or_default();
    line.trim_end_matches('.')
}
