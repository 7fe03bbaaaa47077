//! Every small program that passes handles on, under loom: what it sees of a
//! mailbox made of atomics is what the specification says, in which each
//! operation on it is one step.

#![cfg(loom)]

mod mailboxes;

use mailboxes::{assert_all_pass, explore};
use model_tests::print::{self, story::Detail};
use model_tests::subject::Subject;
use pipe::{Job, Probe, Record, StepKind, Verdict};
use programs::outcome::Ends;
use programs::program::Program;

fn with(probe: Probe) -> impl Fn(Program, Ends) -> Job {
    move |program, ends| Job::loom(program, ends, probe)
}

#[test]
fn two_threads_see_what_is_allowed_and_all_of_it() {
    assert_all_pass(2, 2, with(Probe::Cas));
}

#[test]
fn three_threads_see_what_is_allowed_and_all_of_it() {
    assert_all_pass(3, 1, with(Probe::Cas));
}

/// A failed `give` does not keep a lookup or a `count` from being stale.
#[test]
fn two_threads_with_plain_loads_see_what_the_count_allows() {
    assert_all_pass(2, 2, with(Probe::Load));
}

#[test]
fn a_story_shows_the_mailbox() {
    let program = "shared: clone give drop | take read drop";
    let program: Program = program.parse().unwrap();
    let subject = Subject::new(|| Ok(worker::describe()))
        .description()
        .unwrap();
    let job = Job::loom(program, Ends::Dropped, Probe::Cas)
        .with_orderings(&[subject.change("DEC=Relaxed").unwrap()])
        .recording(Record::STEPS);
    let run = explore(&job);
    let failure = run.failure.as_ref().expect("a data race");
    assert_eq!(failure.verdict(), Verdict::DataRace);
    let moves: Vec<_> = failure
        .steps
        .iter()
        .filter_map(|step| match step.kind {
            StepKind::Mailbox { give, ok: true } => Some((step.thread, step.slot, give)),
            _ => None,
        })
        .collect();
    assert_eq!(moves, [(1, Some(0), true), (2, Some(0), false)]);
    let text = print::failure::text(&job, &run, subject, Detail::Story);
    for what in ["mailbox: a handle goes in", "mailbox: a handle comes out"] {
        assert!(text.contains(what), "{text}");
    }
}
