//! Executions made by hand, whose order is known.

use super::order::{Strength, order};
use super::source::{Source, overwritten, sources};
use crate::subject::tests::described;
use pipe::{Origin, Step, StepKind};

fn atomic(
    thread: usize,
    site: &str,
    ordering: &str,
    read: Option<u64>,
    written: Option<u64>,
) -> Step {
    Step {
        object: None,
        thread,
        slot: Some(0),
        kind: StepKind::Atomic {
            site: site.to_owned(),
            ordering: ordering.parse().unwrap(),
            read,
            written,
            spurious: false,
            reads_from: None,
            follows: None,
        },
    }
}

fn mailbox(thread: usize, give: bool, ok: bool) -> Step {
    Step {
        object: None,
        thread,
        slot: Some(0),
        kind: StepKind::Mailbox { give, ok },
    }
}

/// Whether the first step happens before the last.
fn ordered(steps: &[Step], strength: Strength) -> bool {
    let sources = sources(steps, &[3], true, described());
    order(steps, &sources, strength, described()).before(0, steps.len() - 1)
}

#[test]
fn a_release_sequence_goes_on_through_read_modify_writes_of_others() {
    let steps = |middle| {
        [
            atomic(1, "DEC", "Release", Some(3), Some(2)),
            middle,
            atomic(3, "TRY_UNIQUE", "Acquire", Some(1), Some(9)),
        ]
    };
    let rmw = atomic(2, "DEC", "Relaxed", Some(2), Some(1));
    assert!(ordered(&steps(rmw), Strength::AsRun));
    let store = atomic(2, "SHARE", "Relaxed", None, Some(1));
    assert!(!ordered(&steps(store), Strength::AsRun), "a store ends it");
}

#[test]
fn both_ends_are_needed() {
    for (release, acquire, synchronise) in [
        ("Release", "Acquire", true),
        ("AcqRel", "AcqRel", true),
        ("Relaxed", "Acquire", false),
        ("Acquire", "Acquire", false),
        ("Release", "Relaxed", false),
        ("Release", "Release", false),
    ] {
        let steps = [
            atomic(1, "DEC", release, Some(3), Some(2)),
            atomic(2, "TRY_UNIQUE", acquire, Some(2), Some(9)),
        ];
        assert_eq!(
            ordered(&steps, Strength::AsRun),
            synchronise,
            "{release} {acquire}"
        );
        assert!(ordered(&steps, Strength::AsInTheCode));
    }
}

#[test]
fn a_fence_acquires_what_was_read_before_it() {
    let steps = |fence: &str| {
        [
            atomic(1, "DEC", "Release", Some(3), Some(2)),
            atomic(2, "DEC", "Release", Some(2), Some(1)),
            atomic(2, "LAST_FENCE", fence, None, None),
        ]
    };
    assert!(ordered(&steps("Acquire"), Strength::AsRun));
    for weaker in ["Release", "none"] {
        assert!(!ordered(&steps(weaker), Strength::AsRun), "{weaker}");
        assert!(ordered(&steps(weaker), Strength::AsInTheCode), "{weaker}");
    }
}

#[test]
fn a_fence_releases_what_is_written_after_it() {
    let steps = |fence: &str| {
        [
            atomic(1, "LAST_FENCE", fence, None, None),
            atomic(1, "RETIRE", "Relaxed", None, Some(0)),
            atomic(2, "CLAIM", "Acquire", Some(0), Some(1)),
        ]
    };
    assert!(ordered(&steps("Release"), Strength::AsRun));
    assert!(!ordered(&steps("Acquire"), Strength::AsRun));
}

#[test]
fn a_take_comes_after_the_give_it_takes_from() {
    assert!(ordered(
        &[mailbox(1, true, true), mailbox(2, false, true)],
        Strength::AsRun
    ));
    assert!(!ordered(
        &[mailbox(1, true, true), mailbox(2, false, false)],
        Strength::AsRun
    ));
}

#[test]
fn a_load_that_may_be_stale_has_several_sources() {
    // 3 at the start, then 4, then 3 again.
    let mut steps = vec![
        atomic(1, "INC", "Relaxed", Some(3), Some(4)),
        atomic(1, "DEC", "Release", Some(4), Some(3)),
        atomic(2, "PROBE", "Relaxed", Some(3), None),
    ];
    let of_last = |steps: &[Step], newest| sources(steps, &[3], newest, described()).pop();
    assert_eq!(of_last(&steps, true), Some(Source::Step(1)));
    let either = Source::OneOf {
        start: true,
        steps: vec![1],
    };
    assert_eq!(of_last(&steps, false), Some(either));

    // Read-modify-writes read the newest value, and what was read once is not
    // older the next time.
    steps.push(atomic(2, "ACQUIRE_REF", "Relaxed", Some(3), Some(4)));
    assert_eq!(of_last(&steps, false), Some(Source::Step(1)));
    steps.push(atomic(2, "PROBE", "Relaxed", Some(4), None));
    assert_eq!(of_last(&steps, false), Some(Source::Step(3)));

    // Of the old values only one is 4.
    let stale = [
        atomic(1, "INC", "Relaxed", Some(3), Some(4)),
        atomic(1, "DEC", "Release", Some(4), Some(3)),
        atomic(2, "PROBE", "Relaxed", Some(4), None),
    ];
    assert_eq!(of_last(&stale, false), Some(Source::Step(0)));
}

/// A graph says what is read and where a write stands: 3 at the start, then 4; an
/// older 5 is written later, and another thread reads the start.
#[test]
fn what_the_engine_knows_is_taken_over() {
    let known = |step: Step, from: Option<Origin>, after: Option<Origin>| {
        let mut step = step;
        if let StepKind::Atomic {
            reads_from,
            follows,
            ..
        } = &mut step.kind
        {
            (*reads_from, *follows) = (from, after);
        }
        step
    };
    let start = Some(Origin::Start);
    let mut steps = [
        known(
            atomic(1, "SHARE", "Release", None, Some(4)),
            None,
            Some(Origin::Step(1)),
        ),
        known(atomic(2, "SHARE", "Release", None, Some(5)), None, start),
        known(
            atomic(3, "TRY_UNIQUE_FAIL", "Relaxed", Some(3), None),
            start,
            None,
        ),
        known(
            atomic(3, "TRY_UNIQUE_FAIL", "Relaxed", Some(4), None),
            Some(Origin::Step(0)),
            None,
        ),
    ];
    let from: Vec<_> = sources(&steps, &[3], false, described());
    let expected = [Source::None, Source::None, Source::Start, Source::Step(0)];
    assert_eq!(from, expected);
    assert_eq!(overwritten(&steps), [None, Some(0), Some(1), None]);
    // Another word has an order of its own.
    (steps[2].slot, steps[2].object) = (None, Some(1));
    assert_eq!(overwritten(&steps), [None, Some(0), None, None]);
}

#[test]
fn a_place_is_shown_without_its_folders() {
    for (place, shown) in [
        ("a/b/slot.rs:3:1", "slot.rs:3:1"),
        ("a/b/slot.rs:3:1/fail", "slot.rs:3:1/fail"),
        ("slot.rs:3/fail", "slot.rs:3/fail"),
        ("TRY_UNIQUE", "TRY_UNIQUE"),
    ] {
        assert_eq!(super::short(place), shown);
    }
}
