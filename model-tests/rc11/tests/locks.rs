//! Locks, condition variables, parking and scopes: how many executions programs
//! have, and what the explorer says of those that hang.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use rc11::sync::atomic::Ordering::Relaxed;
use rc11::sync::atomic::{AtomicBool, AtomicU64};
use rc11::sync::{Barrier, Condvar, Mutex, RwLock};
use rc11::{Builder, FailureKind, Flow, Report, thread};

/// Complete executions, of which none may fail.
fn executions(model: impl Fn() + Sync) -> u64 {
    let report = Builder::new().explore(model);
    assert!(report.is_complete(), "{:?}", report.failure);
    report.complete
}

fn explore(model: impl Fn() + Sync) -> Report {
    Builder::new().explore(model)
}

fn is_deadlock(report: &Report) -> bool {
    let failure = report.failure.as_ref();
    failure.is_some_and(|failure| matches!(failure.kind, FailureKind::Deadlock(_)))
}

/// What models have seen in complete executions.
struct Seen(std::sync::Mutex<BTreeSet<Vec<u64>>>);

impl Seen {
    fn new() -> Self {
        Seen(std::sync::Mutex::default())
    }

    fn add(&self, outcome: &[u64]) {
        self.0.lock().unwrap().insert(outcome.to_vec());
    }

    fn outcomes(self) -> Vec<Vec<u64>> {
        self.0.into_inner().unwrap().into_iter().collect()
    }
}

fn lockers<const N: usize>(rounds: usize) -> u64 {
    executions(|| {
        let lock = Mutex::new(0);
        thread::scope(|scope| {
            for _ in 0..N {
                scope.spawn(|| {
                    for _ in 0..rounds {
                        *lock.lock().unwrap() += 1;
                    }
                });
            }
        });
        assert_eq!(lock.into_inner().unwrap(), N * rounds);
    })
}

#[test]
fn a_lock_is_held_in_each_order_once() {
    assert_eq!(lockers::<2>(1), 2);
    assert_eq!(lockers::<3>(1), 6);
    assert_eq!(lockers::<4>(1), 24);
    // The ways to merge two sequences of two, and three of two.
    assert_eq!(lockers::<2>(2), 6);
    assert_eq!(lockers::<3>(2), 90);
}

#[test]
fn a_lock_that_is_tried_may_be_held() {
    let seen = Seen::new();
    let complete = executions(|| {
        let lock = Mutex::new(());
        let got = thread::scope(|scope| {
            scope.spawn(|| drop(lock.lock().unwrap()));
            let other = scope.spawn(|| lock.try_lock().is_ok());
            other.join().unwrap()
        });
        seen.add(&[u64::from(got)]);
    });
    assert_eq!(seen.outcomes(), [[0], [1]]);
    // Before, after, or an old state after; or while the other one has it.
    assert_eq!(complete, 3);
}

#[test]
fn readers_overlap_and_writers_do_not() {
    let seen = Seen::new();
    let complete = executions(|| {
        let lock = RwLock::new(0);
        let inside = AtomicU64::new(0);
        let most = thread::scope(|scope| {
            let readers = [0, 1].map(|_| {
                scope.spawn(|| {
                    let _guard = lock.read().unwrap();
                    let others = inside.fetch_add(1, Relaxed);
                    inside.fetch_sub(1, Relaxed);
                    others
                })
            });
            readers.map(|reader| reader.join().unwrap())
        });
        seen.add(&most);
    });
    assert_eq!(seen.outcomes(), [[0, 0], [0, 1], [1, 0]]);
    assert!(complete > 6, "{complete}");

    let readers_and_writers = |readers: usize, writers: usize| {
        executions(move || {
            let lock = RwLock::new(0);
            thread::scope(|scope| {
                for _ in 0..readers {
                    scope.spawn(|| assert!(*lock.read().unwrap() <= writers));
                }
                for _ in 0..writers {
                    scope.spawn(|| *lock.write().unwrap() += 1);
                }
            });
            assert_eq!(*lock.read().unwrap(), writers);
        })
    };
    // The orders of entering and leaving of two readers: 4!/(2! 2!).
    assert_eq!(readers_and_writers(2, 0), 6);
    assert_eq!(readers_and_writers(1, 1), 2);
    assert_eq!(readers_and_writers(0, 3), 6);
    // The writer first or last, with 6 orders each; or between the readers.
    assert_eq!(readers_and_writers(2, 1), 14);
}

