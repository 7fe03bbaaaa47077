//! Random programs whose threads take turns after whole operations, on one OS
//! thread, drops at the end included:
//!
//! - whatever the turns, the outcome is one that the specification allows to
//!   the program's interleavings of atomic steps;
//! - the other way round, what the specification says when each thread runs to
//!   its end before the next one starts is the outcome of the code, for every
//!   order of the threads, and allowed.
//!
//! Counts near the real `REF_COUNT_MAX` are among the start states.

#![cfg(not(model))]

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use meta_core::REF_COUNT_MAX;
use programs::spec::{self, Machine, Params};
use prop_tests::adapter::MetaCore;
use prop_tests::driver::{self, ThreadResult, ThreadRun, run_thread};
use prop_tests::outcome::{Ends, OpResult, Outcome};
use prop_tests::program::strategy::program_with_mailboxes;
use prop_tests::program::{Op, Program, StartKind};
use prop_tests::protocol::SlotState;
use prop_tests::world::{Fault, Host, LocalHost, StartState, World};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::FileFailurePersistence;

const PARAMS: Params = Params {
    ref_count_max: REF_COUNT_MAX,
};

/// The most operations of a thread: with this many the specification works
/// out all outcomes in a few milliseconds.
const MOST_OPS: usize = 4;

fn any_program() -> impl Strategy<Value = Program> {
    let room = prop_oneof![2 => Just(None), 1 => (0..=2_u64).prop_map(Some)];
    let programs = program_with_mailboxes(2..=3, 1..=MOST_OPS, 2, 3);
    (programs, room).prop_map(|(mut program, room)| {
        let held = match program.start.kind {
            StartKind::Shared => 1,
            StartKind::SharedTwice => 2,
            StartKind::Unused | StartKind::Unique => return program,
        };
        if let Some(room) = room {
            program.start.forgotten = REF_COUNT_MAX - held - room;
        }
        program
    })
}

fn any_ends() -> impl Strategy<Value = Ends> {
    select(vec![Ends::Left, Ends::Dropped])
}

/// Runs a program; `pick` says which of so many threads takes the next turn,
/// and is told which of them are not done.
fn execute(
    program: &Program,
    ends: Ends,
    mut pick: impl FnMut(&[usize]) -> usize,
) -> Result<Outcome, Fault> {
    let threads = 0..program.threads.len();
    // SAFETY: handles of the last execution are forgotten, and the world
    // belongs to this OS thread.
    unsafe { LocalHost::world().reset::<MetaCore<LocalHost>>(&StartState::of(program)) };
    let start = |(thread, done)| {
        // SAFETY: the world was just reset for this program; each thread is
        // started once.
        unsafe { ThreadRun::<MetaCore<LocalHost>>::start(program, thread, ends, done) }
    };
    let mut done = vec![ThreadResult::default(); threads.len()];
    let mut runs: Vec<_> = done.iter_mut().enumerate().map(start).collect();
    let mut running: Vec<_> = threads.collect();
    while !running.is_empty() {
        let thread = pick(&running);
        LocalHost::enter_thread(thread);
        if runs[thread].step().is_none() {
            running.retain(|other| *other != thread);
        }
    }
    runs.into_iter().for_each(ThreadRun::finish);
    driver::outcome::<MetaCore<LocalHost>>(program, ends, &done)
}

/// What the specification says when each thread runs to its end in turn.
fn specified(program: &Program, ends: Ends, order: &[usize]) -> Outcome {
    let mut machine = Machine::start(program, ends, &PARAMS).expect("a program that can be run");
    for &thread in order {
        while machine.run_op(thread).is_some() {}
    }
    machine.outcome().expect("every thread is done")
}

/// All orders of so many threads.
fn orders(threads: usize) -> Vec<Vec<usize>> {
    let Some(last) = threads.checked_sub(1) else {
        return vec![vec![]];
    };
    let insert = |order: Vec<usize>| {
        (0..threads).map(move |at| {
            let mut order = order.clone();
            order.insert(at, last);
            order
        })
    };
    orders(last).into_iter().flat_map(insert).collect()
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn turns_after_whole_operations_have_an_allowed_outcome(
        program in any_program(),
        ends in any_ends(),
        turns in vec(any::<Index>(), 1..32),
    ) {
        let mut order = Vec::new();
        let mut turns = turns.iter().cycle();
        let outcome = execute(&program, ends, |running| {
            let thread = *turns.next().expect("turns without end").get(running);
            order.push(thread + 1);
            thread
        });
        let outcome = outcome.map_err(|fault| {
            TestCaseError::fail(format!("{fault}\nprogram: {program}\nturns: {order:?}"))
        })?;
        let allowed = spec::allowed(&program, ends, &PARAMS).expect("a program that can be run");
        prop_assert!(
            allowed.contains(&outcome),
            "{outcome} is not allowed\nprogram: {program}\nturns: {order:?}"
        );
    }

    #[test]
    fn one_thread_after_the_other_has_the_specified_outcome(
        program in any_program(),
        ends in any_ends(),
    ) {
        let allowed = spec::allowed(&program, ends, &PARAMS).expect("a program that can be run");
        for order in orders(program.threads.len()) {
            let first = |running: &[usize]| {
                let mut order = order.iter().copied();
                order.find(|thread| running.contains(thread)).expect("a thread that runs")
            };
            let specified = specified(&program, ends, &order);
            prop_assert_eq!(
                execute(&program, ends, first),
                Ok(specified.clone()),
                "program: {}, order (from 0): {:?}", program, order
            );
            prop_assert!(
                allowed.contains(&specified),
                "{specified} is not allowed\nprogram: {program}\norder (from 0): {order:?}"
            );
        }
    }
}

