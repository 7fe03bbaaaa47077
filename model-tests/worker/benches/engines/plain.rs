//! Plain memory that no engine looks at.

use std::cell::UnsafeCell;

pub(crate) struct Cell<T>(UnsafeCell<T>);

// SAFETY: the protocol orders all accesses; and shuttle runs all threads on one,
// and does not switch in an access.
unsafe impl<T: Send + Sync> Sync for Cell<T> {}

impl<T> Cell<T> {
    pub(crate) fn new(value: T) -> Self {
        Cell(UnsafeCell::new(value))
    }

    pub(crate) fn look<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        // SAFETY: as for `Sync`.
        look(unsafe { &*self.0.get() })
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut T)) {
        // SAFETY: as for `Sync`.
        change(unsafe { &mut *self.0.get() });
    }
}
