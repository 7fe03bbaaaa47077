//! Accesses that have names.
//!
//! A name makes an access easy to speak of: in traces, and where its ordering is
//! changed. Code that names no access is explored just as well; its accesses are
//! known by their places in the source.
//!
//! In a normal build the names are gone:
//!
//! ```
//! use core::sync::atomic::Ordering::{Acquire, Release};
//! use facade::named::Named;
//! use facade::sync::atomic::AtomicU64;
//!
//! let ready = AtomicU64::new(0);
//! ready.named_store(1, Release, "PUBLISH");
//! assert_eq!(ready.named_load(Acquire, "CONSUME"), 1);
//! ```

use crate::sync::atomic::{self, Ordering};

/// An ordering, and the name of the access that has it.
pub type NamedOrdering = (Ordering, &'static str);

/// How a pointer to plain memory is about to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Uninitialised memory gets a value.
    Init,
    /// The value is read.
    Read,
    /// The value is changed in place.
    Write,
    /// The value is moved or dropped, and the memory uninitialised after it.
    Take,
}

/// The integer atomics, with a name for each access.
pub trait Named {
    /// The integer.
    type Value;

    /// A load.
    #[track_caller]
    fn named_load(&self, order: Ordering, name: &'static str) -> Self::Value;

    /// A store.
    #[track_caller]
    fn named_store(&self, value: Self::Value, order: Ordering, name: &'static str);

    /// An addition.
    #[track_caller]
    fn named_fetch_add(
        &self,
        value: Self::Value,
        order: Ordering,
        name: &'static str,
    ) -> Self::Value;

    /// A subtraction.
    #[track_caller]
    fn named_fetch_sub(
        &self,
        value: Self::Value,
        order: Ordering,
        name: &'static str,
    ) -> Self::Value;

    /// A compare-and-swap, with a name for each way that it can go.
    ///
    /// # Errors
    ///
    /// The value found, if it is not `current`.
    #[track_caller]
    fn named_compare_exchange(
        &self,
        current: Self::Value,
        new: Self::Value,
        success: NamedOrdering,
        failure: NamedOrdering,
    ) -> Result<Self::Value, Self::Value>;

    /// The weak one, in a loop that calls [`retry`] before it tries again.
    ///
    /// # Errors
    ///
    /// The value found, if it is not `current`, or for no reason.
    #[track_caller]
    fn named_compare_exchange_weak(
        &self,
        current: Self::Value,
        new: Self::Value,
        success: NamedOrdering,
        failure: NamedOrdering,
    ) -> Result<Self::Value, Self::Value>;

    /// The newest value, for diagnostics and checks: under an explorer no step.
    fn peek(&self) -> Self::Value;
}

#[cfg(not(any(loom, shuttle, rc11)))]
macro_rules! named {
    ($($name:ident $value:ident)*) => {$(
        impl Named for atomic::$name {
            type Value = $value;

            #[inline(always)]
            fn named_load(&self, order: Ordering, _name: &'static str) -> $value {
                self.load(order)
            }

            #[inline(always)]
            fn named_store(&self, value: $value, order: Ordering, _name: &'static str) {
                self.store(value, order);
            }

            #[inline(always)]
            fn named_fetch_add(&self, value: $value, order: Ordering, _name: &'static str) -> $value {
                self.fetch_add(value, order)
            }

            #[inline(always)]
            fn named_fetch_sub(&self, value: $value, order: Ordering, _name: &'static str) -> $value {
                self.fetch_sub(value, order)
            }

            #[inline(always)]
            fn named_compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: NamedOrdering,
                failure: NamedOrdering,
            ) -> Result<$value, $value> {
                self.compare_exchange(current, new, success.0, failure.0)
            }

            #[inline(always)]
            fn named_compare_exchange_weak(
                &self,
                current: $value,
                new: $value,
                success: NamedOrdering,
                failure: NamedOrdering,
            ) -> Result<$value, $value> {
                self.compare_exchange_weak(current, new, success.0, failure.0)
            }

            #[inline(always)]
            fn peek(&self) -> $value {
                // ORDERING: Relaxed, no partner: for diagnostics, and for checks of a
                // word that no other thread may change.
                self.load(Ordering::Relaxed)
            }
        }
    )*};
}

#[cfg(any(loom, shuttle, rc11))]
macro_rules! named {
    ($($name:ident $value:ident)*) => {$(
        impl Named for atomic::$name {
            type Value = $value;

            #[inline]
            #[track_caller]
            fn named_load(&self, order: Ordering, name: &'static str) -> $value {
                self.load_at(order, Site::named(name))
            }

            #[inline]
            #[track_caller]
            fn named_store(&self, value: $value, order: Ordering, name: &'static str) {
                self.store_at(value, order, Site::named(name));
            }

            #[inline]
            #[track_caller]
            fn named_fetch_add(&self, value: $value, order: Ordering, name: &'static str) -> $value {
                self.fetch_at(Fetch::Add, value, order, Site::named(name))
            }

            #[inline]
            #[track_caller]
            fn named_fetch_sub(&self, value: $value, order: Ordering, name: &'static str) -> $value {
                self.fetch_at(Fetch::Sub, value, order, Site::named(name))
            }

            #[inline]
            #[track_caller]
            fn named_compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: NamedOrdering,
                failure: NamedOrdering,
            ) -> Result<$value, $value> {
                let sites = [Site::named(success.1), Site::named(failure.1).failing()];
                self.exchange_at((current, new), [success.0, failure.0], sites, Strength::Strong)
            }

            #[inline]
            #[track_caller]
            fn named_compare_exchange_weak(
                &self,
                current: $value,
                new: $value,
                success: NamedOrdering,
                failure: NamedOrdering,
            ) -> Result<$value, $value> {
                let sites = [Site::named(success.1), Site::named(failure.1).failing()];
                self.exchange_at((current, new), [success.0, failure.0], sites, Strength::Retried)
            }

            #[inline]
            fn peek(&self) -> $value {
                self.newest()
            }
        }
    )*};
}

