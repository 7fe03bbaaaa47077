//! Threads that sleep: those of the explorer, or of the host.

#[cfg(model)]
use facade::model::thread;
#[cfg(not(model))]
use std::thread;

#[derive(Clone, Debug)]
pub(crate) struct Task(thread::Thread);

pub(crate) fn current() -> Task {
    Task(thread::current())
}

#[track_caller]
pub(crate) fn park() {
    thread::park();
}

impl Task {
    #[track_caller]
    pub(crate) fn unpark(&self) {
        self.0.unpark();
    }
}