#[test]
fn orders_are_all_there() {
    let all: BTreeSet<_> = orders(3).into_iter().collect();
    assert_eq!(all.len(), 6);
    assert!(all.contains([2, 0, 1].as_slice()));
}

#[test]
fn a_handle_in_a_mailbox_is_taken_in_the_same_run_only() {
    let run = |line: &str, ends| {
        let program = line.parse().expect("a program");
        let outcome = execute(&program, ends, |running| running[0]).expect("no fault");
        outcome.to_string()
    };
    for start in ["shared", "unique"] {
        let end = if start == "shared" {
            "shared(1)"
        } else {
            start
        };
        let line = format!("{start}: give | alloc@1");
        let given = |ends| run(&line, ends);
        assert_eq!(
            given(Ends::Left),
            format!("ok | ok => left @0 {end} live, @1 shared(1) live")
        );
        assert_eq!(
            given(Ends::Dropped),
            format!("ok | ok => dropped - | last, @0 {end} live, @1 unused")
        );
        let line = format!("{start}: take drop take give | take read");
        assert_eq!(
            run(&line, Ends::Dropped),
            "- last empty - | empty - => dropped, unused"
        );
    }
}

std::thread_local! {
    static RECORDED: &'static World = World::leak();
    static THREAD: Cell<usize> = const { Cell::new(0) };
    static CALLS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// As [`LocalHost`], and writes down what the driver reports.
struct Recording;

// SAFETY: as for `LocalHost`.
unsafe impl Host for Recording {
    fn world() -> &'static World {
        RECORDED.with(|world| *world)
    }

    fn thread() -> usize {
        THREAD.get()
    }

    fn begin_operation(op: usize) {
        CALLS.with_borrow_mut(|calls| calls.push(format!("{}.{op}", THREAD.get() + 1)));
    }

    fn end_operation(op: Op, result: OpResult, state: impl FnOnce() -> SlotState) {
        let end = format!("{} {result} {:?}", op.name.as_str(), state());
        CALLS.with_borrow_mut(|calls| calls.push(end));
    }
}

#[test]
fn a_thread_that_is_run_to_its_end_reports_each_operation_and_each_drop() {
    let program: Program = "shared: clone read | get".parse().expect("a program");
    // SAFETY: no execution came before, and the world belongs to this OS thread.
    unsafe { Recording::world().reset::<MetaCore<Recording>>(&StartState::of(&program)) };
    let mut done = [ThreadResult::default(), ThreadResult::default()];
    for (thread, done) in done.iter_mut().enumerate() {
        THREAD.set(thread);
        // SAFETY: the world was just reset for this program; each runs once.
        unsafe { run_thread::<MetaCore<Recording>>(&program, thread, Ends::Dropped, done) };
    }
    let outcome = driver::outcome::<MetaCore<Recording>>(&program, Ends::Dropped, &done);
    let outcome = outcome.expect("no fault").to_string();
    assert_eq!(
        outcome,
        "ok start | unused => dropped kept last | -, unused"
    );
    let calls = "1.0, clone ok Shared(2), 1.1, read start Shared(2), 1.2, drop kept Shared(1), \
        1.3, drop last Unused, 2.0, get unused Unused";
    assert_eq!(CALLS.take().join(", "), calls);
}

#[test]
fn control_an_abort_happens_at_the_real_maximum_only() {
    let run = |forgotten: u64| {
        let line = format!("shared+{forgotten}: alloc@1 clone drop@1 drop | get");
        let program = line.parse().expect("a program");
        execute(&program, Ends::Left, |running| running[0]).expect("no fault")
    };
    let aborts = |outcome: &Outcome| outcome.results.concat().contains(&OpResult::Abort);
    assert!(!aborts(&run(REF_COUNT_MAX - 2)));
    // A thread that has aborted does nothing more, and has a result for each operation.
    let aborted = run(REF_COUNT_MAX - 1).to_string();
    assert_eq!(aborted, "ok abort - - | abort => left not judged");
}
