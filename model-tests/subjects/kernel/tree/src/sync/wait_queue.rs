//! Threads that sleep until somebody wakes them.

use alloc::collections::VecDeque;
use core::fmt;
use core::sync::atomic::{AtomicBool, Ordering};

use super::counted::Counted;
use super::spin::SpinLock;
use crate::task::{self, Task};

/// A queue of sleeping threads; the first is woken first.
pub struct WaitQueue {
    sleepers: SpinLock<VecDeque<Counted<Sleeper>>>,
}

/// A thread in the queue, or one that was.
struct Sleeper {
    task: Task,
    /// Whether somebody has taken it out to wake it.
    woken: AtomicBool,
}

impl WaitQueue {
    /// Nobody sleeps.
    pub const fn new() -> Self {
        WaitQueue {
            sleepers: SpinLock::new(VecDeque::new()),
        }
    }

    /// Sleeps until `condition` gives something.
    ///
    /// It is looked at once more after the thread has joined the queue: whoever
    /// makes it true later, and wakes then, finds the thread there.
    pub fn wait_until<R>(&self, mut condition: impl FnMut() -> Option<R>) -> R {
        loop {
            if let Some(result) = condition() {
                return result;
            }
            let sleeper = Counted::new(Sleeper {
                task: task::current(),
                woken: AtomicBool::new(false),
            });
            self.sleepers.lock().push_back(sleeper.clone());
            if let Some(result) = condition() {
                self.leave(&sleeper);
                return result;
            }
            while !sleeper.woken.load(Ordering::Acquire) {
                task::park();
            }
        }
    }

    /// Takes out a thread that does not sleep after all. If somebody has woken it,
    /// that was meant for another.
    fn leave(&self, sleeper: &Counted<Sleeper>) {
        let mut sleepers = self.sleepers.lock();
        let place = sleepers
            .iter()
            .position(|other| Counted::ptr_eq(other, sleeper));
        let removed = place.and_then(|place| sleepers.remove(place));
        drop(sleepers);
        if removed.is_none() {
            self.wake_one();
        }
    }

    /// Wakes the thread that sleeps longest, if there is one. Returns whether there
    /// was.
    pub fn wake_one(&self) -> bool {
        let first = self.sleepers.lock().pop_front();
        if let Some(sleeper) = &first {
            sleeper.woken.store(true, Ordering::Release);
            sleeper.task.unpark();
        }
        first.is_some()
    }

    /// Wakes all threads that sleep.
    pub fn wake_all(&self) {
        while self.wake_one() {}
    }
}

impl Default for WaitQueue {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for WaitQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitQueue").finish_non_exhaustive()
    }
}
