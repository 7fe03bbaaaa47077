//! Waiting for one another.

use super::{Condvar, Mutex, PoisonError};

/// As [`std::sync::Barrier`].
#[derive(Debug)]
pub struct Barrier {
    state: Mutex<State>,
    opened: Condvar,
    threads: usize,
}

#[derive(Debug)]
struct State {
    waiting: usize,
    /// How often the barrier has opened.
    opened: usize,
}

/// Whether this thread is the leader: the one that came last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BarrierWaitResult(bool);

impl BarrierWaitResult {
    /// Whether the thread is the one that came last.
    pub fn is_leader(&self) -> bool {
        self.0
    }
}

impl Barrier {
    /// A barrier that opens for so many threads at a time.
    pub const fn new(threads: usize) -> Self {
        Barrier {
            state: Mutex::new(State {
                waiting: 0,
                opened: 0,
            }),
            opened: Condvar::new(),
            threads,
        }
    }

    /// Waits until all threads have come.
    #[track_caller]
    pub fn wait(&self) -> BarrierWaitResult {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.waiting += 1;
        if state.waiting >= self.threads {
            state.waiting = 0;
            state.opened += 1;
            self.opened.notify_all();
            return BarrierWaitResult(true);
        }
        let now = state.opened;
        while state.opened == now {
            let woken = self.opened.wait(state);
            state = woken.unwrap_or_else(PoisonError::into_inner);
        }
        BarrierWaitResult(false)
    }
}
