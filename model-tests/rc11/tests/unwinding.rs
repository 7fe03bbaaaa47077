//! Threads that unwind while others run, and threads with `thread_local!` values.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Mutex as StdMutex;
use std::thread::panicking;

use rc11::sync::atomic::Ordering::{Relaxed, Release};
use rc11::sync::atomic::{AtomicPtr, AtomicU64};
use rc11::sync::{Arc, Mutex};
use rc11::{Builder, Execution, FailureKind, Flow, Program, Report, hint, thread};

/// Writes one word, then reads another one, when it is dropped.
struct WriteThenRead<'a> {
    write: &'a AtomicU64,
    read: &'a AtomicU64,
    seen: &'a Cell<u64>,
}

impl Drop for WriteThenRead<'_> {
    fn drop(&mut self) {
        self.write.store(1, Relaxed);
        self.seen.set(self.read.load(Relaxed));
        assert!(panicking(), "the panic of this thread is counted elsewhere");
    }
}

fn unwind(drops: impl Sized) {
    let unwound = catch_unwind(AssertUnwindSafe(move || {
        let _drops = drops;
        resume_unwind(Box::new("on purpose"));
    }));
    let payload = unwound.unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"on purpose"));
}

fn complete(report: &Report) -> u64 {
    assert!(report.is_complete(), "{:?}", report.failure);
    report.complete
}

/// Store buffering: in the destructors of two threads that unwind at once, while
/// a third one does not.
fn two_unwind(builder: &Builder) -> (u64, BTreeSet<[u64; 2]>) {
    let outcomes = StdMutex::new(BTreeSet::new());
    let report = builder.explore(|| {
        let words = [0, 0].map(AtomicU64::new);
        let seen = thread::scope(|scope| {
            let threads = [0, 1].map(|me| {
                let words = &words;
                scope.spawn(move || {
                    let seen = Cell::new(0);
                    unwind(WriteThenRead {
                        write: &words[me],
                        read: &words[1 - me],
                        seen: &seen,
                    });
                    assert!(!panicking());
                    seen.get()
                })
            });
            scope.spawn(|| {
                words[0].load(Relaxed);
                assert!(!panicking(), "the panic of another thread is counted here");
            });
            threads.map(|thread| thread.join().unwrap())
        });
        assert!(!panicking());
        outcomes.lock().unwrap().insert(seen);
    });
    (complete(&report), outcomes.into_inner().unwrap())
}

#[test]
fn destructors_of_threads_that_unwind_are_explored() {
    let all = BTreeSet::from([[0, 0], [0, 1], [1, 0], [1, 1]]);
    // What the third thread reads doubles them.
    assert_eq!(two_unwind(&Builder::new()), (8, all.clone()));
    assert_eq!(two_unwind(Builder::new().os_threads(true)), (8, all));
    assert!(!panicking());
}

#[test]
fn stacks_on_os_threads_are_where_those_of_coroutines_are() {
    /// Tells another thread an address on its stack when it is dropped.
    struct Tells<'a>(&'a AtomicPtr<u64>, &'a AtomicPtr<u64>);
    impl Drop for Tells<'_> {
        fn drop(&mut self) {
            let mut local = 0;
            self.0.store(&raw mut local, Relaxed);
            self.1.load(Relaxed);
        }
    }
    let report = Builder::new().explore(|| {
        let words = [0, 1].map(|_| AtomicPtr::default());
        thread::scope(|scope| {
            for me in [0, 1] {
                let words = &words;
                scope.spawn(move || unwind(Tells(&words[me], &words[1 - me])));
            }
        });
    });
    assert_eq!(complete(&report), 4);
}

#[test]
fn destructors_of_threads_that_unwind_can_lock() {
    struct Locks<'a>(&'a Mutex<u64>);
    impl Drop for Locks<'_> {
        fn drop(&mut self) {
            *self.0.lock().unwrap() += 1;
            assert!(panicking());
        }
    }
    let model = || {
        let lock = Mutex::new(0);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| unwind(Locks(&lock)));
            }
            scope.spawn(|| *lock.lock().unwrap() += 1);
        });
        assert_eq!(lock.into_inner().unwrap(), 3);
    };
    assert_eq!(complete(&Builder::new().explore(model)), 6);
    assert!(!panicking());
}

/// Opens a gate when it is dropped.
struct Opens<'a>(&'a AtomicU64);

impl Drop for Opens<'_> {
    fn drop(&mut self) {
        self.0.store(1, Relaxed);
    }
}

/// Waits in front of a gate when it is dropped.
struct Waits<'a>(&'a AtomicU64);

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        while self.0.load(Relaxed) == 0 {
            hint::spin_loop();
        }
    }
}

