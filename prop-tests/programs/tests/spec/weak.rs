//! The specification on weak memory.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering::{Relaxed, Release};

use programs::{
    outcome::{Ends, Outcome},
    program::{Program, enumerate, enumerate_on},
    spec::{
        self, Params, SpecError,
        weak::{self, Orderings, Steps},
    },
};
use proptest::prelude::*;

use crate::{naive::programs, text::program};

/// More states than any program here has.
const MOST: usize = 1_000_000;

const BOTH: [Ends; 2] = [Ends::Left, Ends::Dropped];

fn allowed(program: &Program, ends: Ends) -> BTreeSet<Outcome> {
    let allowed = weak::allowed(program, ends, &Params::MODEL, MOST);
    allowed.unwrap().expect("few states")
}

fn with(
    line: &str,
    ends: Ends,
    change: impl Fn(&mut Orderings),
) -> Result<BTreeSet<Outcome>, SpecError> {
    let mut orderings = Orderings::PROTOCOL;
    change(&mut orderings);
    let steps = Steps::new(&program(line), ends, &Params::MODEL, &orderings)?;
    Ok(steps.outcomes(MOST)?.expect("few states"))
}

#[test]
fn several_slots_are_as_weak_as_rc11_has_it() {
    for (line, number) in [
        ("unused: alloc alloc@1 | get@1 get", 7),
        ("unused: alloc get@1 | alloc@1 get", 9),
        ("unused: alloc alloc@1 | alloc@1 alloc", 12),
        ("shared*2: drop alloc_unique@1 | get@1 try_unique", 6),
        ("shared: drop alloc_unique@1 | get@1 alloc", 9),
        (
            "unused: alloc_unique | alloc_unique@1 | get get@1 | get@1 get",
            81,
        ),
    ] {
        let of_line = allowed(&program(line), Ends::Left);
        assert_eq!(of_line.len(), number, "{line}");
    }
}

#[test]
fn a_message_needs_its_release() {
    let line = "unused: alloc alloc@1 | get@1 get";
    let relaxed = |orderings: &mut Orderings| orderings.publish_shared = Relaxed;
    assert_eq!(with(line, Ends::Left, |_| {}).unwrap().len(), 7);
    assert_eq!(with(line, Ends::Left, relaxed).unwrap().len(), 9);
}

/// The second thread finds slot 0 given back, and its drop of slot 2 has no fence if the
/// handle is unique: it may still miss what was published in slot 1 before.
#[test]
fn a_unique_drop_has_no_fence() {
    let misses = |claim: &str| {
        let line = format!("unique: alloc@1 drop | {claim}@2 get drop@2 get@1");
        let allowed = allowed(&program(&line), Ends::Left);
        let missed = "ok last | ok unused last unused";
        allowed
            .iter()
            .any(|seen| seen.to_string().starts_with(missed))
    };
    assert!(misses("alloc_unique") && !misses("alloc"));
}

#[test]
fn one_slot_is_sequentially_consistent() {
    for program in enumerate("2x2".parse().unwrap(), true) {
        for ends in BOTH {
            let interleaved = spec::allowed(&program, ends, &Params::MODEL).unwrap();
            assert_eq!(allowed(&program, ends), interleaved, "{program}");
        }
    }
}

/// How many outcomes the interleavings of all programs have, and all executions.
fn sizes(ends: Ends) -> (usize, usize) {
    let sizes = enumerate_on("2x2".parse().unwrap(), 2, false).map(|program| {
        let interleaved = spec::allowed(&program, ends, &Params::MODEL).unwrap();
        let weak = allowed(&program, ends);
        assert!(interleaved.is_subset(&weak), "{program}");
        (interleaved.len(), weak.len())
    });
    sizes.fold((0, 0), |sum, size| (sum.0 + size.0, sum.1 + size.1))
}

#[test]
fn weak_memory_adds_outcomes_to_two_slots() {
    assert_eq!(sizes(Ends::Left), (28_205, 28_928));
    assert_eq!(sizes(Ends::Dropped), (61_080, 61_517));
}

