//! Locks whose threads sleep, and pointers that are counted.

mod counted;
mod rw_mutex;
mod spin;
mod wait_queue;

pub use counted::Counted;
pub use rw_mutex::{ReadGuard, RwMutex, WriteGuard};
pub use spin::{SpinGuard, SpinLock};
pub use wait_queue::WaitQueue;
