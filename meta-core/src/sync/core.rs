//! The real thing: `core::sync::atomic`, with each site's own ordering.

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::sync::atomic::{self, AtomicU64};

use super::Access;
use crate::ordering::{self, Site};
use crate::state::SlotState;

/// A shared word.
#[repr(transparent)]
pub(crate) struct AtomicWord(AtomicU64);

impl AtomicWord {
    pub(crate) const fn new(value: u64) -> Self {
        AtomicWord(AtomicU64::new(value))
    }

    #[inline(always)]
    pub(crate) fn load(&self, site: Site) -> u64 {
        self.0.load(site.ordering())
    }

    #[inline(always)]
    pub(crate) fn store(&self, value: u64, site: Site) {
        self.0.store(value, site.ordering());
    }

    #[inline(always)]
    pub(crate) fn fetch_add(&self, value: u64, site: Site) -> u64 {
        self.0.fetch_add(value, site.ordering())
    }

    #[inline(always)]
    pub(crate) fn fetch_sub(&self, value: u64, site: Site) -> u64 {
        self.0.fetch_sub(value, before_a_fence(site.ordering()))
    }

    #[inline(always)]
    pub(crate) fn compare_exchange(
        &self,
        current: u64,
        new: u64,
        success: Site,
        failure: Site,
    ) -> Result<u64, u64> {
        self.0
            .compare_exchange(current, new, success.ordering(), failure.ordering())
    }

    #[inline(always)]
    pub(crate) fn compare_exchange_weak(
        &self,
        current: u64,
        new: u64,
        success: Site,
        failure: Site,
    ) -> Result<u64, u64> {
        self.0
            .compare_exchange_weak(current, new, success.ordering(), failure.ordering())
    }

    /// The latest value, without taking part in the protocol.
    pub(crate) fn peek(&self) -> u64 {
        // ORDERING: PEEK, Relaxed, no partner: for diagnostics, and for checks of a
        // word that no other thread may change.
        self.load(ordering::PEEK)
    }
}

#[inline(always)]
pub(crate) fn fence(site: Site) {
    atomic::fence(site.ordering());
}

/// ThreadSanitizer knows no fences. For it, the acquire fence that follows the
/// last decrement is made a part of each; what a decrement releases stays as its
/// site says.
#[inline(always)]
const fn before_a_fence(ordering: atomic::Ordering) -> atomic::Ordering {
    match ordering {
        atomic::Ordering::Release if cfg!(tsan) => atomic::Ordering::AcqRel,
        atomic::Ordering::Relaxed if cfg!(tsan) => atomic::Ordering::Acquire,
        ordering => ordering,
    }
}

/// Whether transitions check the state that they start from.
pub(crate) const CHECKED: bool = cfg!(debug_assertions);

/// A transition starts from a state that its caller's handle rules out.
#[cold]
#[track_caller]
pub(crate) fn wrong_state(found: SlotState, expected: &'static str) {
    panic!("the slot is {found} where a transition starts from {expected}");
}

/// Called between two attempts of a compare-and-swap loop.
#[inline(always)]
pub(crate) fn retry_hint() {
    core::hint::spin_loop();
}

/// Plain memory that the protocol guards.
#[repr(transparent)]
pub(crate) struct PlainCell<T>(UnsafeCell<MaybeUninit<T>>);

impl<T> PlainCell<T> {
    pub(crate) const fn uninit(_name: &'static str) -> Self {
        PlainCell(UnsafeCell::new(MaybeUninit::uninit()))
    }

    /// A pointer to the memory, used right away and only as `access` says.
    #[inline(always)]
    pub(crate) fn get(&self, _access: Access) -> *mut T {
        self.0.get().cast()
    }
}
