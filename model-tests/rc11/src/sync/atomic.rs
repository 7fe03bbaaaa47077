//! Atomics, as in [`core::sync::atomic`]: same size, same methods, any ordering.
//!
//! Outside of a model they are the real ones.

use std::fmt;
use std::panic::Location;
use std::ptr;

use core::sync::atomic as real;
pub use core::sync::atomic::Ordering;

use crate::context::{self, Memory as _};
use crate::graph::{Operation, ReadMode, Update};
use crate::race::Place;

/// As [`core::sync::atomic::fence`].
///
/// # Panics
///
/// If `order` is `Relaxed`.
#[track_caller]
pub fn fence(order: Ordering) {
    assert!(
        order != Ordering::Relaxed,
        "there is no such thing as a relaxed fence"
    );
    if context::fence(order, Location::caller()).is_none() {
        real::fence(order);
    }
}

fn check_load(order: Ordering) {
    assert!(
        !matches!(order, Ordering::Release | Ordering::AcqRel),
        "there is no such thing as a release load"
    );
}

fn check_store(order: Ordering) {
    assert!(
        !matches!(order, Ordering::Acquire | Ordering::AcqRel),
        "there is no such thing as an acquire store"
    );
}

macro_rules! atomic {
    ($(#[$doc:meta])* $name:ident $(<$generic:ident>)?, $value:ty, $bits:expr,
     to: $to:expr, from: $from:expr) => {
        $(#[$doc])*
        #[repr(transparent)]
        pub struct $name $(<$generic>)? (real::$name $(<$generic>)?);

        impl $(<$generic>)? $name $(<$generic>)? {
            /// An atomic with this value.
            pub const fn new(value: $value) -> Self {
                Self(real::$name::new(value))
            }

            /// The newest value, without taking part in the model.
            pub fn peek(&self) -> $value {
                ($from)(self.value())
            }

            pub(crate) fn update(&self, mode: &ReadMode, weak: bool, place: Place) -> Option<u64> {
                context::read(self, mode, weak, place).map(|read| read.value)
            }

            /// As in [`core::sync::atomic`].
            #[track_caller]
            pub fn load(&self, order: Ordering) -> $value {
                check_load(order);
                match self.update(&ReadMode::Load { order }, false, Location::caller()) {
                    Some(value) => ($from)(value),
                    None => self.0.load(order),
                }
            }

            /// As in [`core::sync::atomic`].
            #[track_caller]
            pub fn store(&self, value: $value, order: Ordering) {
                check_store(order);
                self.store_at(value, order, Location::caller());
            }

            pub(crate) fn store_at(&self, value: $value, order: Ordering, place: Place) {
                let to = ($to)(value);
                if context::write(self, order, to, place).is_none() {
                    self.0.store(value, order);
                }
            }

            /// As in [`core::sync::atomic`].
            #[track_caller]
            pub fn swap(&self, value: $value, order: Ordering) -> $value {
                match self.fetch(Operation::Swap, value, order) {
                    Some(old) => old,
                    None => self.0.swap(value, order),
                }
            }

            #[track_caller]
            fn fetch(&self, operation: Operation, operand: $value, order: Ordering) -> Option<$value> {
                let update = Update { operation, operand: ($to)(operand), bits: $bits };
                let mode = ReadMode::Update { order, update };
                self.update(&mode, false, Location::caller()).map($from)
            }

            /// As in [`core::sync::atomic`].
            ///
            /// # Errors
            ///
            /// The value found, if it is not `current`.
            #[track_caller]
            pub fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                check_load(failure);
                match self.exchange(current, new, success, failure, false) {
                    Some(result) => result,
                    None => self.0.compare_exchange(current, new, success, failure),
                }
            }

            /// As in [`core::sync::atomic`]. It fails without a reason only if
            /// the [builder](crate::Builder::spurious_failures) asks for it.
            ///
            /// # Errors
            ///
            /// The value found, if it is not `current`.
            #[track_caller]
            pub fn compare_exchange_weak(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                check_load(failure);
                match self.exchange(current, new, success, failure, true) {
                    Some(result) => result,
                    None => self.0.compare_exchange_weak(current, new, success, failure),
                }
            }

            #[track_caller]
            fn exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
                weak: bool,
            ) -> Option<Result<$value, $value>> {
                let expected = ($to)(current);
                let mode = ReadMode::Exchange { expected, new: ($to)(new), success, failure };
                let place = Location::caller();
                let read = context::read(self, &mode, weak, place)?;
                let old = ($from)(read.value);
                Some(if read.exchanged { Ok(old) } else { Err(old) })
            }

            /// As in [`core::sync::atomic`].
            ///
            /// # Errors
            ///
            /// The value found, if `update` gives none for it.
            #[track_caller]
            pub fn fetch_update(
                &self,
                set: Ordering,
                fetch: Ordering,
                mut update: impl FnMut($value) -> Option<$value>,
            ) -> Result<$value, $value> {
                let mut old = self.load(fetch);
                while let Some(new) = update(old) {
                    match self.compare_exchange_weak(old, new, set, fetch) {
                        Ok(old) => return Ok(old),
                        Err(newer) => old = newer,
                    }
                }
                Err(old)
            }

            /// The value, to which this is the only reference.
            #[track_caller]
            pub fn get_mut(&mut self) -> &mut $value {
                context::own(self.address(), Location::caller());
                self.0.get_mut()
            }

            /// The value.
            #[track_caller]
            pub fn into_inner(mut self) -> $value {
                *self.get_mut()
            }
        }

        impl $(<$generic>)? context::Memory for $name $(<$generic>)? {
            fn address(&self) -> usize {
                ptr::from_ref(self).addr()
            }

            fn size(&self) -> usize {
                size_of::<$value>()
            }

            fn value(&self) -> u64 {
                // ORDERING: Relaxed, no partner: in a model one OS thread runs at
                // a time; outside it serves as the value of a failed exchange.
                ($to)(self.0.load(Ordering::Relaxed))
            }

            fn set_value(&self, value: u64) {
                // ORDERING: Relaxed, no partner: one OS thread runs at a time.
                self.0.store(($from)(value), Ordering::Relaxed);
            }
        }

        impl $(<$generic>)? Drop for $name $(<$generic>)? {
            fn drop(&mut self) {
                context::forget(self.address());
            }
        }

        impl $(<$generic>)? From<$value> for $name $(<$generic>)? {
            fn from(value: $value) -> Self {
                Self::new(value)
            }
        }

        impl $(<$generic>)? fmt::Debug for $name $(<$generic>)? {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.peek(), f)
            }
        }
    };
}

