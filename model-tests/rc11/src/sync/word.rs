//! The word of a lock, and the flag that says that its value is poisoned.

use std::panic::Location;
use std::sync::atomic::Ordering::{Acquire, Relaxed};
use std::thread::panicking;

use super::atomic::AtomicU64;
use super::{LockResult, PoisonError, TryLockError, TryLockResult};
use crate::context;
use crate::graph::ReadMode;

/// Performs a [`ReadMode`] that waits.
///
/// Outside of a model this is a loop around the real operation.
#[track_caller]
pub(super) fn wait(word: &AtomicU64, mode: ReadMode) {
    if word.update(&mode, false, Location::caller()).is_some() {
        return;
    }
    loop {
        let found = word.peek();
        if let Some(new) = mode.written(found)
            && word.compare_exchange(found, new, Acquire, Relaxed).is_ok()
        {
            return;
        }
        context::wait_in_vain();
    }
}

/// Whether a thread has unwound while it held a lock.
///
/// It is looked at and changed under the lock alone, where the order of the
/// executions is that of the lock: it is no location of the model.
#[derive(Debug, Default)]
pub(super) struct Poison(core::sync::atomic::AtomicBool);

impl Poison {
    pub(super) const fn new() -> Self {
        Poison(core::sync::atomic::AtomicBool::new(false))
    }

    /// What a holder of the lock gets.
    pub(super) fn check<G>(&self, guard: G) -> LockResult<G> {
        // ORDERING: Relaxed, no partner: the lock orders all accesses.
        if self.0.load(Relaxed) {
            Err(PoisonError::new(guard))
        } else {
            Ok(guard)
        }
    }

    /// The same, for a lock that was not waited for.
    pub(super) fn try_check<G>(&self, guard: G) -> TryLockResult<G> {
        self.check(guard).map_err(TryLockError::Poisoned)
    }

    /// A holder that has begun to unwind since leaves the value poisoned. That
    /// its execution is given up is not its fault.
    pub(super) fn leave(&self, was_panicking: bool) {
        if !was_panicking && panicking() && !context::is_cancelled() {
            // ORDERING: Relaxed, no partner: the lock orders all accesses.
            self.0.store(true, Relaxed);
        }
    }
}