#[test]
fn a_reader_keeps_writers_that_try_out() {
    let seen = Seen::new();
    executions(|| {
        let lock = RwLock::new(());
        let reader = lock.read().unwrap();
        let (reads, writes) = (lock.try_read().is_ok(), lock.try_write().is_ok());
        drop(reader);
        let writer = lock.write().unwrap();
        let not = lock.try_read().is_ok();
        drop(writer);
        seen.add(&[reads, writes, not, lock.try_write().is_ok()].map(u64::from));
    });
    assert_eq!(seen.outcomes(), [[1, 0, 0, 1]]);
}

/// Each of two threads waits for its turn and gives it to the other.
fn ping_pong(rounds: u64) -> Report {
    explore(move || {
        let (turn, changed) = (Mutex::new(0), Condvar::new());
        thread::scope(|scope| {
            for player in 0..2 {
                let (turn, changed) = (&turn, &changed);
                scope.spawn(move || {
                    for _ in 0..rounds {
                        let guard = turn.lock().unwrap();
                        let mut guard = changed.wait_while(guard, |turn| *turn % 2 != player);
                        **guard.as_mut().unwrap() += 1;
                        changed.notify_one();
                    }
                });
            }
        });
        assert_eq!(turn.into_inner().unwrap(), 2 * rounds);
    })
}

#[test]
fn ping_pong_ends() {
    // Who comes next waits already when the other one has the lock, or does not: a
    // choice before each turn but the last.
    for (rounds, complete) in [(1, 2), (2, 8), (3, 32)] {
        let report = ping_pong(rounds);
        assert!(report.is_complete(), "{:?}", report.failure);
        assert_eq!(report.complete, complete);
    }
}

#[test]
fn a_barrier_opens_when_all_have_come() {
    let meet = |threads: usize, comers: usize| {
        explore(move || {
            let (barrier, came) = (Barrier::new(threads), AtomicU64::new(0));
            let leaders = AtomicU64::new(0);
            thread::scope(|scope| {
                for _ in 0..comers {
                    scope.spawn(|| {
                        came.fetch_add(1, Relaxed);
                        if barrier.wait().is_leader() {
                            leaders.fetch_add(1, Relaxed);
                        }
                        assert!(came.load(Relaxed) >= threads as u64);
                    });
                }
            });
            assert_eq!(leaders.load(Relaxed), 1);
        })
    };
    assert!(meet(2, 2).is_complete());
    assert!(meet(3, 3).is_complete());
    assert!(is_deadlock(&meet(3, 2)));
}

#[test]
fn a_lost_wake_up_is_a_deadlock() {
    // Checks without the lock, then waits: the notification can come in between.
    let report = explore(|| {
        let (ready, lock, changed) = (AtomicBool::new(false), Mutex::new(()), Condvar::new());
        thread::scope(|scope| {
            scope.spawn(|| {
                if !ready.load(Relaxed) {
                    drop(changed.wait(lock.lock().unwrap()));
                }
            });
            ready.store(true, Relaxed);
            changed.notify_one();
        });
    });
    assert!(is_deadlock(&report), "{:?}", report.failure);
    let failure = report.failure.unwrap().to_string();
    assert!(
        failure.starts_with("deadlock: thread 0 waits at"),
        "{failure}"
    );
    assert!(
        failure.contains("for thread 1, thread 1 waits at"),
        "{failure}"
    );

    let report = explore(|| {
        let (ready, changed) = (Mutex::new(false), Condvar::new());
        thread::scope(|scope| {
            scope.spawn(|| {
                let guard = ready.lock().unwrap();
                drop(changed.wait_while(guard, |ready| !*ready));
            });
            *ready.lock().unwrap() = true;
            changed.notify_one();
        });
    });
    assert!(report.is_complete(), "{:?}", report.failure);
}

