//! Who waits for a notification of which condition variable.
//!
//! To begin to wait, and to notify, is a relaxed read-modify-write of the word of
//! the condition variable, whose value does not matter. The list of those who
//! wait is changed right after it, before another thread runs: so its states
//! follow the order of these events in each replay.

use rustc_hash::FxHashMap;

use super::Run;
use crate::graph::ThreadId;

/// The threads that wait, by the address of what they wait for.
pub(super) type Waiters = FxHashMap<usize, Vec<ThreadId>>;

impl Run {
    /// The thread that runs waits from now on.
    pub(crate) fn add_waiter(&mut self, address: usize) {
        let thread = self.current;
        self.waiters.entry(address).or_default().push(thread);
    }

    /// How many threads wait.
    pub(crate) fn count_waiters(&self, address: usize) -> usize {
        self.waiters.get(&address).map_or(0, Vec::len)
    }

    /// Takes one of the threads that wait off the list.
    pub(crate) fn take_waiter(&mut self, address: usize, which: usize) -> Option<ThreadId> {
        let waiters = self.waiters.get_mut(&address)?;
        (which < waiters.len()).then(|| waiters.remove(which))
    }

    /// Takes all threads that wait off the list.
    pub(crate) fn take_waiters(&mut self, address: usize) -> Vec<ThreadId> {
        self.waiters.remove(&address).unwrap_or_default()
    }
}
