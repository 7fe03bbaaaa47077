//! An exploration on several OS threads, in parts, or watched comes to the same
//! executions as one on its own.

mod common;

use std::collections::HashSet;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};
use std::thread::ThreadId;
use std::time::Duration;

use common::{Step, Steps, litmus, runner, steps};
use proptest::prelude::*;
use rc11::sync::atomic::Ordering::{self, AcqRel, Relaxed};
use rc11::{Builder, Execution, FailureKind, Flow, Program, Report};

/// 2,520 executions, no two alike.
fn large() -> Steps {
    let thread = vec![Step::Add(0, 1, AcqRel), Step::Add(0, 1, Relaxed)];
    Steps::new(vec![thread; 4])
}

fn counts(report: &Report) -> (u64, u64, bool) {
    (report.complete, report.blocked, report.is_complete())
}

#[test]
fn several_threads_explore_what_one_does() {
    let judge = |program: Steps| {
        let builder = Builder::new();
        let alone = builder.explore_program(&program);
        let seen = program.take();
        for threads in [1, 2, 4] {
            let report = builder.explore_parallel(&program, threads);
            prop_assert_eq!(counts(&report), counts(&alone));
            prop_assert!(report.left.is_empty());
            prop_assert_eq!(&program.take(), &seen, "{} threads", threads);
        }
        Ok(())
    };
    runner(60).run(&steps(), judge).unwrap();
    for program in litmus().into_iter().chain([large()]) {
        judge(program).unwrap();
    }
}

/// A program that notes on which OS threads it is explored. As long as that is one
/// alone, executions take their time.
struct Met(Steps, Mutex<HashSet<ThreadId>>);

impl Program for Met {
    fn threads(&self) -> usize {
        self.0.threads()
    }

    fn start(&self) {
        self.0.start();
    }

    fn run(&self, thread: usize) {
        self.0.run(thread);
    }

    fn finish(&self, _execution: &Execution<'_>) -> Flow {
        let mut met = self.1.lock().unwrap();
        met.insert(std::thread::current().id());
        if met.len() == 1 {
            drop(met);
            std::thread::sleep(Duration::from_millis(10));
        }
        Flow::GoOn
    }
}

#[test]
fn an_idle_thread_is_given_work() {
    let program = Met(large(), Mutex::default());
    let report = Builder::new().explore_parallel(&program, 2);
    assert_eq!(report.complete, 2_520);
    assert_eq!(program.1.lock().unwrap().len(), 2);
}

/// How a program ends early: in a thread, or after some executions.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    ThreadPanics,
    FinishPanics,
    Stops,
}

/// The last field counts the executions that finished, on all OS threads together.
struct Ends(Steps, End, AtomicUsize);

impl Ends {
    fn new(end: End) -> Self {
        Self(large(), end, AtomicUsize::new(0))
    }
}

impl Program for Ends {
    fn threads(&self) -> usize {
        self.0.threads()
    }

    fn start(&self) {
        self.0.start();
    }

    fn run(&self, thread: usize) {
        self.0.run(thread);
        if self.1 == End::ThreadPanics && thread == 1 {
            panic!("the end of thread 1");
        }
    }

    fn finish(&self, execution: &Execution<'_>) -> Flow {
        let flow = self.0.finish(execution);
        // One execution is the hundredth, on whichever OS thread.
        let seen = 1 + self.2.fetch_add(1, Ordering::Relaxed);
        match self.1 {
            End::Stops if seen == 100 => Flow::Stop,
            End::FinishPanics if seen == 100 => panic!("the end of an execution"),
            _ => flow,
        }
    }
}

#[test]
fn a_failure_stops_all() {
    let program = Ends::new(End::ThreadPanics);
    let report = Builder::new().explore_parallel(&program, 4);
    let kind = report.failure.expect("it fails").kind;
    assert!(matches!(kind, FailureKind::Panic { thread: 1, .. }));
}

#[test]
fn one_who_says_stop_stops_all() {
    let program = Ends::new(End::Stops);
    let report = Builder::new().explore_parallel(&program, 4);
    assert!(report.cut_off && report.failure.is_none());
    assert!((100..2_520).contains(&report.complete));
    finishes(report, &large());
}

