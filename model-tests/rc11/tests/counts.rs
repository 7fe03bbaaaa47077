//! How many executions well-known programs have.

use std::sync::Arc;

use rc11::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};
use rc11::sync::atomic::{AtomicU64, fence};
use rc11::{Builder, hint, thread};

/// Complete executions; none may be blocked, or fail.
fn executions<const N: usize>(threads: [fn(&[AtomicU64; 3]); N]) -> u64 {
    executions_with(&Builder::new(), threads)
}

fn executions_with<const N: usize>(builder: &Builder, threads: [fn(&[AtomicU64; 3]); N]) -> u64 {
    let report = builder.explore(move || {
        let words = Arc::new([0, 0, 0].map(AtomicU64::new));
        let handles = threads.map(|run| {
            let words = words.clone();
            thread::spawn(move || run(&words))
        });
        for handle in handles {
            handle.join().unwrap();
        }
    });
    assert!(report.is_complete(), "{:?}", report.failure);
    assert_eq!(report.blocked, 0);
    report.complete
}

macro_rules! thread {
    ($words:ident => $($step:expr);+) => {
        |$words| { $(let _ = $step;)+ }
    };
}

const W: Ordering = Relaxed;

#[test]
fn store_buffering() {
    assert_eq!(
        executions([
            thread!(m => m[0].store(1, W); m[1].load(Relaxed)),
            thread!(m => m[1].store(1, W); m[0].load(Relaxed)),
        ]),
        4
    );
    assert_eq!(
        executions([
            thread!(m => m[0].store(1, SeqCst); m[1].load(SeqCst)),
            thread!(m => m[1].store(1, SeqCst); m[0].load(SeqCst)),
        ]),
        3
    );
    assert_eq!(
        executions([
            thread!(m => m[0].store(1, W); fence(SeqCst); m[1].load(Relaxed)),
            thread!(m => m[1].store(1, W); fence(SeqCst); m[0].load(Relaxed)),
        ]),
        3
    );
}

#[test]
fn message_passing() {
    assert_eq!(
        executions([
            thread!(m => m[0].store(1, W); m[1].store(1, W)),
            thread!(m => m[1].load(Relaxed); m[0].load(Relaxed)),
        ]),
        4
    );
    assert_eq!(
        executions([
            thread!(m => m[0].store(1, W); m[1].store(1, Release)),
            thread!(m => m[1].load(Acquire); m[0].load(Relaxed)),
        ]),
        3
    );
    assert_eq!(
        executions([
            thread!(m => m[0].store(1, W); fence(Release); m[1].store(1, W)),
            thread!(m => m[1].load(Relaxed); fence(Acquire); m[0].load(Relaxed)),
        ]),
        3
    );
}

#[test]
fn load_buffering() {
    assert_eq!(
        executions([
            thread!(m => m[0].load(Relaxed); m[1].store(1, W)),
            thread!(m => m[1].load(Relaxed); m[0].store(1, W)),
        ]),
        3
    );
}

#[test]
fn two_plus_two_writes() {
    assert_eq!(
        executions([
            thread!(m => m[0].store(1, W); m[1].store(2, W)),
            thread!(m => m[1].store(1, W); m[0].store(2, W)),
        ]),
        4
    );
}

#[test]
fn independent_reads_of_independent_writes() {
    fn with(order: Ordering) -> u64 {
        match order {
            SeqCst => executions([
                thread!(m => m[0].store(1, SeqCst)),
                thread!(m => m[1].store(1, SeqCst)),
                thread!(m => m[0].load(SeqCst); m[1].load(SeqCst)),
                thread!(m => m[1].load(SeqCst); m[0].load(SeqCst)),
            ]),
            _ => executions([
                thread!(m => m[0].store(1, Release)),
                thread!(m => m[1].store(1, Release)),
                thread!(m => m[0].load(Acquire); m[1].load(Acquire)),
                thread!(m => m[1].load(Acquire); m[0].load(Acquire)),
            ]),
        }
    }
    assert_eq!((with(Acquire), with(SeqCst)), (16, 15));
}

#[test]
fn write_to_read_causality() {
    assert_eq!(
        executions([
            thread!(m => m[0].store(1, W)),
            thread!(m => m[0].load(Relaxed); m[1].store(1, W)),
            thread!(m => m[1].load(Relaxed); m[0].load(Relaxed)),
        ]),
        8
    );
    assert_eq!(
        executions([
            thread!(m => m[0].store(1, Release)),
            thread!(m => m[0].load(Acquire); m[1].store(1, Release)),
            thread!(m => m[1].load(Acquire); m[0].load(Relaxed)),
        ]),
        7
    );
}

#[test]
fn exchanges_of_one_word() {
    let exchange: fn(&[AtomicU64; 3]) = thread!(m => m[0].compare_exchange(0, 1, AcqRel, Relaxed));
    assert_eq!(executions([exchange; 2]), 2);
    assert_eq!(executions([exchange; 3]), 3);
    assert_eq!(executions([exchange; 4]), 4);
}

#[test]
fn incrementers() {
    let increment: fn(&[AtomicU64; 3]) = thread!(m => m[0].fetch_add(1, Relaxed));
    assert_eq!(executions([increment; 2]), 2);
    assert_eq!(executions([increment; 3]), 6);
    assert_eq!(executions([increment; 4]), 24);
    assert_eq!(executions([increment; 5]), 120);
}

#[test]
fn writes_of_one_thread_keep_their_order() {
    assert_eq!(
        executions([
            thread!(m => m[0].store(1, W); m[0].store(2, W)),
            thread!(m => m[0].load(Relaxed)),
        ]),
        3
    );
}

#[test]
fn a_spurious_failure_between_a_read_and_the_write_that_it_sees() {
    let mut builder = Builder::new();
    builder.spurious_failures(true);
    assert_eq!(
        executions_with(
            &builder,
            [
                thread!(m => m[0].load(Relaxed)),
                thread!(m => m[1].compare_exchange_weak(0, 1, Relaxed, Relaxed)),
                thread!(m => m[0].store(1, W)),
            ]
        ),
        4
    );
}

/// The first thread goes on while the second is between the halves of its
/// increment, which has just been revisited.
#[test]
fn an_increment_that_is_revisited_comes_to_its_end_first() {
    assert_eq!(
        executions([
            thread!(m => thread::spawn(|| ()).join(); m[0].fetch_add(1, Relaxed); m[0].fetch_add(1, Relaxed)),
            thread!(m => m[0].fetch_add(1, Relaxed)),
        ]),
        3
    );
}

/// A thread waits that has read before the others wrote. What one of them writes, after
/// it has read something else than at first, still takes that read back.
#[test]
fn a_thread_that_waits_is_taken_back_by_a_write_of_a_replayed_graph() {
    let report = Builder::new().explore(|| {
        let words = Arc::new([0, 0].map(AtomicU64::new));
        let threads: [fn(&[AtomicU64; 2]); 4] = [
            |m| {
                while m[0].load(Relaxed) < 2 {
                    hint::spin_loop();
                }
            },
            |m| {
                m[0].fetch_add(1, W);
            },
            |m| {
                m[0].fetch_add(2 + m[1].load(Relaxed), W);
            },
            |m| m[1].store(1, W),
        ];
        let handles = threads.map(|run| {
            let words = words.clone();
            thread::spawn(move || run(&words))
        });
        for handle in handles {
            handle.join().unwrap();
        }
    });
    assert!(report.is_complete(), "{:?}", report.failure);
    // 2 or 3 is added, after 1 or before it; then the one that waits may see either.
    assert_eq!(report.complete, 2 + 2 * 2);
}