/// Two threads wait for a token each; a third one gives `tokens` with as many
/// notifications.
fn two_wait(tokens: u64, notify: fn(&Condvar)) -> (Report, Vec<Vec<u64>>) {
    let seen = Seen::new();
    let report = explore(|| {
        let (left, changed) = (Mutex::new(0), Condvar::new());
        let order = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for waiter in 0..2 {
                let (left, changed, order) = (&left, &changed, &order);
                scope.spawn(move || {
                    let guard = left.lock().unwrap();
                    let mut guard = changed.wait_while(guard, |left| *left == 0).unwrap();
                    *guard -= 1;
                    order.lock().unwrap().push(waiter);
                });
            }
            for _ in 0..tokens {
                *left.lock().unwrap() += 1;
                notify(&changed);
            }
        });
        seen.add(&order.into_inner().unwrap());
    });
    (report, seen.outcomes())
}

#[test]
fn a_notification_wakes_either() {
    let (report, outcomes) = two_wait(2, Condvar::notify_one);
    assert!(report.is_complete(), "{:?}", report.failure);
    assert_eq!(outcomes, [[0, 1], [1, 0]]);
    assert!(is_deadlock(&two_wait(1, Condvar::notify_all).0));
    let (report, outcomes) = two_wait(2, Condvar::notify_all);
    assert!(report.is_complete(), "{:?}", report.failure);
    assert_eq!(outcomes, [[0, 1], [1, 0]]);
}

#[test]
fn a_notification_wakes_whoever_began_to_wait_first_or_last() {
    #[derive(Default)]
    struct State {
        waiting: Vec<u64>,
        woken: Vec<u64>,
    }
    let seen = Seen::new();
    let report = explore(|| {
        let (state, go, progress) = (Mutex::new(State::default()), Condvar::new(), Condvar::new());
        thread::scope(|scope| {
            for waiter in 0..2 {
                let (state, go, progress) = (&state, &go, &progress);
                scope.spawn(move || {
                    let mut guard = state.lock().unwrap();
                    guard.waiting.push(waiter);
                    progress.notify_one();
                    let mut guard = go.wait(guard).unwrap();
                    guard.woken.push(waiter);
                    progress.notify_one();
                });
            }
            let guard = state.lock().unwrap();
            let guard = progress.wait_while(guard, |state| state.waiting.len() < 2);
            go.notify_one();
            let guard = progress.wait_while(guard.unwrap(), |state| state.woken.is_empty());
            go.notify_one();
            drop(guard);
        });
        let state = state.into_inner().unwrap();
        seen.add(&[state.waiting[0], state.woken[0]]);
    });
    assert!(report.is_complete(), "{:?}", report.failure);
    assert_eq!(seen.outcomes(), [[0, 0], [0, 1], [1, 0], [1, 1]]);
}

#[test]
fn a_notification_that_one_of_two_needs_can_go_to_the_other() {
    let reached = std::sync::atomic::AtomicBool::new(false);
    let report = explore(|| {
        let (state, changed) = (Mutex::new([false; 2]), Condvar::new());
        thread::scope(|scope| {
            for waiter in 0..2 {
                let (state, changed) = (&state, &changed);
                scope.spawn(move || {
                    let guard = state.lock().unwrap();
                    drop(changed.wait_while(guard, |state| !state[waiter]));
                });
            }
            for waiter in [1, 0] {
                state.lock().unwrap()[waiter] = true;
                changed.notify_one();
            }
            reached.store(true, std::sync::atomic::Ordering::Relaxed);
        });
    });
    assert!(is_deadlock(&report), "{:?}", report.failure);
    assert!(reached.into_inner());
}

#[test]
fn threads_wake_up_spuriously_if_asked() {
    let waits_once = || {
        let seen = Seen::new();
        let model = || {
            let (ready, changed) = (Mutex::new(false), Condvar::new());
            thread::scope(|scope| {
                scope.spawn(|| {
                    let mut guard = ready.lock().unwrap();
                    if !*guard {
                        guard = changed.wait(guard).unwrap();
                    }
                    seen.add(&[u64::from(*guard)]);
                });
                *ready.lock().unwrap() = true;
                changed.notify_one();
            });
        };
        let asked = Builder::new().spurious_wakeups(true).explore(model);
        assert!(asked.is_complete(), "{:?}", asked.failure);
        seen.outcomes()
    };
    assert_eq!(waits_once(), [[0], [1]]);
}

