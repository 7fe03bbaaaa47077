//! One thread at a time, `meta-core` does what the specification says. Threads
//! of a program take turns after whole operations, on one OS thread. After
//! every operation:
//!
//! - its result is the specified one, an abort included;
//! - every slot is in the specified state and holds metadata of the specified
//!   writer, of the type that the vtable says, or none: no other slot moved;
//! - every slot has seen the specified numbers of metadata values made, stored,
//!   dropped with and without `on_drop`, and of frames given back;
//! - a frame was given back when its slot was Unused, not before;
//! - no contract of the metadata's life is broken: nothing leaked, nothing was
//!   dropped twice or at the wrong time, `on_drop` came first and saw its page;
//! - slot and frame are each other's.
//!
//! At the end the outcome is the specified one.
//!
//! In between, addresses that are no frame's are claimed and looked up:
//!
//! - the error is `NotAligned`, or else `OutOfBound`;
//! - the metadata given is dropped once, without `on_drop`;
//! - no slot moved.
//!
//! Counts near the real `REF_COUNT_MAX` are among the start states.

#![cfg(not(model))]

mod history;
mod subject;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use prop_tests::outcome::{OpResult, Writer};
use proptest::prelude::*;
use proptest::test_runner::{
    FileFailurePersistence, RngAlgorithm, TestCaseResult, TestError, TestRng, TestRunner,
};
use proptest_state_machine::ReferenceStateMachine;

use history::{History, Reference, Step};
use subject::Subject;

/// Long enough to wear a slot through several generations.
const STEPS: std::ops::RangeInclusive<usize> = 1..=60;

/// Runs the steps on the real code and compares after each.
///
/// `hear` stands between the two: a control passes on something else than the
/// code said.
fn run(
    mut history: History,
    steps: &[Step],
    seen: Option<Arc<AtomicUsize>>,
    hear: fn(OpResult) -> OpResult,
) -> TestCaseResult {
    let mut subject = Subject::new(&history);
    subject.compare(&history)?;
    for step in steps {
        if let Some(seen) = &seen {
            // Steps after the failing one are dropped at once.
            seen.fetch_add(1, Ordering::Relaxed);
        }
        history = Reference::apply(history, step);
        match step {
            Step::Op { thread, op } => subject.perform(*thread, *op, &history, hear)?,
            Step::Address { call, paddr } => subject.try_address(*call, *paddr, &history)?,
        }
        subject.compare(&history)?;
    }
    subject.end(history)
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn whole_operations_do_what_the_specification_says(
        (history, steps, seen) in Reference::sequential_strategy(STEPS)
    ) {
        run(history, &steps, seen, |result| result)?;
    }
}

/// Looks for a failure, the same way on every day; gives the reason and the
/// steps of the shortest.
fn search(
    case: impl Fn(History, &[Step], Option<Arc<AtomicUsize>>) -> TestCaseResult,
) -> Option<(String, Vec<Step>)> {
    let config = ProptestConfig {
        cases: 256,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let found = TestRunner::new_with_rng(config, rng).run(
        &Reference::sequential_strategy(STEPS),
        |(history, steps, seen)| case(history, &steps, seen),
    );
    match found {
        Ok(()) => None,
        Err(TestError::Fail(reason, (_, steps, _))) => Some((reason.to_string(), steps)),
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    }
}

/// The shortest failure when the results of the code are passed on as `hear`
/// says.
fn shortest_failure(hear: fn(OpResult) -> OpResult) -> (String, Vec<Step>) {
    let failure = search(|history, steps, seen| run(history, steps, seen, hear));
    failure.expect("the wrong result is found")
}

#[test]
fn control_a_wrong_result_is_found_and_shrunk() {
    let (reason, steps) = shortest_failure(|result| match result {
        OpResult::Kept => OpResult::Last,
        result => result,
    });
    assert!(
        reason.contains("drop` gave last, where the specification says kept"),
        "{reason}"
    );
    assert!(steps.len() <= 3, "{steps:?}");

    let (reason, steps) = shortest_failure(|result| match result {
        OpResult::Abort => OpResult::Ok,
        result => result,
    });
    assert!(
        reason.contains("gave ok, where the specification says abort"),
        "{reason}"
    );
    assert!(steps.len() <= 4, "{steps:?}");
}

#[test]
fn control_every_operation_is_seen_with_each_of_its_results() {
    let seen = RefCell::new(BTreeSet::new());
    let record = |mut history: History, steps: &[Step], _| {
        for step in steps {
            history = Reference::apply(history, step);
            if let Step::Op { op, .. } = step {
                let result = match history.last {
                    OpResult::Count(_) => "number".to_owned(),
                    OpResult::Read(Writer::START) => "start".to_owned(),
                    OpResult::Read(_) => "writer".to_owned(),
                    result => result.to_string(),
                };
                let mut seen = seen.borrow_mut();
                seen.insert(format!("{} {result}", op.name.as_str()));
            }
        }
        Ok(())
    };
    assert!(search(record).is_none());
    // Nothing is ever Busy between whole operations.
    let expected = "alloc: ok in_use unique -; alloc_unique: ok in_use unique -; \
        get: ok unused unique abort -; clone: ok abort -; drop: last kept -; \
        read: start writer -; write: ok -; try_unique: yes no -; share: ok -; \
        repurpose: ok -; reset: ok -; count: number -; \
        give: ok full -; take: ok empty -";
    let expected = expected.split("; ").flat_map(|row| {
        let (op, results) = row.split_once(": ").unwrap();
        results
            .split(' ')
            .map(move |result| format!("{op} {result}"))
    });
    assert_eq!(seen.into_inner(), expected.collect());
}