macro_rules! fetch {
    ($name:ident, $value:ty, $($method:ident $operation:ident)*) => {
        impl $name {
            $(
                /// As in [`core::sync::atomic`].
                #[track_caller]
                pub fn $method(&self, operand: $value, order: Ordering) -> $value {
                    match self.fetch(Operation::$operation, operand, order) {
                        Some(old) => old,
                        None => self.0.$method(operand, order),
                    }
                }
            )*
        }
    };
}

macro_rules! integer {
    ($name:ident, $value:ident, $unsigned:ident, $max:ident, $min:ident) => {
        atomic!(
            /// As the one of [`core::sync::atomic`].
            $name, $value, $value::BITS,
            to: |value: $value| value as $unsigned as u64,
            from: |value: u64| value as $value
        );
        fetch!(
            $name, $value,
            fetch_add Add
            fetch_sub Sub
            fetch_and And
            fetch_nand Nand
            fetch_or Or
            fetch_xor Xor
            fetch_max $max
            fetch_min $min
        );

        impl Default for $name {
            fn default() -> Self {
                Self::new(0)
            }
        }
    };
}

integer!(AtomicU8, u8, u8, Max, Min);
integer!(AtomicU16, u16, u16, Max, Min);
integer!(AtomicU32, u32, u32, Max, Min);
integer!(AtomicU64, u64, u64, Max, Min);
integer!(AtomicUsize, usize, usize, Max, Min);
integer!(AtomicI8, i8, u8, MaxSigned, MinSigned);
integer!(AtomicI16, i16, u16, MaxSigned, MinSigned);
integer!(AtomicI32, i32, u32, MaxSigned, MinSigned);
integer!(AtomicI64, i64, u64, MaxSigned, MinSigned);
integer!(AtomicIsize, isize, usize, MaxSigned, MinSigned);

atomic!(
    /// As the one of [`core::sync::atomic`].
    AtomicBool, bool, 1,
    to: |value: bool| u64::from(value),
    from: |value: u64| value != 0
);
fetch!(AtomicBool, bool, fetch_and And fetch_nand Nand fetch_or Or fetch_xor Xor);

impl AtomicBool {
    /// As in [`core::sync::atomic`].
    #[track_caller]
    pub fn fetch_not(&self, order: Ordering) -> bool {
        self.fetch_xor(true, order)
    }
}

impl Default for AtomicBool {
    fn default() -> Self {
        Self::new(false)
    }
}

atomic!(
    /// As the one of [`core::sync::atomic`].
    AtomicPtr<T>, *mut T, usize::BITS,
    to: |value: *mut T| value.expose_provenance() as u64,
    from: |value: u64| ptr::with_exposed_provenance_mut::<T>(value as usize)
);

impl<T> Default for AtomicPtr<T> {
    fn default() -> Self {
        Self::new(ptr::null_mut())
    }
}