/// Each is needed, and its absence is a data race in the specification's own steps.
#[test]
fn every_ordering_that_is_not_relaxed_is_needed() {
    type Change = fn(&mut Orderings);
    let changes: [(&str, Change); 11] = [
        ("shared: drop | alloc", |o| o.claim = Relaxed),
        ("unused: alloc | get read", |o| o.publish_shared = Relaxed),
        ("unused: alloc | get read", |o| o.acquire_ref = Relaxed),
        ("unique: write share | get read", |o| o.share = Relaxed),
        ("unique: write share | get read", |o| {
            o.acquire_ref = Relaxed
        }),
        ("shared*2: read drop | drop", |o| o.dec = Relaxed),
        ("shared*2: read drop | drop", |o| o.last_fence = Relaxed),
        ("shared*2: read drop | drop", |o| o.last_fence = Release),
        ("shared*2: read drop | try_unique write", |o| {
            o.dec = Relaxed
        }),
        ("shared*2: read drop | try_unique write", |o| {
            o.try_unique = Relaxed;
        }),
        ("unique: drop | alloc", |o| o.retire = Relaxed),
    ];
    for (line, change) in changes {
        assert!(with(line, Ends::Left, |_| {}).is_ok(), "{line}");
        assert_eq!(
            with(line, Ends::Left, change),
            Err(SpecError::DataRace { slot: 0 }),
            "{line}"
        );
    }
}

#[test]
fn a_mailbox_orders_the_give_before_its_take_and_nothing_else() {
    // What one mailbox says of another is relaxed in both directions.
    let shown = |line: &str| {
        let outcomes = allowed(&program(line), Ends::Left);
        let results = outcomes.into_iter().map(|outcome| outcome.to_string());
        results.collect::<Vec<_>>()
    };
    let seen = |outcomes: &[String], results: &str| {
        outcomes.iter().any(|outcome| outcome.starts_with(results))
    };
    // The take brings what came before its give.
    let brought = shown("shared: alloc_unique@1 give | take get@1");
    assert!(seen(&brought, "ok ok | ok unique"));
    assert!(!seen(&brought, "ok ok | ok unused"));
    // A give that fails acquires nothing from the one that filled the mailbox.
    let failed = shown("shared*2: alloc_unique@1 give | give get@1");
    assert!(seen(&failed, "ok ok | full unique"));
    assert!(seen(&failed, "ok ok | full unused"));
    // A take releases nothing to the give that follows it.
    let taken = shown("shared*2: give | give get@1 | alloc_unique@1 take");
    assert!(seen(&taken, "ok | ok unused | ok ok"));
    // A second give passes on nothing of the first.
    let second = shown("shared*2: alloc@1 give take | give give | take get@1");
    assert!(seen(&second, "ok ok ok | full ok | ok unused"));
}

/// Nothing is stale here: a mailbox hands its one handle to one take, as what it was given.
#[test]
fn a_mailbox_hands_over_what_was_given_to_it_once() {
    for line in [
        "shared: give | take read drop",
        "shared: give | take | take read",
        "shared*2: give | give take",
        "unique: give | take write share",
        "unique: write give | take read drop",
        "unused: alloc_unique write give take read | take write give",
    ] {
        let program = program(line);
        for ends in BOTH {
            let interleaved = spec::allowed(&program, ends, &Params::MODEL).unwrap();
            assert_eq!(allowed(&program, ends), interleaved, "{line}");
        }
    }
}

#[test]
fn one_outcome_alone_is_decided() {
    let outcome = |text: &str| text.parse::<Outcome>().unwrap();
    let program = program("unused: alloc alloc@1 | get@1 get");
    let permits = |text: &str, most| {
        let outcome = outcome(text);
        weak::permits(&program, Ends::Left, &Params::MODEL, &outcome, most).unwrap()
    };
    for allowed in allowed(&program, Ends::Left) {
        assert_eq!(permits(&allowed.to_string(), MOST), Some(true));
    }
    let stale = "ok ok | ok unused => left @0 shared(1) live, @1 shared(2) live";
    assert_eq!(permits(stale, MOST), Some(false));
    assert_eq!(permits(stale, 3), None);
}

#[test]
fn too_many_states_are_not_enumerated() {
    let program = program("unused: alloc alloc@1 | get@1 get");
    let few = weak::allowed(&program, Ends::Left, &Params::MODEL, 10);
    assert_eq!(few, Ok(None));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_interleaving_is_an_execution(program in programs(2), left: bool) {
        let ends = if left { Ends::Left } else { Ends::Dropped };
        let interleaved = spec::allowed(&program, ends, &Params::MODEL).unwrap();
        if let Some(weak) = weak::allowed(&program, ends, &Params::MODEL, 50_000).unwrap() {
            prop_assert!(interleaved.is_subset(&weak));
        }
    }
}