#[cfg(any(loom, shuttle, rc11))]
use crate::{access::Strength, places::Site, update::Fetch};

named! {
    AtomicU8 u8 AtomicU16 u16 AtomicU32 u32 AtomicU64 u64 AtomicUsize usize
    AtomicI8 i8 AtomicI16 i16 AtomicI32 i32 AtomicI64 i64 AtomicIsize isize
}

/// A fence.
///
/// # Panics
///
/// If `order` is `Relaxed`.
#[inline(always)]
#[track_caller]
pub fn named_fence(order: Ordering, name: &'static str) {
    #[cfg(not(any(loom, shuttle, rc11)))]
    {
        let _ = name;
        atomic::fence(order);
    }
    #[cfg(any(loom, shuttle, rc11))]
    crate::access::fence(order, Site::named(name));
}

/// Whether a thread of a model unwinds: nothing that it does is explored then. Never
/// in a normal build.
#[inline(always)]
pub fn is_unwinding() -> bool {
    #[cfg(not(any(loom, shuttle, rc11)))]
    let unwinding = false;
    #[cfg(any(loom, shuttle, rc11))]
    let unwinding = crate::model::is_unwinding();
    unwinding
}

/// Does something that is no part of a model: what it does to atomics is no step. They
/// must be such that no thread of the model writes them.
#[inline(always)]
pub fn aside<R>(act: impl FnOnce() -> R) -> R {
    #[cfg(any(loom, shuttle, rc11))]
    let act = || crate::model::aside(act);
    act()
}

/// Called between two attempts of a loop around a weak compare-and-swap.
#[inline(always)]
#[track_caller]
pub fn retry() {
    #[cfg(not(any(loom, shuttle, rc11)))]
    crate::hint::spin_loop();
    #[cfg(any(loom, shuttle, rc11))]
    crate::engine::retry(::core::panic::Location::caller());
}

/// Plain memory without a value at first, whose accesses state whether they read or write.
#[repr(transparent)]
#[derive(Debug)]
pub struct PlainCell<T>(crate::cell::UnsafeCell<crate::mem::MaybeUninit<T>>);

impl<T> PlainCell<T> {
    /// Memory without a value.
    pub const fn uninit() -> Self {
        PlainCell(crate::cell::UnsafeCell::new(
            crate::mem::MaybeUninit::uninit(),
        ))
    }

    /// A pointer to the memory, used right away and only as `access` states. `name` is
    /// that of the field.
    ///
    /// An explorer looks for races here, and whether there is a value to be used.
    #[inline(always)]
    #[track_caller]
    pub fn get(&self, access: Access, name: &'static str) -> *mut T {
        #[cfg(not(any(loom, shuttle, rc11)))]
        let pointer = {
            let _ = (access, name);
            self.0.get()
        };
        #[cfg(any(loom, shuttle, rc11))]
        let pointer = self.0.get_named(access, name);
        pointer.cast()
    }
}
