//! What the protocol shares between threads.
//!
//! All of it goes through this module, and through the facade: normal builds get
//! `core`'s own atomics and nothing else; in a model the same calls reach an explorer, and
//! `model` lets a harness trace them, change one site's ordering and make a weak
//! compare-and-swap fail. No model changes an ordering by itself.

use core::marker::PhantomData;

use facade::named::{self, Named};
use facade::sync::atomic::{AtomicU64, Ordering};

use crate::ordering::Site;
use crate::state::SlotState;

#[cfg(model)]
pub use facade::model;

/// The greatest number of handles to one frame.
///
/// Reaching it aborts instead of overflowing.
#[cfg(not(model))]
pub const REF_COUNT_MAX: u64 = i64::MAX as u64;

/// The greatest number of handles to one frame.
///
/// Small in model builds, so that programs can reach the edge.
#[cfg(model)]
pub const REF_COUNT_MAX: u64 = 16;

#[cfg_attr(not(model), doc = "```")]
#[cfg_attr(model, doc = "```ignore (needs the real atomics)")]
/// # mod kernel { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/kernel.rs")); }
/// # use kernel::Kernel;
/// # use meta_core::{Access, GetFrameError, MetaSlot, Ownership};
/// # struct PageTable { level: u8 }
/// # meta_core::impl_frame_meta_for!(PageTable);
/// # let table = PageTable { level: 2 };
/// # let slot = MetaSlot::get_from_unused::<Kernel, _>(0, table, Ownership::Unique)?;
/// // Stated at each access, so that a model can see it.
/// let metadata = slot.as_meta_ptr::<PageTable>(Access::Read);
/// // SAFETY: the slot is unique, and the metadata is a `PageTable`.
/// assert_eq!(unsafe { (*metadata).level }, 2);
/// # Ok::<(), GetFrameError>(())
/// ```
pub use facade::named::Access;

/// A word that needs no exploring: it is written once, at start-up.
pub(crate) mod unmodelled {
    pub(crate) use core::sync::atomic::AtomicUsize;
}

/// A shared word, accessed with each site's own ordering.
///
/// While a thread of a model unwinds nothing is explored any more, and each access has
/// a harmless result.
#[repr(transparent)]
#[derive(Debug)]
pub(crate) struct AtomicWord(AtomicU64);

impl AtomicWord {
    pub(crate) const fn new(value: u64) -> Self {
        AtomicWord(AtomicU64::new(value))
    }

    /// The word at an address.
    ///
    /// # Safety
    ///
    /// As [`AtomicU64::from_ptr`].
    #[inline(always)]
    pub(crate) unsafe fn from_ptr<'a>(pointer: *mut u64) -> &'a Self {
        // SAFETY: promised by the caller; the layout is that of the atomic.
        unsafe { &*pointer.cast() }
    }

    #[inline(always)]
    #[track_caller]
    pub(crate) fn load(&self, site: Site) -> u64 {
        if named::is_unwinding() {
            return self.peek();
        }
        self.0.named_load(site.ordering(), site.name())
    }

    #[inline(always)]
    #[track_caller]
    pub(crate) fn store(&self, value: u64, site: Site) {
        if !named::is_unwinding() {
            self.0.named_store(value, site.ordering(), site.name());
        }
    }

    #[inline(always)]
    #[track_caller]
    pub(crate) fn fetch_add(&self, value: u64, site: Site) -> u64 {
        if named::is_unwinding() {
            return 1;
        }
        self.0.named_fetch_add(value, site.ordering(), site.name())
    }

    #[inline(always)]
    #[track_caller]
    pub(crate) fn fetch_sub(&self, value: u64, site: Site) -> u64 {
        if named::is_unwinding() {
            // As if another handle remained: nothing is torn down then.
            return 2;
        }
        self.0
            .named_fetch_sub(value, before_a_fence(site.ordering()), site.name())
    }

