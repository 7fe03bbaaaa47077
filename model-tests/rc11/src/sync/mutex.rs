//! A lock for one thread at a time.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::thread::panicking;

use super::atomic::AtomicU64;
use super::word::{self, Poison};
use super::{LockResult, TryLockError, TryLockResult};
use crate::cell::UnsafeCell;
use crate::graph::ReadMode;
use crate::race::Place;

const FREE: u64 = 0;
const HELD: u64 = 1;

/// As [`std::sync::Mutex`].
///
/// The explorer tries every order in which threads can hold the lock. A thread
/// that cannot have it waits, and costs no execution of its own.
/// [`try_lock`](Mutex::try_lock) can fail because it sees an old state of the
/// lock, as weak memory allows.
#[derive(Default)]
pub struct Mutex<T: ?Sized> {
    word: AtomicU64,
    poison: Poison,
    value: UnsafeCell<T>,
}

// SAFETY: the lock gives the value to one thread at a time.
unsafe impl<T: ?Sized + Send> Send for Mutex<T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Send> Sync for Mutex<T> {}

impl<T> Mutex<T> {
    /// A free lock around a value.
    pub const fn new(value: T) -> Self {
        Mutex {
            word: AtomicU64::new(FREE),
            poison: Poison::new(),
            value: UnsafeCell::new(value),
        }
    }

    /// The value.
    ///
    /// # Errors
    ///
    /// If a thread has unwound while it held the lock.
    pub fn into_inner(self) -> LockResult<T> {
        self.poison.check(self.value.into_inner())
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Waits until the lock is free, and takes it.
    ///
    /// # Errors
    ///
    /// If a thread has unwound while it held the lock.
    #[track_caller]
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        let mode = ReadMode::Acquire {
            expected: FREE,
            new: HELD,
        };
        word::wait(&self.word, mode);
        self.poison.check(MutexGuard::new(self))
    }

    /// Takes the lock if it is free.
    ///
    /// # Errors
    ///
    /// If it is not, or if a thread has unwound while it held the lock.
    #[track_caller]
    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        match self.word.compare_exchange(FREE, HELD, Acquire, Relaxed) {
            Ok(_) => self.poison.try_check(MutexGuard::new(self)),
            Err(_) => Err(TryLockError::WouldBlock),
        }
    }

    /// The value, to which this is the only reference.
    ///
    /// # Errors
    ///
    /// If a thread has unwound while it held the lock.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        self.poison.check(self.value.get_mut())
    }
}

impl<T> From<T> for Mutex<T> {
    fn from(value: T) -> Self {
        Mutex::new(value)
    }
}

impl<T: ?Sized> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mutex").finish_non_exhaustive()
    }
}

/// The right to use the value of a [`Mutex`], until it is dropped.
#[must_use = "the lock is free again when this is dropped"]
pub struct MutexGuard<'a, T: ?Sized> {
    mutex: &'a Mutex<T>,
    value: *mut T,
    was_panicking: bool,
    place: Place,
    /// A lock is freed by the thread that took it.
    not_send: PhantomData<*mut ()>,
}

// SAFETY: a shared guard gives shared access to the value alone.
unsafe impl<T: ?Sized + Sync> Sync for MutexGuard<'_, T> {}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    #[track_caller]
    fn new(mutex: &'a Mutex<T>) -> Self {
        MutexGuard {
            mutex,
            value: mutex.value.get(true),
            was_panicking: panicking(),
            place: Location::caller(),
            not_send: PhantomData,
        }
    }

    /// The lock that this holds.
    pub(super) fn mutex(&self) -> &'a Mutex<T> {
        self.mutex
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the guard holds the lock.
        unsafe { &*self.value }
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the guard holds the lock, and is borrowed by one.
        unsafe { &mut *self.value }
    }
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        self.mutex.value.used(true, self.place);
        self.mutex.poison.leave(self.was_panicking);
        self.mutex.word.store_at(FREE, Release, self.place);
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
