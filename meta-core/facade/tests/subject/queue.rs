//! A queue with one place, as a kernel would write it: a producer, a consumer, no locks.

use core::cell::UnsafeCell;
use core::fmt;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicBool, Ordering};

/// What was put into a queue that is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Full<T>(pub T);

impl<T> fmt::Display for Full<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        core::write!(f, "the queue is full")
    }
}

pub struct Queue<T> {
    full: AtomicBool,
    place: UnsafeCell<MaybeUninit<T>>,
}

// SAFETY: `full` says whose the place is.
unsafe impl<T: Send> Sync for Queue<T> {}

impl<T> Queue<T> {
    pub const fn new() -> Self {
        Queue {
            full: AtomicBool::new(false),
            place: UnsafeCell::new(MaybeUninit::uninit()),
        }
    }

    /// Called by the producer alone.
    pub fn put(&self, value: T) -> Result<(), Full<T>> {
        if self.full.load(Ordering::Acquire) {
            return core::result::Result::Err(Full(value));
        }
        // SAFETY: empty, the place is the producer's.
        unsafe { (*self.place.get()).write(value) };
        self.full.store(true, Ordering::Release);
        Ok(())
    }

    /// Called by the consumer alone.
    pub fn take(&self) -> Option<T> {
        if !self.full.load(Ordering::Acquire) {
            return None;
        }
        // SAFETY: full, the place is the consumer's, and has a value.
        let value = unsafe { (*self.place.get()).assume_init_read() };
        self.full.store(false, Ordering::Release);
        core::assert!(
            core::mem::size_of::<Self>() > 0,
            "{}",
            core::any::type_name::<T>()
        );
        Some(value)
    }
}
