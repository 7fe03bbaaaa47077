//! Threads of a model.

mod scope;

use std::panic::Location;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use crate::context;
use crate::graph::{Operation, ReadMode, ThreadId, Update};
use crate::run::Cancelled;
pub use scope::{Scope, ScopedJoinHandle, scope};

/// A thread, to be woken up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread(ThreadId);

impl Thread {
    /// Lets the thread go on that is parked, or will be.
    #[track_caller]
    pub fn unpark(&self) {
        let mode = ReadMode::Update {
            order: Ordering::Release,
            update: Update {
                operation: Operation::Swap,
                operand: 1,
                bits: 64,
            },
        };
        context::read_word(token(self.0), &mode, Location::caller());
    }

    /// The number of the thread, counted from 0 in its execution.
    pub fn id(&self) -> usize {
        self.0
    }
}

/// The address of what wakes a thread up: one that no memory has.
fn token(thread: ThreadId) -> usize {
    usize::MAX - thread
}

/// The thread that calls.
///
/// # Panics
///
/// Outside of a model.
pub fn current() -> Thread {
    Thread(context::current().expect("only a model has threads"))
}

/// Waits until [`unpark`](Thread::unpark) is called, if it was not already since
/// the last time. It never returns without.
#[track_caller]
pub fn park() {
    let mode = ReadMode::Acquire {
        expected: 1,
        new: 0,
    };
    let token = token(current().0);
    context::read_word(token, &mode, Location::caller());
}

/// Lets others run, which they do anyway.
///
/// In a loop that only looks at things, it is a [`spin_loop`](crate::hint::spin_loop)
/// from the second time on.
#[track_caller]
pub fn yield_now() {
    context::yields(Location::caller());
}

/// A thread that was started.
#[derive(Debug)]
pub struct JoinHandle<T> {
    thread: Thread,
    result: Arc<Mutex<Option<T>>>,
}

impl<T> JoinHandle<T> {
    /// Waits for the end of the thread.
    ///
    /// # Errors
    ///
    /// While the execution is given up, to destructors. A thread that panics ends
    /// the exploration.
    #[track_caller]
    pub fn join(self) -> std::thread::Result<T> {
        context::join(self.thread.0, Location::caller());
        let mut result = self.result.lock().unwrap_or_else(PoisonError::into_inner);
        result.take().ok_or_else(|| Box::new(Cancelled) as _)
    }

    /// The thread.
    pub fn thread(&self) -> &Thread {
        &self.thread
    }
}

/// Starts a thread.
///
/// # Panics
///
/// Outside of a model.
#[track_caller]
pub fn spawn<F, T>(run: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let (job, result) = job(run);
    let thread = context::spawn(Box::new(job), Location::caller());
    JoinHandle {
        thread: Thread(thread.expect("only a model has threads")),
        result,
    }
}

/// What a thread does, and where it leaves its result.
fn job<F, T>(run: F) -> (impl FnOnce() + Send, Arc<Mutex<Option<T>>>)
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    let result = Arc::new(Mutex::new(None));
    let to = result.clone();
    let job = move || {
        let value = run();
        *to.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
    };
    (job, result)
}