#[test]
#[should_panic(expected = "the end of an execution")]
fn a_panic_outside_of_the_threads_stops_all() {
    let program = Ends::new(End::FinishPanics);
    let _ = Builder::new().explore_parallel(&program, 4);
}

/// What is left makes up for what was not explored.
fn finishes(mut report: Report, program: &Steps) {
    assert!(report.cut_off && !report.left.is_empty());
    let left = std::mem::take(&mut report.left);
    let rest = Builder::new().go_on_from(left, program);
    assert!(rest.is_complete());
    report.add(rest);
    assert_eq!(report.complete, 2_520);
}

#[test]
fn limits_hold_for_all_threads_together() {
    for threads in [1, 2, 4] {
        let mut builder = Builder::new();
        builder.max_executions(300);
        let report = builder.explore_parallel(&large(), threads);
        let most = 300 + 64 * (threads as u64 - 1);
        assert!((300..=most).contains(&report.complete), "{report:?}");
        finishes(report, &large());
    }
    let mut builder = Builder::new();
    builder.max_duration(Duration::ZERO);
    let report = builder.explore_parallel(&large(), 2);
    finishes(report, &large());
}

#[test]
fn parts_make_up_the_whole() {
    let builder = Builder::new();
    let program = large();
    let _ = builder.explore_program(&program);
    let seen = program.take();
    for parts in [1, 2, 5] {
        let begun = builder.split(parts, &program);
        assert!(begun.report.left.is_empty());
        assert_eq!(begun.parts.len(), parts);
        let mut report = begun.report;
        let mut sizes = Vec::new();
        for part in begun.parts {
            assert!(part.len() >= 16, "{}", part.len());
            let explored = builder.go_on_from(part, &program);
            sizes.push(explored.complete);
            report.add(explored);
        }
        assert_eq!(counts(&report), (2_520, 0, true));
        assert_eq!(program.take(), seen);
        let largest = sizes.iter().max().unwrap();
        let smallest = sizes.iter().min().unwrap();
        assert!(largest < &(2 * smallest), "{sizes:?}");
    }
    // What is too small has fewer parts.
    let small = &litmus()[0];
    let begun = builder.split(10, small);
    assert_eq!((begun.report.complete, begun.parts.len()), (4, 0));
}

#[test]
fn the_progress_is_shown() {
    for threads in [1, 2] {
        let shown = Arc::new(Mutex::new(Vec::new()));
        let to = shown.clone();
        let mut builder = Builder::new();
        builder.on_progress(Duration::ZERO, move |progress| {
            to.lock().unwrap().push(*progress);
            Flow::GoOn
        });
        let report = builder.explore_parallel(&large(), threads);
        assert_eq!(report.complete, 2_520);
        let shown = shown.lock().unwrap();
        // Once in 64 executions.
        assert!(shown.len() > 2_520 / 64);
        assert!(shown.iter().any(|progress| progress.left > 2));
        let last = shown.iter().map(|progress| progress.complete).max();
        assert_eq!(last, Some(2_520));
        let left = shown.iter().map(|progress| progress.left).min();
        assert_eq!(left, Some(0));
    }
    let mut builder = Builder::new();
    builder.on_progress(Duration::from_secs(3_600), |_| unreachable!("it is early"));
    assert!(builder.explore_program(&large()).is_complete());
}

#[test]
fn who_looks_at_the_progress_can_stop() {
    let looks = Arc::new(AtomicUsize::new(0));
    let looked = looks.clone();
    let mut builder = Builder::new();
    builder.on_progress(Duration::ZERO, move |progress| {
        looked.fetch_add(1, Ordering::Relaxed);
        match progress.complete {
            0..200 => Flow::GoOn,
            _ => Flow::Stop,
        }
    });
    let report = builder.explore_program(&large());
    assert_eq!(report.complete, 256);
    finishes(report, &large());
    let report = builder.sample_program(1, 0..1_000, &large());
    assert!(report.cut_off && report.failure.is_none());
    assert_eq!((report.complete, report.sampled), (200, Some(200)));
    let report = builder.explore_parallel(&large(), 2);
    finishes(report, &large());
    assert!(looks.load(Ordering::Relaxed) > 200);
}
