//! A pointer that counts its copies.

use alloc::boxed::Box;
use core::cell::UnsafeCell;
use core::fmt;
use core::marker::PhantomData;
use core::ops::Deref;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering, fence};

use crate::arch;

/// A value on the heap that lives as long as somebody points to it.
pub struct Counted<T> {
    shared: NonNull<Shared<T>>,
    _owns: PhantomData<Shared<T>>,
}

struct Shared<T> {
    count: AtomicUsize,
    value: UnsafeCell<T>,
}

// SAFETY: the pointers share the value; whichever is the last drops it.
unsafe impl<T: Send + Sync> Send for Counted<T> {}

// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Counted<T> {}

impl<T> Counted<T> {
    /// The only pointer to a value.
    pub fn new(value: T) -> Self {
        let shared = Box::new(Shared {
            count: AtomicUsize::new(1),
            value: UnsafeCell::new(value),
        });
        Counted {
            shared: NonNull::from(Box::leak(shared)),
            _owns: PhantomData,
        }
    }

    fn shared(&self) -> &Shared<T> {
        // SAFETY: it lives as long as somebody points to it.
        unsafe { self.shared.as_ref() }
    }

    /// Whether both point to the same value.
    pub fn ptr_eq(this: &Self, other: &Self) -> bool {
        this.shared == other.shared
    }

    /// The value, to change, if nobody else points to it.
    pub fn get_mut(this: &mut Self) -> Option<&mut T> {
        // Acquire: what the others have read is read before we write.
        let only = this.shared().count.load(Ordering::Acquire) == 1;
        // SAFETY: nobody else points to the value, and none can from here on.
        only.then(|| unsafe { &mut *this.shared().value.get() })
    }

    /// As [`get_mut`](Self::get_mut), but nothing orders what the others have read:
    /// not to be used.
    pub fn get_mut_relaxed(this: &mut Self) -> Option<&mut T> {
        let only = this.shared().count.load(Ordering::Relaxed) == 1;
        // SAFETY: as above, and that is not enough.
        only.then(|| unsafe { &mut *this.shared().value.get() })
    }
}

impl<T> Deref for Counted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: nobody changes what somebody else points to.
        unsafe { &*self.shared().value.get() }
    }
}

impl<T> Clone for Counted<T> {
    fn clone(&self) -> Self {
        if self.shared().count.fetch_add(1, Ordering::Relaxed) > isize::MAX as usize {
            arch::abort();
        }
        Counted { ..*self }
    }
}

impl<T> Drop for Counted<T> {
    fn drop(&mut self) {
        // Release: what we have read is read before the value goes.
        if self.shared().count.fetch_sub(1, Ordering::Release) == 1 {
            fence(Ordering::Acquire);
            // SAFETY: from a box, and nobody points to it any more.
            drop(unsafe { Box::from_raw(self.shared.as_ptr()) });
        }
    }
}

impl<T> fmt::Debug for Counted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counted").finish_non_exhaustive()
    }
}
