//! What is wrong, in the protocol's words.

use std::collections::BTreeSet;

use pipe::{Description, Exploration, Job, Reason, Verdict};
use programs::outcome::{OpResult, Outcome};
use programs::program::Program;
use programs::spec::{MemoryModel, Params};

use super::{Stale, Story, StoryStep, What};

/// Adds what there is to say of a failure.
pub(super) fn failure(story: &mut Story, job: &Job, run: &Exploration, subject: &Description) {
    // The values of the word are those of a model, whichever build describes them.
    let of_words = subject.ref_counts.map(|known| known.max);
    let of_build = || subject.programs.as_ref().map(|own| own.ref_count_max);
    let params = Params {
        ref_count_max: of_words
            .or_else(of_build)
            .unwrap_or(Params::MODEL.ref_count_max),
    };
    let reason = run.failure.as_ref().map(|failure| &failure.reason);
    // What broke the rules of the metadata's life is an access, or showed at the
    // end and in no step.
    let lifeless = match reason {
        Some(Reason::Violation { .. }) if story.verdict != Verdict::DataRace => lifeless(story),
        _ => None,
    };
    story.told = match reason {
        None => missing(job, run),
        Some(Reason::Forbidden { outcome } | Reason::Abort { outcome }) => {
            let mut said = forbidden(story, job, outcome, &params);
            said.extend(story.stale.iter().flat_map(Stale::told));
            said
        }
        Some(_) => match story.verdict {
            Verdict::DataRace => race(story),
            // The message says it all.
            Verdict::DoubleDrop | Verdict::Leak if job.case.program().is_none() => Vec::new(),
            Verdict::UseAfterDrop | Verdict::DoubleDrop | Verdict::Leak => life(story, lifeless),
            _ => Vec::new(),
        },
    };
    // The race belongs to a data race: elsewhere it is another's to judge.
    if story.verdict != Verdict::DataRace {
        story.race = None;
        super::rows::mark_telling(story);
    }
    if story.verdict == Verdict::Deadlock {
        story.told = deadlock(story, reason);
    }
    if let Some((last, before)) = lifeless {
        let told = [Some(last), before];
        for row in &mut story.rows {
            row.telling |= told.contains(&Some(row.number));
        }
    }
}

/// The access that the engine stopped at because of what the memory held, and
/// the last one before it that began or ended a value there: their numbers.
fn lifeless(story: &Story) -> Option<(usize, Option<usize>)> {
    let field = |row: &StoryStep| match &row.what {
        What::Plain { field, .. } => Some((row.slot, field.clone())),
        _ => None,
    };
    let last = story.rows.iter().rfind(|row| field(row).is_some())?;
    let changes = |row: &StoryStep| matches!(&row.what, What::Plain { access, .. } if access == "take" || access == "init");
    let earlier = story.rows.iter().filter(|row| row.number < last.number);
    let before = earlier
        .filter(|row| field(row) == field(last))
        .rfind(|row| changes(row));
    Some((last.number, before.map(|row| row.number)))
}

fn race(story: &Story) -> Vec<String> {
    match &story.race {
        Some(race) => race.told(&|thread| format!("T{thread}")),
        None => vec![
            "Which other access it races with does not follow from the steps: C11 orders the \
             last plain access after all others."
                .to_owned(),
        ],
    }
}

/// What the operations came to, against the closest outcomes that are allowed.
fn forbidden(story: &Story, job: &Job, seen: &str, params: &Params) -> Vec<String> {
    let memory = match job.memory() {
        MemoryModel::Interleaved => "order",
        MemoryModel::Rc11 => "order, nor any execution on weak memory,",
    };
    if job.case.program().is_none() {
        return vec![format!(
            "seen: `{seen}`, which is not among the outcomes that the scenario allows."
        )];
    }
    let mut said = vec![format!(
        "seen: `{seen}`, which no {memory} of the specification's steps gives."
    )];
    let (Some(program), Ok(seen)) = (job.case.program(), seen.parse()) else {
        return said;
    };
    if !job.enumerate {
        return said;
    }
    let Ok(Some(allowed)) = job.memory().allowed(program, job.ends, params) else {
        return said;
    };
    if story.verdict == Verdict::Abort {
        said.push(abort(program, &seen, params));
    }
    said.extend(closest(program, &seen, &allowed));
    said
}

fn abort(program: &Program, seen: &Outcome, params: &Params) -> String {
    let aborted = seen
        .results
        .iter()
        .enumerate()
        .find_map(|(thread, results)| {
            let op = results.iter().position(|r| *r == OpResult::Abort)?;
            Some((thread, op))
        });
    match aborted {
        Some((thread, op)) => format!(
            "T{} aborts in `{}`; an abort is for a count of {} or more, which this program does \
             not reach.",
            thread + 1,
            program.threads[thread][op],
            params.ref_count_max
        ),
        None => "A drop at the end aborts, which none may.".to_owned(),
    }
}

