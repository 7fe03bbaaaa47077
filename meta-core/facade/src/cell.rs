//! As [`core::cell`].

use ::core::fmt;
use ::core::panic::Location;

#[doc(no_inline)]
pub use ::core::cell::*;

use crate::access;
use crate::named::Access;
use crate::word::Memory;

/// As [`core::cell::UnsafeCell`]: to ask for a pointer is an access to the value.
#[derive(Default)]
#[repr(transparent)]
pub struct UnsafeCell<T: ?Sized>(::core::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    /// A cell with this value.
    pub const fn new(value: T) -> Self {
        UnsafeCell(::core::cell::UnsafeCell::new(value))
    }

    /// The value.
    pub fn into_inner(self) -> T {
        self.0.into_inner()
    }
}

impl<T> UnsafeCell<T> {
    /// As [`get`](Self::get), without a reference to the cell: the pointer may dangle.
    #[inline]
    #[track_caller]
    pub fn raw_get(this: *const Self) -> *mut T {
        access::cell(Memory::at(this, size_of::<T>()), Location::caller());
        this as *const T as *mut T
    }
}

impl<T: ?Sized> UnsafeCell<T> {
    /// A cell around a value that is borrowed.
    pub const fn from_mut(value: &mut T) -> &mut Self {
        // SAFETY: the cell has the layout of the value, and the borrow is exclusive.
        unsafe { &mut *(::core::ptr::from_mut(value) as *mut Self) }
    }

    /// A pointer to the value. Whether it is read or written follows from the
    /// place: see [`model::classify`](crate::model::classify).
    #[inline]
    #[track_caller]
    pub fn get(&self) -> *mut T {
        access::cell(Memory::of(&self.0), Location::caller());
        self.0.get()
    }

    /// The value, to which this is the only reference: it is written.
    #[inline]
    #[track_caller]
    pub fn get_mut(&mut self) -> &mut T {
        access::own_cell(Memory::of(&self.0), Location::caller());
        self.0.get_mut()
    }

    #[inline]
    #[track_caller]
    pub(crate) fn get_named(&self, access: Access, name: &'static str) -> *mut T {
        access::plain(Memory::of(&self.0), access, name, Location::caller());
        self.0.get()
    }
}

impl<T> From<T> for UnsafeCell<T> {
    fn from(value: T) -> Self {
        UnsafeCell::new(value)
    }
}

impl<T: ?Sized> fmt::Debug for UnsafeCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnsafeCell").finish_non_exhaustive()
    }
}
