//! A lock for many readers, or one writer.

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
use crate::graph::{Operation, ReadMode, Update};
use crate::race::Place;

const FREE: u64 = 0;
/// Any other value is the number of readers.
const WRITER: u64 = u64::MAX;

/// As [`std::sync::RwLock`].
///
/// A reader waits while there is a writer, and a writer while there is anybody:
/// neither has precedence. Readers count themselves in and out by
/// read-modify-writes of one word, and the explorer tries each order of these.
/// So a reader knows of what an earlier reader did before it left; no code may
/// rely on that, and an execution in which the two overlap shows if some does.
#[derive(Default)]
pub struct RwLock<T: ?Sized> {
    word: AtomicU64,
    poison: Poison,
    value: UnsafeCell<T>,
}

// SAFETY: the lock gives the value to one writer at a time.
unsafe impl<T: ?Sized + Send> Send for RwLock<T> {}
// SAFETY: as above, or to several readers, which the bound allows.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLock<T> {}

impl<T> RwLock<T> {
    /// A free lock around a value.
    pub const fn new(value: T) -> Self {
        RwLock {
            word: AtomicU64::new(FREE),
            poison: Poison::new(),
            value: UnsafeCell::new(value),
        }
    }

    /// The value.
    ///
    /// # Errors
    ///
    /// If a writer has unwound while it held the lock.
    pub fn into_inner(self) -> LockResult<T> {
        self.poison.check(self.value.into_inner())
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Waits until there is no writer, and becomes a reader.
    ///
    /// # Errors
    ///
    /// If a writer has unwound while it held the lock.
    #[track_caller]
    pub fn read(&self) -> LockResult<RwLockReadGuard<'_, T>> {
        let mode = ReadMode::AcquireUnless {
            unless: WRITER,
            add: 1,
        };
        word::wait(&self.word, mode);
        self.poison.check(RwLockReadGuard::new(self))
    }

    /// Waits until there is nobody, and becomes the writer.
    ///
    /// # Errors
    ///
    /// If a writer has unwound while it held the lock.
    #[track_caller]
    pub fn write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        let mode = ReadMode::Acquire {
            expected: FREE,
            new: WRITER,
        };
        word::wait(&self.word, mode);
        self.poison.check(RwLockWriteGuard::new(self))
    }

    /// Becomes a reader if there is no writer.
    ///
    /// # Errors
    ///
    /// If there is one, or if one has unwound while it held the lock.
    #[track_caller]
    pub fn try_read(&self) -> TryLockResult<RwLockReadGuard<'_, T>> {
        let mut readers = self.word.load(Relaxed);
        while readers != WRITER {
            match self
                .word
                .compare_exchange(readers, readers + 1, Acquire, Relaxed)
            {
                Ok(_) => return self.poison.try_check(RwLockReadGuard::new(self)),
                Err(now) => readers = now,
            }
        }
        Err(TryLockError::WouldBlock)
    }

    /// Becomes the writer if there is nobody.
    ///
    /// # Errors
    ///
    /// If there is somebody, or if a writer has unwound while it held the lock.
    #[track_caller]
    pub fn try_write(&self) -> TryLockResult<RwLockWriteGuard<'_, T>> {
        match self.word.compare_exchange(FREE, WRITER, Acquire, Relaxed) {
            Ok(_) => self.poison.try_check(RwLockWriteGuard::new(self)),
            Err(_) => Err(TryLockError::WouldBlock),
        }
    }

    /// The value, to which this is the only reference.
    ///
    /// # Errors
    ///
    /// If a writer has unwound while it held the lock.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        self.poison.check(self.value.get_mut())
    }
}

impl<T> From<T> for RwLock<T> {
    fn from(value: T) -> Self {
        RwLock::new(value)
    }
}

impl<T: ?Sized> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RwLock").finish_non_exhaustive()
    }
}

/// The right to read the value of a [`RwLock`], until it is dropped.
#[must_use = "the lock is left when this is dropped"]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
    value: *const T,
    place: Place,
    /// A lock is left by the thread that took it.
    not_send: PhantomData<*mut ()>,
}

// SAFETY: a shared guard gives shared access to the value alone.
unsafe impl<T: ?Sized + Sync> Sync for RwLockReadGuard<'_, T> {}

impl<'a, T: ?Sized> RwLockReadGuard<'a, T> {
    #[track_caller]
    fn new(lock: &'a RwLock<T>) -> Self {
        RwLockReadGuard {
            lock,
            value: lock.value.get(false),
            place: Location::caller(),
            not_send: PhantomData,
        }
    }
}

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: while the guard is counted there is no writer.
        unsafe { &*self.value }
    }
}

impl<T: ?Sized> Drop for RwLockReadGuard<'_, T> {
    fn drop(&mut self) {
        self.lock.value.used(false, self.place);
        let one_less = ReadMode::Update {
            order: Release,
            update: Update {
                operation: Operation::Sub,
                operand: 1,
                bits: u64::BITS,
            },
        };
        let word = &self.lock.word;
        if word.update(&one_less, false, self.place).is_none() {
            word.fetch_sub(1, Release);
        }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// The right to use the value of a [`RwLock`] alone, until it is dropped.
#[must_use = "the lock is free again when this is dropped"]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
    value: *mut T,
    was_panicking: bool,
    place: Place,
    /// A lock is left by the thread that took it.
    not_send: PhantomData<*mut ()>,
}

// SAFETY: a shared guard gives shared access to the value alone.
unsafe impl<T: ?Sized + Sync> Sync for RwLockWriteGuard<'_, T> {}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    #[track_caller]
    fn new(lock: &'a RwLock<T>) -> Self {
        RwLockWriteGuard {
            lock,
            value: lock.value.get(true),
            was_panicking: panicking(),
            place: Location::caller(),
            not_send: PhantomData,
        }
    }
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the guard is that of the only writer, and there are no readers.
        unsafe { &*self.value }
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, and the guard is borrowed by one.
        unsafe { &mut *self.value }
    }
}

impl<T: ?Sized> Drop for RwLockWriteGuard<'_, T> {
    fn drop(&mut self) {
        self.lock.value.used(true, self.place);
        self.lock.poison.leave(self.was_panicking);
        self.lock.word.store_at(FREE, Release, self.place);
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
