//! Programs and outcomes as text, just enough for these tests.

use std::collections::BTreeSet;

use programs::{
    outcome::{End, Ends, OpResult, Outcome, SlotEnd},
    program::{Op, OpName, Program, Start, StartKind},
    spec::{self, Params},
};

/// A program from its one-line form. Panics on anything else.
pub(crate) fn program(line: &str) -> Program {
    let (start, threads) = line.split_once(':').expect("a start state");
    let (kind, forgotten) = start.split_once('+').unwrap_or((start, "0"));
    let kind = match kind {
        "unused" => StartKind::Unused,
        "shared" => StartKind::Shared,
        "shared*2" => StartKind::SharedTwice,
        "unique" => StartKind::Unique,
        other => panic!("start {other:?}"),
    };
    let threads = threads
        .split('|')
        .map(|ops| ops.split_whitespace().map(op).collect());
    Program {
        start: Start {
            kind,
            forgotten: forgotten.parse().expect("a number"),
        },
        threads: threads.collect(),
    }
}

fn op(word: &str) -> Op {
    let (name, slot) = word.split_once('@').unwrap_or((word, "0"));
    let name = match name {
        "alloc" => OpName::Alloc,
        "alloc_unique" => OpName::AllocUnique,
        "get" => OpName::Get,
        "clone" => OpName::Clone,
        "drop" => OpName::Drop,
        "read" => OpName::Read,
        "write" => OpName::Write,
        "try_unique" => OpName::TryUnique,
        "share" => OpName::Share,
        "repurpose" => OpName::Repurpose,
        "reset" => OpName::Reset,
        "count" => OpName::Count,
        "give" => OpName::Give,
        "take" => OpName::Take,
        other => panic!("operation {other:?}"),
    };
    Op {
        name,
        slot: slot.parse().expect("a number"),
    }
}

/// Results of the operations; of the final drops, if they are done; the end:
/// `ok | kept ; last | - ; unused`. Slots at the end are separated by commas;
/// a number is a count, and `!` marks a liveness that does not fit.
pub(crate) fn show(outcome: &Outcome) -> String {
    let threads = |results: &[Vec<OpResult>]| {
        let of_thread = results.iter().map(|results| {
            let words: Vec<String> = results.iter().copied().map(word).collect();
            words.join(" ")
        });
        of_thread.collect::<Vec<_>>().join(" | ")
    };
    let end = match &outcome.end {
        End::NotJudged => "aborted".to_owned(),
        End::Slots(slots) => {
            let slots = slots.iter().map(|(state, live)| {
                let (state, fits) = match state {
                    SlotEnd::Unused => ("unused".to_owned(), !live),
                    SlotEnd::Busy => ("busy".to_owned(), !live),
                    SlotEnd::Shared(count) => (count.to_string(), *live),
                    SlotEnd::Unique => ("unique".to_owned(), *live),
                };
                format!("{state}{}", if fits { "" } else { "!" })
            });
            slots.collect::<Vec<_>>().join(", ")
        }
    };
    let mut parts = vec![threads(&outcome.results)];
    if !outcome.drops.is_empty() {
        parts.push(threads(&outcome.drops));
    }
    parts.push(end);
    let spaced = parts.join(" ; ");
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn word(result: OpResult) -> String {
    match result {
        OpResult::Skipped => "-".into(),
        OpResult::Ok => "ok".into(),
        OpResult::InUse => "in_use".into(),
        OpResult::Unused => "unused".into(),
        OpResult::Busy => "busy".into(),
        OpResult::Unique => "unique".into(),
        OpResult::Abort => "abort".into(),
        OpResult::Yes => "yes".into(),
        OpResult::No => "no".into(),
        OpResult::Last => "last".into(),
        OpResult::Kept => "kept".into(),
        OpResult::Full => "full".into(),
        OpResult::Empty => "empty".into(),
        OpResult::Count(count) => count.to_string(),
        OpResult::Read(writer) => match writer.operation() {
            None => "start".into(),
            Some((thread, op)) => format!("{thread}.{op}"),
        },
        OpResult::Mismatch => "mismatch".into(),
    }
}

/// The allowed outcomes of a program in one line.
pub(crate) fn allowed(line: &str, ends: Ends) -> BTreeSet<Outcome> {
    spec::allowed(&program(line), ends, &Params::MODEL).expect("a program that can run")
}

/// Asserts that exactly these outcomes are allowed.
#[track_caller]
pub(crate) fn assert_allowed(line: &str, ends: Ends, expected: &[&str]) {
    let shown: BTreeSet<String> = allowed(line, ends).iter().map(show).collect();
    let expected: BTreeSet<String> = expected.iter().map(|&text| text.into()).collect();
    let unexpected: Vec<_> = shown.difference(&expected).collect();
    let absent: Vec<_> = expected.difference(&shown).collect();
    assert!(
        unexpected.is_empty() && absent.is_empty(),
        "{line}\nnot expected: {unexpected:#?}\nabsent: {absent:#?}"
    );
}
