//! The primitives of a model build: an explorer's own, watched by the
//! [`model`] state.

use core::cell::Cell;
use core::panic::Location;
use core::sync::atomic::Ordering;

use super::Access;
use super::explorer::{self, RawCell, RawWord};
use super::model::{self, EventKind, Violation, ViolationKind};
use crate::ordering::Site;
use crate::state::SlotState;

/// A shared word.
pub(crate) struct AtomicWord {
    word: RawWord,
    /// The value executed last. In loom and shuttle the order in which the stores
    /// to a word are executed is their modification order.
    newest: Cell<u64>,
}

// SAFETY: an explorer runs all threads of a model on one OS thread, and
// nothing switches between a step of `word` and the update of `newest`.
unsafe impl Sync for AtomicWord {}

/// What one access did.
struct Step {
    site: Site,
    ordering: Ordering,
    read: Option<u64>,
    written: Option<u64>,
    spurious: bool,
}

impl AtomicWord {
    #[track_caller]
    pub(crate) fn new(value: u64) -> Self {
        AtomicWord {
            word: RawWord::new(value),
            newest: Cell::new(value),
        }
    }

    /// Performs one access. While unwinding nothing is modelled any more, and
    /// `unwound` is a harmless result.
    #[inline]
    fn step<R>(&self, unwound: R, modelled: impl FnOnce() -> (R, Step)) -> R {
        if model::unwinding() {
            return unwound;
        }
        let perform = || {
            let (result, step) = modelled();
            if let Some(written) = step.written {
                self.newest.set(written);
            }
            (result, step)
        };
        let address = core::ptr::from_ref(self).addr();
        let (result, _) = model::step(address, perform, |(_, step)| EventKind::Atomic {
            site: step.site,
            ordering: Some(step.ordering),
            read: step.read,
            written: step.written,
            spurious: step.spurious,
        });
        result
    }

    #[track_caller]
    pub(crate) fn load(&self, site: Site) -> u64 {
        let ordering = model::access_ordering(site);
        self.step(self.peek(), || {
            let value = explorer::load(&self.word, ordering, model::probe());
            let step = Step {
                site,
                ordering,
                read: Some(value),
                written: None,
                spurious: false,
            };
            (value, step)
        })
    }

    #[track_caller]
    pub(crate) fn store(&self, value: u64, site: Site) {
        let ordering = model::access_ordering(site);
        self.step((), || {
            self.word.store(value, ordering);
            let step = Step {
                site,
                ordering,
                read: None,
                written: Some(value),
                spurious: false,
            };
            ((), step)
        });
    }

    #[track_caller]
    pub(crate) fn fetch_add(&self, value: u64, site: Site) -> u64 {
        self.fetch(site, 1, |ordering| {
            let old = self.word.fetch_add(value, ordering);
            (old, old.wrapping_add(value))
        })
    }

    #[track_caller]
    pub(crate) fn fetch_sub(&self, value: u64, site: Site) -> u64 {
        // Unwound as if another handle remained: nothing is torn down then.
        self.fetch(site, 2, |ordering| {
            let old = self.word.fetch_sub(value, ordering);
            (old, old.wrapping_sub(value))
        })
    }

    /// A read-modify-write that always writes; `modelled` gives the old and
    /// the new value.
    fn fetch(
        &self,
        site: Site,
        unwound: u64,
        modelled: impl FnOnce(Ordering) -> (u64, u64),
    ) -> u64 {
        let ordering = model::access_ordering(site);
        self.step(unwound, || {
            let (old, new) = modelled(ordering);
            let step = Step {
                site,
                ordering,
                read: Some(old),
                written: Some(new),
                spurious: false,
            };
            (old, step)
        })
    }

    #[track_caller]
    pub(crate) fn compare_exchange(
        &self,
        current: u64,
        new: u64,
        success: Site,
        failure: Site,
    ) -> Result<u64, u64> {
        self.exchange((current, new), success, failure, false)
    }

