//! Memory for nodes that are reached by pointers.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;

/// Places for nodes, with the same addresses in each execution: a pointer is a
/// value of the program, and an execution is replayed by its values.
pub(crate) struct Arena<T>(Box<[UnsafeCell<MaybeUninit<T>>]>);

// SAFETY: a place is written by the thread that makes its node, before any other
// knows of it; what others do with it is up to `T`.
unsafe impl<T: Sync> Sync for Arena<T> {}

impl<T> Arena<T> {
    pub(crate) fn new(places: usize) -> Arena<T> {
        let place = || UnsafeCell::new(MaybeUninit::uninit());
        Arena(std::iter::repeat_with(place).take(places).collect())
    }

    /// Makes the node in this place, which is used once in an execution. What the
    /// last execution left there is forgotten.
    pub(crate) fn make(&self, place: usize, node: T) -> *mut T {
        let place = self.0[place].get().cast::<T>();
        // SAFETY: it is in bounds and aligned, and nobody knows of it yet.
        unsafe { place.write(node) };
        place
    }
}