#[test]
fn time_can_be_over_before_the_notification() {
    let seen = Seen::new();
    let report = explore(|| {
        let (ready, changed) = (Mutex::new(false), Condvar::new());
        thread::scope(|scope| {
            scope.spawn(|| {
                let guard = ready.lock().unwrap();
                let (guard, result) = changed.wait_timeout(guard, Duration::ZERO).unwrap();
                seen.add(&[u64::from(*guard), u64::from(result.timed_out())]);
            });
            *ready.lock().unwrap() = true;
            changed.notify_one();
        });
    });
    // That it never comes is no deadlock.
    assert!(report.is_complete(), "{:?}", report.failure);
    assert_eq!(seen.outcomes(), [[0, 1], [1, 0], [1, 1]]);
    assert!(report.blocked > 0);
}

#[test]
fn locks_taken_in_two_orders_are_a_deadlock() {
    let model = |second: [usize; 2]| {
        move || {
            let locks = [Mutex::new(0), Mutex::new(0)];
            thread::scope(|scope| {
                for order in [[0, 1], second] {
                    let locks = &locks;
                    scope.spawn(move || {
                        let _first = locks[order[0]].lock().unwrap();
                        let _second = locks[order[1]].lock().unwrap();
                    });
                }
            });
        }
    };
    assert_eq!(executions(model([0, 1])), 2);
    let report = explore(model([1, 0]));
    let failure = report.failure.unwrap();
    let FailureKind::Deadlock(waiting) = &failure.kind else {
        panic!("{failure}");
    };
    let threads: Vec<_> = waiting.iter().map(|waiting| waiting.thread).collect();
    assert_eq!(threads, [0, 1, 2]);
    // Both starts, and each thread has one lock and waits for the other.
    assert_eq!(failure.graph.events().len(), 2 + 2 * 3);
}

#[test]
fn a_thread_is_unparked_before_or_after_it_parks() {
    let model = |unparks: usize| {
        move || {
            let parked = thread::spawn(|| {
                thread::park();
                thread::park();
            });
            for _ in 0..unparks {
                parked.thread().unpark();
            }
            parked.join().unwrap();
        }
    };
    assert!(is_deadlock(&explore(model(1))));
    // Two at once count as one.
    assert!(is_deadlock(&explore(model(2))));
    assert_eq!(
        executions(|| {
            let parked = thread::spawn(thread::park);
            parked.thread().unpark();
            parked.join().unwrap();
        }),
        1
    );
}

#[test]
fn the_value_of_a_lock_that_a_thread_unwound_with_is_poisoned() {
    executions(|| {
        let lock = Mutex::new(1);
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            let _guard = lock.lock().unwrap();
            resume_unwind(Box::new(()));
        }));
        assert!(unwound.is_err());
        assert_eq!(*lock.lock().unwrap_err().into_inner(), 1);
        assert!(lock.try_lock().is_err());
        assert_eq!(lock.into_inner().unwrap_err().into_inner(), 1);
    });
}

#[test]
fn threads_of_a_scope_start_others() {
    let ends = RefCell::new(0);
    let report = Builder::new().explore_each(
        |_| {
            *ends.borrow_mut() += 1;
            Flow::GoOn
        },
        || {
            let sum = AtomicU64::new(0);
            thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| {
                        scope.spawn(|| sum.fetch_add(1, Relaxed));
                        sum.fetch_add(10, Relaxed)
                    });
                }
            });
            assert_eq!(sum.load(Relaxed), 22);
        },
    );
    assert!(report.is_complete(), "{:?}", report.failure);
    assert_eq!(report.complete, 24);
    assert_eq!(ends.into_inner(), 24);
}

#[test]
fn what_a_scope_lends_outlives_threads_that_are_given_up() {
    struct Check<'a>(&'a AtomicU64);
    impl Drop for Check<'_> {
        fn drop(&mut self) {
            assert_eq!(self.0.peek(), 7, "the scope is gone");
            self.0.store(7, Relaxed);
        }
    }
    let report = explore(|| {
        let lent = Box::new(AtomicU64::new(7));
        let never = Mutex::new(());
        let _held = never.lock();
        thread::scope(|scope| {
            scope.spawn(|| {
                let _check = Check(&lent);
                drop(never.lock());
            });
        });
    });
    assert!(is_deadlock(&report), "{:?}", report.failure);
}
