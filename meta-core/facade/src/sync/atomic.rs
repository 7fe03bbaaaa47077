//! As [`core::sync::atomic`]: the same sizes, the same methods, any ordering.

use ::core::fmt;
use ::core::mem::ManuallyDrop;
use ::core::panic::Location;
use ::core::ptr;
use ::core::sync::atomic as real;

#[doc(no_inline)]
pub use ::core::sync::atomic::*;

use crate::access::{self, Strength};
use crate::engine;
use crate::places::Site;
use crate::update::{self, Fetch};
use crate::word::Word;

/// As [`core::sync::atomic::fence`].
///
/// # Panics
///
/// If `order` is `Relaxed`.
#[track_caller]
pub fn fence(order: Ordering) {
    access::fence(order, Site::here());
}

/// As [`core::hint::spin_loop`](crate::hint::spin_loop), by its old name.
#[deprecated(note = "use `core::hint::spin_loop`")]
#[track_caller]
pub fn spin_loop_hint() {
    engine::spin(Location::caller());
}

#[inline]
#[track_caller]
fn check_load(order: Ordering) {
    assert!(
        !matches!(order, Ordering::Release | Ordering::AcqRel),
        "there is no such thing as a release load"
    );
}

#[inline]
#[track_caller]
fn check_store(order: Ordering) {
    assert!(
        !matches!(order, Ordering::Acquire | Ordering::AcqRel),
        "there is no such thing as an acquire store"
    );
}

