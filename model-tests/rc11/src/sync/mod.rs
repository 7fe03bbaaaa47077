//! What threads share: atomics, locks and condition variables.
//!
//! [`Arc`] is that of the standard library, and not a part of the model.

pub mod atomic;
mod barrier;
mod condvar;
mod mutex;
mod rwlock;
mod word;

pub use std::sync::{Arc, LockResult, PoisonError, TryLockError, TryLockResult};

pub use barrier::{Barrier, BarrierWaitResult};
pub use condvar::{Condvar, WaitTimeoutResult};
pub use mutex::{Mutex, MutexGuard};
pub use rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};