    #[track_caller]
    pub(crate) fn compare_exchange_weak(
        &self,
        current: u64,
        new: u64,
        success: Site,
        failure: Site,
    ) -> Result<u64, u64> {
        let spurious = model::fails_spuriously(success)
            || model::spurious_one_in().is_some_and(explorer::draw_one_in);
        self.exchange((current, new), success, failure, spurious)
    }

    #[track_caller]
    fn exchange(
        &self,
        (current, new): (u64, u64),
        success: Site,
        failure: Site,
        spurious: bool,
    ) -> Result<u64, u64> {
        let on_success = model::access_ordering(success);
        let on_failure = model::access_ordering(failure);
        self.step(Err(self.peek()), || {
            let result = if spurious {
                Err(explorer::fail_to_exchange(&self.word, on_failure))
            } else {
                self.word
                    .compare_exchange(current, new, on_success, on_failure)
            };
            let (site, ordering) = match result {
                Ok(_) => (success, on_success),
                Err(_) => (failure, on_failure),
            };
            let step = Step {
                site,
                ordering,
                read: Some(result.unwrap_or_else(|old| old)),
                written: result.ok().map(|_| new),
                spurious,
            };
            (result, step)
        })
    }

    /// The latest value, without taking part in the protocol.
    pub(crate) fn peek(&self) -> u64 {
        explorer::newest(&self.word, self.newest.get())
    }
}

pub(crate) fn fence(site: Site) {
    if model::unwinding() {
        return;
    }
    let ordering = model::ordering(site);
    let perform = || {
        if let Some(ordering) = ordering {
            explorer::fence(ordering);
        }
    };
    model::step(0, perform, |()| EventKind::Atomic {
        site,
        ordering,
        read: None,
        written: None,
        spurious: false,
    });
}

/// Whether transitions check the state that they start from.
pub(crate) const CHECKED: bool = true;

/// A transition starts from a state that its caller's handle rules out.
#[cold]
#[track_caller]
pub(crate) fn wrong_state(found: SlotState, expected: &'static str) {
    // Nothing is modelled while unwinding, so no state is right or wrong.
    if model::unwinding() {
        return;
    }
    model::violate(Violation {
        kind: ViolationKind::WrongState { found, expected },
        cell: "ref_count",
        access: Access::Write,
        location: Location::caller(),
    })
}

/// Called between two attempts of a compare-and-swap loop.
#[track_caller]
pub(crate) fn retry_hint() {
    explorer::retry();
}

/// As aligned as a slot: an explorer's cell puts its own state first, so that
/// the memory does not begin where the slot begins.
#[repr(C, align(64))]
struct Aligned<T>(T);

/// Plain memory that the protocol guards. Each access is checked before the
/// memory is touched: by the explorer for a race, by the mark for life.
pub(crate) struct PlainCell<T> {
    memory: RawCell<Aligned<T>>,
    liveness: model::Liveness,
    name: &'static str,
}

impl<T> PlainCell<T> {
    #[track_caller]
    pub(crate) fn uninit(name: &'static str) -> Self {
        PlainCell {
            memory: RawCell::uninit(),
            liveness: model::Liveness::uninit(),
            name,
        }
    }

    /// A pointer to the memory, used right away and only as `access` says.
    #[track_caller]
    pub(crate) fn get(&self, access: Access) -> *mut T {
        let location = Location::caller();
        let address = core::ptr::from_ref(self).addr();
        let kind = || EventKind::Plain {
            cell: self.name,
            access,
            location,
        };
        // A race is reported before a dead value: where both hold, the missing
        // happens-before edge is the cause.
        let pointer = model::recorded(address, kind, || {
            self.memory
                .get(self.name, access, location, model::overlap())
        });
        self.liveness.mark(self.name, access, location);
        pointer.cast()
    }
}
