//! What the explorer says of executions, beside how many there are.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rc11::cell::UnsafeCell;
use rc11::sync::atomic::AtomicU64;
use rc11::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use rc11::{Builder, FailureKind, hint, thread};

struct Shared(UnsafeCell<u64>);

// SAFETY: the explorer runs one thread at a time, and reports the race.
unsafe impl Sync for Shared {}

#[test]
fn a_write_races_with_an_earlier_read() {
    let report = Builder::new().explore(|| {
        let cell = Arc::new(Shared(UnsafeCell::new(0)));
        let written = cell.clone();
        let reader = thread::spawn(move || cell.0.with(|_| ()));
        let writer = thread::spawn(move || written.0.with_mut(|_| ()));
        reader.join().unwrap();
        writer.join().unwrap();
    });
    let kind = report.failure.expect("a data race").kind;
    let FailureKind::DataRace(read, write) = kind else {
        panic!("{kind}");
    };
    assert!(!read.writes && write.writes);
}

/// No event of the graph comes after the accesses of the thread.
#[test]
fn what_a_thread_does_last_comes_before_its_end() {
    for events in [0, 1] {
        let report = Builder::new().explore(move || {
            let shared = Arc::new((Shared(UnsafeCell::new(0)), AtomicU64::new(0)));
            let child = shared.clone();
            let joined = thread::spawn(move || {
                (0..events).for_each(|_| child.1.store(1, Relaxed));
                child.0.0.with_mut(|_| ());
            });
            let other = shared.clone();
            let waits = thread::spawn(move || {
                joined.join().unwrap();
                other.1.store(2, Release);
            });
            if shared.1.load(Acquire) == 2 {
                shared.0.0.with_mut(|_| ());
            }
            waits.join().unwrap();
            shared.0.0.with(|_| ());
        });
        assert!(report.is_complete(), "{:?}", report.failure);
    }
}

#[test]
fn another_ordering_of_a_load_is_another_program() {
    let first = AtomicBool::new(true);
    let report = Builder::new().explore(|| {
        let order = match first.swap(false, Relaxed) {
            true => Relaxed,
            false => Acquire,
        };
        let word = Arc::new(AtomicU64::new(0));
        let read = word.clone();
        let reader = thread::spawn(move || read.load(order));
        word.store(1, Relaxed);
        reader.join().unwrap();
    });
    let kind = report.failure.expect("another load").kind;
    assert!(matches!(kind, FailureKind::NotDeterministic(_)), "{kind}");
}

#[test]
fn memory_holds_the_last_write_of_modification_order() {
    let report = Builder::new().explore(|| {
        let mut word = Arc::new(AtomicU64::new(0));
        let writers = [1, 2].map(|value| {
            let word = word.clone();
            thread::spawn(move || word.store(value, Relaxed))
        });
        for writer in writers {
            writer.join().unwrap();
        }
        let last = word.load(Relaxed);
        assert_eq!(*Arc::get_mut(&mut word).unwrap().get_mut(), last);
    });
    assert!(report.is_complete(), "{:?}", report.failure);
    assert_eq!(report.complete, 2);
}

/// The last thread reads an old value, in an execution where a write has come
/// after the read that the first one waits with.
#[test]
fn a_thread_that_waits_keeps_executions_in_which_others_go_on() {
    let report = Builder::new().explore(|| {
        let word = Arc::new(AtomicU64::new(0));
        let [waits, writes, reads] = [0; 3].map(|_| word.clone());
        let handles = [
            thread::spawn(move || {
                while waits.load(Relaxed) == 0 {
                    hint::spin_loop();
                }
            }),
            thread::spawn(move || writes.store(1, Relaxed)),
            thread::spawn(move || {
                reads.load(Relaxed);
                reads.store(2, Relaxed);
            }),
        ];
        for handle in handles {
            handle.join().unwrap();
        }
    });
    assert!(report.failure.is_none(), "{:?}", report.failure);
    assert_eq!(report.complete, 6);
}
