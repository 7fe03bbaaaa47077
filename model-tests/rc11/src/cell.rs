//! Plain memory whose accesses are judged for data races.

use std::panic::Location;

use crate::context;
use crate::race::Place;

/// As [`core::cell::UnsafeCell`], with each access in a closure, so that it is
/// seen.
///
/// Two accesses, one of them a write, that no happens-before orders are a data
/// race, which ends the exploration.
#[derive(Debug, Default)]
#[repr(transparent)]
pub struct UnsafeCell<T: ?Sized>(core::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    /// A cell with this value.
    pub const fn new(value: T) -> Self {
        UnsafeCell(core::cell::UnsafeCell::new(value))
    }

    /// The value.
    pub fn into_inner(self) -> T {
        self.0.into_inner()
    }
}

impl<T: ?Sized> UnsafeCell<T> {
    fn address(&self) -> usize {
        self.0.get().cast::<()>().addr()
    }

    /// Reads the value.
    #[track_caller]
    pub fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
        self.access(false, || read(self.0.get()))
    }

    /// Reads and writes the value.
    #[track_caller]
    pub fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
        self.access(true, || write(self.0.get()))
    }

    /// A pointer to the value, which is read or written right away, and not
    /// later.
    #[track_caller]
    pub fn get(&self, writes: bool) -> *mut T {
        self.get_at(writes, Location::caller())
    }

    /// As [`get`](Self::get), at a place that the caller knows.
    pub fn get_at(&self, writes: bool, place: &'static Location<'static>) -> *mut T {
        context::plain(self.address(), writes, place);
        self.0.get()
    }

    /// The use of a pointer that [`get`](UnsafeCell::get) gave ends here.
    pub(crate) fn used(&self, writes: bool, place: Place) {
        context::plain(self.address(), writes, place);
    }

    /// The value, to which this is the only reference.
    pub fn get_mut(&mut self) -> &mut T {
        self.0.get_mut()
    }

    #[track_caller]
    fn access<R>(&self, writes: bool, access: impl FnOnce() -> R) -> R {
        let place = Location::caller();
        context::plain(self.address(), writes, place);
        let began = context::events();
        let result = access();
        // What the thread did meanwhile is after the access, and before its end.
        if context::events() != began {
            context::plain(self.address(), writes, place);
        }
        result
    }
}
