//! Concurrent data structures, in the shapes of public test suites that state how
//! many executions they have.

mod arena;
mod linux_rw_lock;
mod mcs_lock;
mod ms_queue;
mod ms_queue_pointers;
mod seqlock;
mod ticket_lock;
mod treiber_stack;
mod treiber_stack_pointers;
mod ttas_lock;
mod twa_lock;

use std::sync::Arc;

use rc11::cell::UnsafeCell;
use rc11::{Builder, Report, thread};

/// The complete executions of threads that share a structure. Samples of them go
/// well too, and none is blocked.
#[track_caller]
fn executions<T, R>(new: impl Fn() -> T + Sync, threads: Vec<R>) -> u64
where
    T: Send + Sync + 'static,
    R: Fn(&T) + Clone + Send + Sync + 'static,
{
    let model = model(new, threads);
    let report = Builder::new().explore(&model);
    assert!(report.is_complete(), "{:?}", report.failure);
    let sampled = Builder::new().sample(1, 200, model);
    assert_eq!(sampled.complete, 200, "{:?}", sampled.failure);
    report.complete
}

fn explore<T, R>(new: impl Fn() -> T + Sync, threads: Vec<R>) -> Report
where
    T: Send + Sync + 'static,
    R: Fn(&T) + Clone + Send + Sync + 'static,
{
    Builder::new().explore(model(new, threads))
}

fn model<T, R>(new: impl Fn() -> T, threads: Vec<R>) -> impl Fn()
where
    T: Send + Sync + 'static,
    R: Fn(&T) + Clone + Send + 'static,
{
    move || {
        let shared = Arc::new(new());
        let handles: Vec<_> = (threads.iter().cloned())
            .map(|run| {
                let shared = shared.clone();
                thread::spawn(move || run(&shared))
            })
            .collect();
        for handle in handles {
            handle.join().unwrap();
        }
    }
}

/// A value that is read and written as plain memory.
#[derive(Debug)]
struct Plain(UnsafeCell<u64>);

// SAFETY: the explorer runs one thread at a time, and reports accesses that
// nothing orders.
unsafe impl Sync for Plain {}

impl Plain {
    fn new(value: u64) -> Plain {
        Plain(UnsafeCell::new(value))
    }

    #[track_caller]
    fn get(&self) -> u64 {
        // SAFETY: one thread runs at a time, and keeps no reference.
        self.0.with(|value| unsafe { *value })
    }

    #[track_caller]
    fn set(&self, new: u64) {
        // SAFETY: one thread runs at a time, and keeps no reference.
        self.0.with_mut(|value| unsafe { *value = new });
    }
}