#[test]
fn destructors_on_os_threads_can_wait() {
    let report = Builder::new().os_threads(true).explore(|| {
        let gate = AtomicU64::new(0);
        thread::scope(|scope| {
            scope.spawn(|| unwind(Waits(&gate)));
            scope.spawn(|| gate.store(1, Release));
        });
    });
    assert_eq!(complete(&report), 1);
}

/// Writes down when it is dropped.
struct Note<'a>(&'a StdMutex<Vec<&'static str>>, &'static str);

impl Drop for Note<'_> {
    fn drop(&mut self) {
        self.0.lock().unwrap().push(self.1);
    }
}

#[test]
fn a_deadlock_in_a_destructor_is_one() {
    for opens in [true, false] {
        let notes = StdMutex::new(Vec::new());
        let report = Builder::new().os_threads(true).explore(|| {
            let _scope = Note(&notes, "scope");
            let gate = AtomicU64::new(0);
            thread::scope(|scope| {
                scope.spawn(|| {
                    let _opens = opens.then(|| Opens(&gate));
                    thread::park();
                });
                scope.spawn(|| {
                    let _waits = Note(&notes, "waits");
                    unwind(Waits(&gate));
                });
            });
        });
        let failure = report.failure.unwrap();
        assert!(
            matches!(failure.kind, FailureKind::Deadlock(_)),
            "{failure}"
        );
        assert!(!panicking());
        // The scope ends after the thread that borrows from it, if that one ends.
        let expected: &[_] = if opens { &["waits", "scope"] } else { &[] };
        assert!(notes.into_inner().unwrap().ends_with(expected));
    }
}

#[test]
fn threads_are_unwound_before_those_that_have_started_them() {
    static NOTES: StdMutex<Vec<&str>> = StdMutex::new(Vec::new());
    let report = Builder::new().explore(|| {
        let _first = Note(&NOTES, "first");
        thread::spawn(|| {
            let _second = Note(&NOTES, "second");
            thread::spawn(|| {
                let _third = Note(&NOTES, "third");
                thread::park();
            });
            thread::park();
        });
        thread::park();
    });
    assert!(report.failure.is_some());
    assert_eq!(*NOTES.lock().unwrap(), ["third", "second", "first"]);
}

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

#[test]
fn threads_on_os_threads_have_values_of_their_own() {
    let model = || {
        let word = AtomicU64::new(0);
        let count = || {
            for _ in 0..2 {
                word.fetch_add(1, Relaxed);
                COUNT.set(COUNT.get() + 1);
            }
            COUNT.get()
        };
        thread::scope(|scope| {
            let other = scope.spawn(count);
            assert_eq!(count(), 2);
            assert_eq!(other.join().unwrap(), 2);
        });
    };
    assert_eq!(complete(&Builder::new().os_threads(true).explore(model)), 6);
    // The negative control: all share one.
    assert!(Builder::new().explore(model).failure.is_some());
}

/// Adds to a word when its thread ends.
struct AtExit(Cell<Option<Arc<AtomicU64>>>);

impl Drop for AtExit {
    fn drop(&mut self) {
        let word = self.0.take().unwrap();
        word.fetch_add(1, Relaxed);
    }
}

thread_local! {
    static AT_EXIT: AtExit = const { AtExit(Cell::new(None)) };
}

#[test]
fn destructors_at_the_end_of_a_thread_are_explored() {
    let report = Builder::new().os_threads(true).explore(|| {
        let word = Arc::new(AtomicU64::new(0));
        let threads = [0, 1].map(|_| {
            let word = word.clone();
            thread::spawn(move || AT_EXIT.with(|at_exit| at_exit.0.set(Some(word))))
        });
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(word.load(Relaxed), 2);
    });
    assert_eq!(complete(&report), 2);
}

/// A program that must stay on one OS thread.
struct Stays([AtomicU64; 2]);

impl Program for Stays {
    fn threads(&self) -> usize {
        2
    }

    fn start(&self) {
        for word in &self.0 {
            word.store(0, Relaxed);
        }
    }

    fn run(&self, thread: usize) {
        unwind(WriteThenRead {
            write: &self.0[thread],
            read: &self.0[1 - thread],
            seen: &Cell::new(0),
        });
    }

    fn finish(&self, _execution: &Execution<'_>) -> Flow {
        Flow::GoOn
    }
}

#[test]
fn a_program_that_stays_where_it_is_cannot_wait_when_it_unwinds() {
    let report = Builder::new().explore_program(&Stays([0, 0].map(AtomicU64::new)));
    let failure = report.failure.unwrap();
    assert!(
        matches!(failure.kind, FailureKind::UnwindingWaits),
        "{failure}"
    );
    assert!(!panicking());
}