    #[inline(always)]
    #[track_caller]
    pub(crate) fn compare_exchange(
        &self,
        current: u64,
        new: u64,
        success: Site,
        failure: Site,
    ) -> Result<u64, u64> {
        if named::is_unwinding() {
            return Err(self.peek());
        }
        let [success, failure] = [success, failure].map(|site| (site.ordering(), site.name()));
        self.0
            .named_compare_exchange(current, new, success, failure)
    }

    #[inline(always)]
    #[track_caller]
    pub(crate) fn compare_exchange_weak(
        &self,
        current: u64,
        new: u64,
        success: Site,
        failure: Site,
    ) -> Result<u64, u64> {
        if named::is_unwinding() {
            return Err(self.peek());
        }
        let [success, failure] = [success, failure].map(|site| (site.ordering(), site.name()));
        self.0
            .named_compare_exchange_weak(current, new, success, failure)
    }

    /// Replaces the value by what `change` makes of it: by a compare-and-swap, and
    /// again if another value has come meanwhile.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn update(&self, change: impl Fn(u64) -> u64, [probe, success, failure]: [Site; 3]) {
        if named::is_unwinding() {
            return;
        }
        let mut old = self.load(probe);
        while let Err(newer) = self.compare_exchange(old, change(old), success, failure) {
            old = newer;
        }
    }

    /// The latest value, without taking part in the protocol.
    #[inline]
    pub(crate) fn peek(&self) -> u64 {
        // ORDERING: PEEK, Relaxed, no partner: for diagnostics, and for checks of a
        // word that no other thread may change.
        self.0.peek()
    }
}

#[inline(always)]
#[track_caller]
pub(crate) fn fence(site: Site) {
    if !named::is_unwinding() {
        named::named_fence(site.ordering(), site.name());
    }
}

/// ThreadSanitizer knows no fences. For it, the acquire fence that follows the
/// last decrement is made a part of each; what a decrement releases stays as its
/// site states.
#[inline(always)]
const fn before_a_fence(ordering: Ordering) -> Ordering {
    match ordering {
        Ordering::Release if cfg!(tsan) => Ordering::AcqRel,
        Ordering::Relaxed if cfg!(tsan) => Ordering::Acquire,
        ordering => ordering,
    }
}

/// Whether transitions check the state that they start from.
pub(crate) const CHECKED: bool = cfg!(any(debug_assertions, model));

/// A transition starts from a state that its caller's handle rules out.
#[cfg(not(model))]
#[cold]
#[track_caller]
pub(crate) fn wrong_state(found: SlotState, expected: &'static str) {
    panic!("the slot is {found} where a transition starts from {expected}");
}

/// A transition starts from a state that its caller's handle rules out.
#[cfg(model)]
#[cold]
#[track_caller]
pub(crate) fn wrong_state(found: SlotState, expected: &'static str) {
    extern crate std;

    // Nothing is modelled while unwinding, so no state is right or wrong.
    if named::is_unwinding() {
        return;
    }
    let found = std::string::ToString::to_string(&found);
    model::violate(model::Violation {
        kind: model::ViolationKind::WrongState { found, expected },
        cell: "ref_count",
        access: Access::Write,
        location: core::panic::Location::caller(),
    })
}

/// Called between two attempts of a compare-and-swap loop.
#[inline(always)]
#[track_caller]
pub(crate) fn retry_hint() {
    named::retry();
}

/// The name of a field of plain memory.
pub(crate) trait Field {
    const NAME: &'static str;
}

/// Plain memory that the protocol guards.
#[repr(transparent)]
pub(crate) struct PlainCell<T, F>(named::PlainCell<T>, PhantomData<F>);

impl<T, F: Field> PlainCell<T, F> {
    pub(crate) const fn uninit() -> Self {
        PlainCell(named::PlainCell::uninit(), PhantomData)
    }

    /// A pointer to the memory, used right away and only as `access` states.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn get(&self, access: Access) -> *mut T {
        self.0.get(access, F::NAME)
    }
}
