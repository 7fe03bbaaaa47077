//! What threads share.

pub mod atomic;
mod condvar;
mod mutex;
mod rwlock;
mod word;

pub use std::sync::{Arc, LockResult, PoisonError, TryLockError, TryLockResult};

pub use condvar::{Condvar, WaitTimeoutResult};
pub use mutex::{Mutex, MutexGuard};
pub use rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};
