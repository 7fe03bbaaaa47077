//! Threads that sleep and are woken up: those of the host.

extern crate std;

use std::thread;

/// A thread, to be woken up.
#[derive(Clone, Debug)]
pub struct Task(thread::Thread);

/// The thread that calls.
pub fn current() -> Task {
    Task(thread::current())
}

/// Sleeps until [`Task::unpark`] is called, if it was not already since the last
/// time; it may return without a reason, too.
pub fn park() {
    thread::park();
}

impl Task {
    /// Wakes the thread up, or keeps it from falling asleep the next time.
    pub fn unpark(&self) {
        self.0.unpark();
    }
}
