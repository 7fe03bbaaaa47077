//! A lock for many readers or one writer, who sleep while they wait.

use core::cell::UnsafeCell;
use core::fmt;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicUsize, Ordering};

use super::wait_queue::WaitQueue;

/// Set while a writer has the lock. The other bits count the readers.
const WRITER: usize = 1 << (usize::BITS - 1);

const READER: usize = 1;

/// A value with many readers or one writer.
///
/// A reader counts itself before it looks for a writer, and takes that back if there
/// is one. Meanwhile another writer may have found it counted, and sleeps because of
/// it: with `WAKES` such a reader wakes somebody, without it nobody does.
pub struct RwMutex<T, const WAKES: bool = false> {
    state: AtomicUsize,
    queue: WaitQueue,
    value: UnsafeCell<T>,
}

// SAFETY: readers share the value, and a writer has it alone.
unsafe impl<T: Send + Sync, const WAKES: bool> Sync for RwMutex<T, WAKES> {}

impl<T, const WAKES: bool> RwMutex<T, WAKES> {
    /// A value that nobody uses.
    pub const fn new(value: T) -> Self {
        RwMutex {
            state: AtomicUsize::new(0),
            queue: WaitQueue::new(),
            value: UnsafeCell::new(value),
        }
    }

    /// Waits until no writer has the lock.
    pub fn read(&self) -> ReadGuard<'_, T, WAKES> {
        self.queue.wait_until(|| self.try_read())
    }

    /// Waits until nobody has the lock.
    pub fn write(&self) -> WriteGuard<'_, T, WAKES> {
        self.queue.wait_until(|| self.try_write())
    }

    /// The lock for a reader, unless a writer has it.
    pub fn try_read(&self) -> Option<ReadGuard<'_, T, WAKES>> {
        if self.state.fetch_add(READER, Ordering::Acquire) & WRITER == 0 {
            return Some(ReadGuard { lock: self });
        }
        if self.state.fetch_sub(READER, Ordering::Release) == READER && WAKES {
            self.queue.wake_one();
        }
        None
    }

    /// The lock for a writer, unless anybody has it.
    pub fn try_write(&self) -> Option<WriteGuard<'_, T, WAKES>> {
        self.state
            .compare_exchange(0, WRITER, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
            .then(|| WriteGuard { lock: self })
    }
}

impl<T, const WAKES: bool> fmt::Debug for RwMutex<T, WAKES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RwMutex").finish_non_exhaustive()
    }
}

/// The lock as a reader has it.
#[derive(Debug)]
pub struct ReadGuard<'a, T, const WAKES: bool> {
    lock: &'a RwMutex<T, WAKES>,
}

impl<T, const WAKES: bool> Deref for ReadGuard<'_, T, WAKES> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: there are only readers.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T, const WAKES: bool> Drop for ReadGuard<'_, T, WAKES> {
    fn drop(&mut self) {
        if self.lock.state.fetch_sub(READER, Ordering::Release) == READER {
            self.lock.queue.wake_one();
        }
    }
}

/// The lock as a writer has it.
#[derive(Debug)]
pub struct WriteGuard<'a, T, const WAKES: bool> {
    lock: &'a RwMutex<T, WAKES>,
}

impl<T, const WAKES: bool> Deref for WriteGuard<'_, T, WAKES> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: there is only this writer.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T, const WAKES: bool> DerefMut for WriteGuard<'_, T, WAKES> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: there is only this writer.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T, const WAKES: bool> Drop for WriteGuard<'_, T, WAKES> {
    fn drop(&mut self) {
        self.lock.state.fetch_and(!WRITER, Ordering::Release);
        self.lock.queue.wake_all();
    }
}
