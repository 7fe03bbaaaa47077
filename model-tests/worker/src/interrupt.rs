//! Stopping early, with the results so far.

use std::sync::atomic::{AtomicBool, Ordering};

static STOP: AtomicBool = AtomicBool::new(false);

/// Asks the exploration under way to come to an end.
pub(crate) fn request() {
    // ORDERING: Relaxed: a flag that is looked at again and again.
    STOP.store(true, Ordering::Relaxed);
}

/// Whether the exploration under way should come to an end.
pub(crate) fn requested() -> bool {
    // ORDERING: Relaxed: a flag that is looked at again and again.
    STOP.load(Ordering::Relaxed)
}
