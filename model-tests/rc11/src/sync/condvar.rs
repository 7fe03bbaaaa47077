//! Waiting for a notification.

use std::fmt;
use std::panic::Location;
use std::time::Duration;

use super::{LockResult, MutexGuard, PoisonError};
use crate::context;
use crate::race::Place;

/// As [`std::sync::Condvar`].
///
/// [`notify_one`](Condvar::notify_one) wakes any of the threads that wait then:
/// each choice is explored. A notification that finds nobody is lost, and a
/// thread that waits for one which never comes is a deadlock. Threads wake up
/// without a notification only if the
/// [builder](crate::Builder::spurious_wakeups) asks for it. A notification orders
/// nothing by itself: that is what the lock is for.
///
/// Outside of a model a thread that waits lets others run for a moment, and goes
/// on.
pub struct Condvar {
    /// Its address tells it from others.
    place_in_memory: u8,
}

/// Whether the time to wait was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// Whether it was.
    pub fn timed_out(&self) -> bool {
        self.0
    }
}

impl Condvar {
    /// One that nobody waits for.
    pub const fn new() -> Self {
        Condvar { place_in_memory: 0 }
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(&self.place_in_memory).addr()
    }

    /// Frees the lock, waits for a notification, and takes the lock again.
    ///
    /// # Errors
    ///
    /// If a thread has unwound while it held the lock.
    #[track_caller]
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        let place = Location::caller();
        if context::wakes_spuriously(place) {
            let mutex = guard.mutex();
            drop(guard);
            return mutex.lock();
        }
        self.wait_for_notification(guard, false, place)
    }

    #[track_caller]
    fn wait_for_notification<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        may_end: bool,
        place: Place,
    ) -> LockResult<MutexGuard<'a, T>> {
        let mutex = guard.mutex();
        let waits = context::begin_to_wait(self.address(), place);
        drop(guard);
        match waits {
            Some(()) => context::wait_for_notification(may_end, place),
            None => context::wait_in_vain(),
        }
        mutex.lock()
    }

    /// Waits as long as the condition holds.
    ///
    /// # Errors
    ///
    /// If a thread has unwound while it held the lock.
    #[track_caller]
    pub fn wait_while<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> LockResult<MutexGuard<'a, T>> {
        while condition(&mut guard) {
            guard = self.wait(guard)?;
        }
        Ok(guard)
    }

    /// As [`wait`](Condvar::wait), for some time. There is no time in a model:
    /// that it is over at once is explored, and that the notification comes first.
    ///
    /// # Errors
    ///
    /// If a thread has unwound while it held the lock.
    #[track_caller]
    pub fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        _most: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let place = Location::caller();
        let timed_out = context::choose(2, place) != Some(0);
        let result = if timed_out {
            let mutex = guard.mutex();
            drop(guard);
            mutex.lock()
        } else {
            self.wait_for_notification(guard, true, place)
        };
        let timed_out = WaitTimeoutResult(timed_out);
        match result {
            Ok(guard) => Ok((guard, timed_out)),
            Err(poisoned) => Err(PoisonError::new((poisoned.into_inner(), timed_out))),
        }
    }

    /// Wakes one of the threads that wait, whichever.
    #[track_caller]
    pub fn notify_one(&self) {
        context::notify_one(self.address(), Location::caller());
    }

    /// Wakes all threads that wait.
    #[track_caller]
    pub fn notify_all(&self) {
        context::notify_all(self.address(), Location::caller());
    }
}

impl Default for Condvar {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Condvar {
    fn drop(&mut self) {
        context::forget(self.address());
    }
}

impl fmt::Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condvar").finish_non_exhaustive()
    }
}