macro_rules! atomic {
    ($name:ident $(<$generic:ident>)?, $value:ty, $bits:expr, to: $to:expr, from: $from:expr) => {
        #[doc = concat!("As [`core::sync::atomic::", stringify!($name), "`].")]
        #[repr(transparent)]
        pub struct $name $(<$generic>)? (real::$name $(<$generic>)?);

        impl $(<$generic>)? Word for $name $(<$generic>)? {
            const SIZE: usize = size_of::<$value>();
            const BITS: u32 = $bits;

            #[inline]
            fn address(&self) -> usize {
                ptr::from_ref(self).expose_provenance()
            }

            #[inline]
            fn value(&self) -> u64 {
                // ORDERING: Relaxed, no partner: one thread of a model runs at a time.
                ($to)(self.0.load(Ordering::Relaxed))
            }

            #[inline]
            fn set_value(&self, value: u64) {
                // ORDERING: Relaxed, no partner: as above.
                self.0.store(($from)(value), Ordering::Relaxed);
            }
        }

        impl $(<$generic>)? $name $(<$generic>)? {
            /// As in [`core::sync::atomic`].
            pub const fn new(value: $value) -> Self {
                Self(real::$name::new(value))
            }

            /// As in [`core::sync::atomic`].
            ///
            /// # Safety
            ///
            /// As there.
            pub const unsafe fn from_ptr<'a>(pointer: *mut $value) -> &'a Self {
                // SAFETY: the layout is that of the value; the rest is promised by the caller.
                unsafe { &*pointer.cast() }
            }

            /// As in [`core::sync::atomic`].
            pub const fn as_ptr(&self) -> *mut $value {
                self.0.as_ptr()
            }

            /// As in [`core::sync::atomic`]: the thread that runs has it for itself.
            #[track_caller]
            pub fn get_mut(&mut self) -> &mut $value {
                access::own(self, Location::caller());
                self.0.get_mut()
            }

            /// As in [`core::sync::atomic`].
            pub const fn into_inner(self) -> $value {
                let this = ManuallyDrop::new(self);
                // SAFETY: the layout is that of the value, and `this` is not used again.
                unsafe { ptr::from_ref(&this).cast::<$value>().read() }
            }

            /// What memory holds, which is no step of the model.
            #[allow(dead_code, reason = "only integers have names")]
            #[inline]
            pub(crate) fn newest(&self) -> $value {
                ($from)(self.value())
            }

            /// As in [`core::sync::atomic`].
            #[inline]
            #[track_caller]
            pub fn load(&self, order: Ordering) -> $value {
                self.load_at(order, Site::here())
            }

            #[inline]
            #[track_caller]
            pub(crate) fn load_at(&self, order: Ordering, site: Site) -> $value {
                check_load(order);
                match access::load(self, order, site) {
                    Some(value) => ($from)(value),
                    None => self.0.load(order),
                }
            }

            /// As in [`core::sync::atomic`].
            #[inline]
            #[track_caller]
            pub fn store(&self, value: $value, order: Ordering) {
                self.store_at(value, order, Site::here());
            }

            #[inline]
            #[track_caller]
            pub(crate) fn store_at(&self, value: $value, order: Ordering, site: Site) {
                check_store(order);
                if access::store(self, ($to)(value), order, site).is_none() {
                    self.0.store(value, order);
                }
            }

            /// As in [`core::sync::atomic`].
            #[inline]
            #[track_caller]
            pub fn swap(&self, value: $value, order: Ordering) -> $value {
                self.fetch_at(Fetch::Swap, value, order, Site::here())
            }

            #[inline]
            pub(crate) fn fetch_at(
                &self,
                operation: Fetch,
                operand: $value,
                order: Ordering,
                site: Site,
            ) -> $value {
                let operand = ($to)(operand);
                let old = access::fetch(self, operation, operand, order, site).unwrap_or_else(|| {
                    let update = update::of::<Self>(operation, operand);
                    self.outside(order, |value| Some(update.apply(value))).unwrap_or_else(|old| old)
                });
                ($from)(old)
            }

            /// A read-modify-write outside of a model.
            #[cold]
            fn outside(
                &self,
                order: Ordering,
                change: impl Fn(u64) -> Option<u64>,
            ) -> Result<u64, u64> {
                let fetch = match order {
                    Ordering::Release => Ordering::Relaxed,
                    Ordering::AcqRel => Ordering::Acquire,
                    order => order,
                };
                let change = |value| change(($to)(value)).map($from);
                self.0.fetch_update(order, fetch, change).map($to).map_err($to)
            }

            /// As in [`core::sync::atomic`].
            #[deprecated(note = "use `compare_exchange`")]
            #[track_caller]
            pub fn compare_and_swap(&self, current: $value, new: $value, order: Ordering) -> $value {
                let failure = match order {
                    Ordering::Release => Ordering::Relaxed,
                    Ordering::AcqRel => Ordering::Acquire,
                    order => order,
                };
                self.compare_exchange(current, new, order, failure).unwrap_or_else(|old| old)
            }

            /// As in [`core::sync::atomic`].
            ///
            /// # Errors
            ///
            /// The value found, if it is not `current`.
            #[inline]
            #[track_caller]
            pub fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                let sites = [Site::here(), Site::here().failing()];
                self.exchange_at((current, new), [success, failure], sites, Strength::Strong)
            }

            /// As in [`core::sync::atomic`]. It fails without a reason only if the
            /// explorer is asked for that.
            ///
            /// # Errors
            ///
            /// The value found, if it is not `current`.
            #[inline]
            #[track_caller]
            pub fn compare_exchange_weak(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                let sites = [Site::here(), Site::here().failing()];
                self.exchange_at((current, new), [success, failure], sites, Strength::Weak)
            }

            #[inline]
            #[track_caller]
            pub(crate) fn exchange_at(
                &self,
                (current, new): ($value, $value),
                orders: [Ordering; 2],
                sites: [Site; 2],
                strength: Strength,
            ) -> Result<$value, $value> {
                check_load(orders[1]);
                let values = (($to)(current), ($to)(new));
                match access::exchange(self, values, orders, sites, strength) {
                    Some(result) => result.map($from).map_err($from),
                    None => self.0.compare_exchange(current, new, orders[0], orders[1]),
                }
            }

            /// As in [`core::sync::atomic`].
            ///
            /// # Errors
            ///
            /// The value found, if `change` gives none for it.
            #[track_caller]
            pub fn fetch_update(
                &self,
                set: Ordering,
                fetch: Ordering,
                change: impl FnMut($value) -> Option<$value>,
            ) -> Result<$value, $value> {
                self.try_update(set, fetch, change)
            }

            /// As in [`core::sync::atomic`].
            ///
            /// # Errors
            ///
            /// The value found, if `change` gives none for it.
            #[track_caller]
            pub fn try_update(
                &self,
                set: Ordering,
                fetch: Ordering,
                mut change: impl FnMut($value) -> Option<$value>,
            ) -> Result<$value, $value> {
                let mut old = self.load(fetch);
                while let Some(new) = change(old) {
                    match self.compare_exchange_weak(old, new, set, fetch) {
                        Ok(old) => return Ok(old),
                        Err(newer) => old = newer,
                    }
                }
                Err(old)
            }

            /// As in [`core::sync::atomic`].
            #[track_caller]
            pub fn update(
                &self,
                set: Ordering,
                fetch: Ordering,
                mut change: impl FnMut($value) -> $value,
            ) -> $value {
                self.try_update(set, fetch, |value| Some(change(value))).unwrap_or_else(|old| old)
            }
        }

        impl $(<$generic>)? Drop for $name $(<$generic>)? {
            #[inline]
            fn drop(&mut self) {
                engine::forget(self);
            }
        }

        impl $(<$generic>)? From<$value> for $name $(<$generic>)? {
            fn from(value: $value) -> Self {
                Self::new(value)
            }
        }

        impl $(<$generic>)? fmt::Debug for $name $(<$generic>)? {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

macro_rules! fetch {
    ($name:ident, $value:ty, $($method:ident $operation:ident)*) => {
        impl $name {
            $(
                /// As in [`core::sync::atomic`].
                #[inline]
                #[track_caller]
                pub fn $method(&self, operand: $value, order: Ordering) -> $value {
                    self.fetch_at(Fetch::$operation, operand, order, Site::here())
                }
            )*
        }
    };
}

macro_rules! integer {
    ($name:ident, $value:ident, $unsigned:ident, $max:ident, $min:ident) => {
        atomic!(
            $name, $value, $value::BITS,
            to: |value: $value| value as $unsigned as u64,
            from: |value: u64| value as $value
        );
        fetch!(
            $name, $value,
            fetch_add Add fetch_sub Sub fetch_and And fetch_nand Nand fetch_or Or fetch_xor Xor
            fetch_max $max fetch_min $min
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
    AtomicBool, bool, 1,
    to: |value: bool| u64::from(value),
    from: |value: u64| value != 0
);
fetch!(AtomicBool, bool, fetch_and And fetch_nand Nand fetch_or Or fetch_xor Xor);

impl AtomicBool {
    /// As in [`core::sync::atomic`].
    #[inline]
    #[track_caller]
    pub fn fetch_not(&self, order: Ordering) -> bool {
        self.fetch_at(Fetch::Xor, true, order, Site::here())
    }
}

impl Default for AtomicBool {
    fn default() -> Self {
        Self::new(false)
    }
}

atomic!(
    AtomicPtr<T>, *mut T, usize::BITS,
    to: |value: *mut T| value.expose_provenance() as u64,
    from: |value: u64| ptr::with_exposed_provenance_mut::<T>(value as usize)
);

macro_rules! fetch_pointer {
    ($($method:ident $operation:ident by $unit:expr)*) => {
        impl<T> AtomicPtr<T> {
            $(
                /// As in [`core::sync::atomic`].
                #[inline]
                #[track_caller]
                pub fn $method(&self, operand: usize, order: Ordering) -> *mut T {
                    let operand = operand.wrapping_mul($unit);
                    let operand = ptr::without_provenance_mut(operand);
                    self.fetch_at(Fetch::$operation, operand, order, Site::here())
                }
            )*
        }
    };
}

fetch_pointer!(
    fetch_ptr_add Add by size_of::<T>()
    fetch_ptr_sub Sub by size_of::<T>()
    fetch_byte_add Add by 1
    fetch_byte_sub Sub by 1
    fetch_and And by 1
    fetch_or Or by 1
    fetch_xor Xor by 1
);

impl<T> Default for AtomicPtr<T> {
    fn default() -> Self {
        Self::new(ptr::null_mut())
    }
}

impl<T> fmt::Pointer for AtomicPtr<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Pointer::fmt(&self.0, f)
    }
}