/// The allowed outcomes that differ least, and in what.
fn closest(program: &Program, seen: &Outcome, allowed: &BTreeSet<Outcome>) -> Vec<String> {
    let distance = |other: &Outcome| {
        let flat = |outcome: &Outcome| -> Vec<OpResult> {
            let all = outcome.results.iter().chain(&outcome.drops);
            all.flatten().copied().collect()
        };
        let (a, b) = (flat(seen), flat(other));
        let differ = a.iter().zip(&b).filter(|(a, b)| a != b).count();
        differ + a.len().abs_diff(b.len()) + usize::from(seen.end != other.end)
    };
    let Some(nearest) = allowed.iter().min_by_key(|other| distance(other)) else {
        return Vec::new();
    };
    let mut differences = Vec::new();
    for (thread, ops) in program.threads.iter().enumerate() {
        for (op, operation) in ops.iter().enumerate() {
            let (was, would) = (seen.results[thread][op], nearest.results[thread][op]);
            if was != would {
                differences.push(format!(
                    "T{}'s `{operation}` gives `{would}`, not `{was}`",
                    thread + 1
                ));
            }
        }
    }
    if differences.is_empty() {
        differences.push("the end is another".to_owned());
    }
    vec![format!(
        "The closest of the {} that are allowed is `{nearest}`: {}.",
        allowed.len(),
        differences.join(", ")
    )]
}

fn missing(job: &Job, run: &Exploration) -> Vec<String> {
    let allows = match job.case.program() {
        Some(_) => "the specification",
        None => "the scenario",
    };
    let mut said: Vec<String> = run
        .missing
        .iter()
        .map(|outcome| format!("never seen: `{outcome}`, which {allows} allows."))
        .collect();
    said.push(format!(
        "All {} executions were explored, so no order of the code's steps gives it: the code does \
         less than it may.",
        run.executions
    ));
    said
}

/// Metadata touched, dropped or lost when it must not be.
fn life(story: &Story, lifeless: Option<(usize, Option<usize>)>) -> Vec<String> {
    let mut said = vec![format!("{}.", story.message.trim_end_matches('.'))];
    let Some((last, before)) = lifeless else {
        let rule = match story.verdict {
            Verdict::Leak => {
                "Every metadata value is dropped once, after its on_drop, and the last drop gives \
                 the frame back."
            }
            Verdict::DoubleDrop => {
                "Each generation's metadata is dropped once, and its frame given back once, by the \
                 thread that made the slot BUSY."
            }
            _ => {
                "Metadata is torn down only by the thread that made the slot BUSY, or that owns \
                 it, and before the frame is given back."
            }
        };
        said.push(rule.to_owned());
        return said;
    };
    let access = |number: usize| {
        let row = &story.rows[number - 1];
        match &row.what {
            What::Plain { field, access, .. } => (row.thread, field.as_str(), access.as_str()),
            _ => (row.thread, "", ""),
        }
    };
    let (thread, field, what) = access(last);
    let held = match before.map(|before| (before, access(before))) {
        Some((before, (other, _, "take"))) => format!("T{other} had dropped it in step {before}"),
        Some((before, (other, ..))) => {
            format!("what T{other} wrote in step {before} was still there")
        }
        None if what == "init" => "the metadata of the start state was still there".to_owned(),
        None => "nothing had been written there".to_owned(),
    };
    let verb = super::verb(what);
    said.push(format!(
        "T{thread} {verb} {field} in step {last}, and {held}."
    ));
    said
}

/// Where each thread stands, and what it saw last.
fn deadlock(story: &mut Story, reason: Option<&Reason>) -> Vec<String> {
    let places = match reason {
        Some(Reason::Deadlock { waiting, .. }) => &waiting[..],
        _ => &[],
    };
    let mut said = Vec::new();
    for thread in 1..=story.threads {
        let begun = story.operations.iter().rfind(|op| op.thread == thread);
        let begun = begun.filter(|op| op.result.is_none());
        let place = places.iter().find(|(waits, _)| *waits == thread);
        if begun.is_none() && place.is_none() {
            continue;
        }
        let mut line = format!("T{thread} waits");
        if let Some(op) = begun {
            line.push_str(&format!(" in `{}`", op.name));
        }
        if let Some((_, place)) = place {
            line.push_str(&format!(" {place}"));
        }
        let read = |row: &&mut StoryStep| {
            row.thread == thread && matches!(row.what, What::Atomic { read: Some(_), .. })
        };
        if let Some(row) = story.rows.iter_mut().rfind(read) {
            row.telling = true;
            line.push_str(&format!(". Its last read is step {}", row.number));
            if let What::Atomic {
                read: Some(read),
                from,
                overwritten,
                written: None,
                ..
            } = &row.what
            {
                line.push_str(&format!(": {read}"));
                if let Some(from) = from.text() {
                    line.push_str(&format!(", {from}"));
                }
                if let Some(later) = overwritten {
                    line.push_str(&format!(", overwritten in {later}"));
                }
            }
        }
        line.push('.');
        said.push(line);
    }
    said
}
