//! A region of frames does what its reference says, which knows nothing of its
//! code. A machine with 1 to 8 frames takes up to 60 steps at random: claims,
//! look-ups, clones and drops of frames, unique frames and segments; sharing
//! and its way back, repurposing, resets; conversions between types of
//! metadata; raw round trips; splits, slices and iteration; readers and writers
//! of untyped memory; lists. One step in ten or so is a wrong one: an address
//! that is no frame's, a range or an offset out of bounds, metadata that cannot
//! be made. After every step:
//!
//! - its result is the reference's: what it gives, the error, or the panic;
//! - every slot is in the reference's state, with its count, and holds the
//!   reference's metadata, by type, value and identity, or none: a step changes
//!   no other slot, and a failed one changes none;
//! - during the step the reference's metadata ended and no other, in its order:
//!   `on_drop` first, whose reader saw exactly the bytes of the frame's page,
//!   then the destructor, then the allocator got the frame, unused; metadata
//!   that was refused saw no `on_drop`;
//! - what is in a list, in its order from both ends, by address and by cursor,
//!   is the reference's; lists have different ids, and other frames none;
//! - every handle tells the reference's address, size, count and metadata;
//! - slot and frame are each other's.
//!
//! In the end everything is given back, in raw form or not: every frame is
//! unused, and every metadata value ever made was destroyed once.
//!
//! `PROPTEST_CASES` asks for more than the default of 256 cases.

#![cfg(not(model))]

mod memory;
mod model;
mod subject;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::mem::forget;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use proptest::test_runner::{
    FileFailurePersistence, RngAlgorithm, TestCaseResult, TestError, TestRng, TestRunner,
};
use proptest_state_machine::ReferenceStateMachine;

use model::{Event, Outcome, Reference, Region, State, Step};
use subject::{Subject, expect};

const STEPS: std::ops::RangeInclusive<usize> = 1..=60;

/// Runs the steps on the real code and compares after each.
///
/// `hear` stands between the two: a control passes on something else than the
/// code said.
fn run(
    region: Region,
    steps: &[Step],
    seen: Option<Arc<AtomicUsize>>,
    hear: fn(Outcome) -> Outcome,
) -> TestCaseResult {
    let mut subject = Subject::new(&region);
    let result = run_on(&mut subject, region, steps, seen, hear);
    if result.is_err() {
        // What its hands are is not known any more: none may be dropped.
        forget(subject);
    }
    result
}

fn run_on(
    subject: &mut Subject,
    mut region: Region,
    steps: &[Step],
    seen: Option<Arc<AtomicUsize>>,
    hear: fn(Outcome) -> Outcome,
) -> TestCaseResult {
    let mut destroyed = 0;
    let mut take = |mut region: Region, step: &Step| {
        region.perform(step);
        let outcome = hear(subject.perform(step));
        expect(
            &format_args!("{step:?} in {region:?}"),
            outcome,
            region.outcome.clone(),
        )?;
        let ends = |event: &&Event| matches!(event, Event::Destroy { .. });
        destroyed += region.events.iter().filter(ends).count() as u64;
        subject.compare(&region)?;
        Ok::<_, TestCaseError>(region)
    };
    for step in steps {
        if let Some(seen) = &seen {
            // Steps after the failing one are dropped at once.
            seen.fetch_add(1, Ordering::Relaxed);
        }
        if region.applies(step) {
            region = take(region, step)?;
        }
    }
    while let Some(step) = region.last_step() {
        region = take(region, &step)?;
    }
    let used = |frame: &&model::Frame| frame.state != State::Unused;
    expect(
        &"frames that leaked",
        region.frames.iter().filter(used).count(),
        0,
    )?;
    expect(&"metadata that was destroyed", destroyed, region.made())
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_region_does_what_its_reference_says(
        (region, steps, seen) in Reference::sequential_strategy(STEPS)
    ) {
        run(region, &steps, seen, |outcome| outcome)?;
    }
}

/// Looks for a failure, the same way on every day; gives the reason and the
/// steps of the shortest.
fn search(
    case: impl Fn(Region, &[Step], Option<Arc<AtomicUsize>>) -> TestCaseResult,
) -> Option<(String, Vec<Step>)> {
    let config = ProptestConfig {
        cases: 256,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let found = TestRunner::new_with_rng(config, rng).run(
        &Reference::sequential_strategy(STEPS),
        |(region, steps, seen)| case(region, &steps, seen),
    );
    match found {
        Ok(()) => None,
        Err(TestError::Fail(reason, (_, steps, _))) => Some((reason.to_string(), steps)),
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    }
}

#[test]
fn control_a_wrong_result_is_found_and_shrunk() {
    type Hear = fn(Outcome) -> Outcome;
    let hears: [(Hear, &str); 3] = [
        (
            |outcome| match outcome {
                Outcome::Back => Outcome::Ok,
                outcome => outcome,
            },
            "Ok, where the reference says Back",
        ),
        (
            |outcome| match outcome {
                Outcome::Panicked => Outcome::Ok,
                outcome => outcome,
            },
            "Ok, where the reference says Panicked",
        ),
        (
            |outcome| match outcome {
                Outcome::Bytes(bytes) if bytes.len() > 3 => Outcome::Bytes(bytes[1..].to_vec()),
                outcome => outcome,
            },
            "where the reference says Bytes",
        ),
    ];
    for (hear, expected) in hears {
        let failure = search(|region, steps, seen| run(region, steps, seen, hear));
        let (reason, steps) = failure.expect("the wrong result is found");
        assert!(reason.contains(expected), "{reason}");
        assert!(steps.len() <= 8, "{steps:?}");
    }
}

/// The first word of a value's debug text.
fn word(value: &impl std::fmt::Debug) -> String {
    let text = format!("{value:?}");
    let end = text.find(|c: char| !c.is_alphanumeric());
    text[..end.unwrap_or(text.len())].to_owned()
}

#[test]
fn control_every_step_is_seen_with_each_of_its_results() {
    let seen = RefCell::new(BTreeSet::new());
    let record = |mut region: Region, steps: &[Step], _| {
        for step in steps {
            assert!(region.applies(step), "{step:?}");
            region = Reference::apply(region, step);
            let result = match &region.outcome {
                Outcome::Refused(refusal) => word(refusal),
                outcome => word(outcome),
            };
            seen.borrow_mut().insert(format!("{} {result}", word(step)));
        }
        Ok(())
    };
    assert!(search(record).is_none());
    let expected = "Claim: Ok InUse Unique OutOfBound NotAligned; \
        ClaimSegment: Ok InUse Unique OutOfBound NotAligned Panicked; \
        LookUp: Ok Unused Unique OutOfBound NotAligned; Clone: Ok; Drop: Ok; \
        TryUnique: Ok Back; Share: Ok; Repurpose: Ok; Reset: Ok; Write: Ok; Erase: Ok; \
        Restore: Ok Back; ToUntyped: Ok Back; IntoRaw: Ok; FromRaw: Ok; ToSegment: Ok; \
        Split: Ok Panicked; Slice: Ok Panicked; Next: Ok Nothing; WritePage: Count; \
        ReadPage: Bytes; CopyPage: Count; NewList: Ok; Push: Ok; Pop: Ok Nothing; \
        TakeAt: Ok Nothing; InsertAt: Ok Nothing; WriteAt: Ok Nothing";
    let expected = expected.split("; ").flat_map(|row| {
        let (step, results) = row.split_once(": ").unwrap();
        results
            .split(' ')
            .map(move |result| format!("{step} {result}"))
    });
    assert_eq!(seen.into_inner(), expected.collect());
}
