//! Hints to the explorer.

use std::panic::Location;

use crate::context;

/// Marks that the thread has iterated a loop without progress, and iterates again.
///
/// The thread waits here until something that it has read changes: all it can do
/// until then is to come here again. If nothing ever changes, it is a deadlock.
#[track_caller]
pub fn spin_loop() {
    if context::is_in_thread() {
        context::spin(Location::caller());
    } else {
        core::hint::spin_loop();
    }
}
