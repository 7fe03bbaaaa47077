//! shuttle: sequentially consistent, scheduled at random or exhaustively.
//! Orderings are recorded, not modelled.
//!
//! One of shuttle's own atomics is a scheduling point, a cell, and a vector clock
//! that nobody here asks for, and to make one takes a hash. What is left without
//! the clock is what stands here.

use core::cell::{Cell, UnsafeCell};
use core::mem::MaybeUninit;
use core::panic::Location;
use core::sync::atomic::Ordering;
use core::time::Duration;

use super::Access;
use super::model::{self, Probe, Violation, ViolationKind};

/// Lets the scheduler choose who goes on. shuttle models no time: to sleep is a
/// context switch and nothing else.
fn scheduling_point() {
    shuttle::thread::sleep(Duration::ZERO);
}

/// A word whose accesses are scheduling points, as those of shuttle's atomics
/// are: others run before the access, none in it.
pub(super) struct RawWord(Cell<u64>);

impl RawWord {
    pub(super) const fn new(value: u64) -> Self {
        RawWord(Cell::new(value))
    }

    /// Changes the value if `change` gives another; gives the old one.
    fn update(&self, change: impl FnOnce(u64) -> Option<u64>) -> u64 {
        scheduling_point();
        let old = self.0.get();
        if let Some(new) = change(old) {
            self.0.set(new);
        }
        old
    }

    pub(super) fn store(&self, value: u64, _ordering: Ordering) {
        self.update(|_| Some(value));
    }

    pub(super) fn fetch_add(&self, value: u64, _ordering: Ordering) -> u64 {
        self.update(|old| Some(old.wrapping_add(value)))
    }

    pub(super) fn fetch_sub(&self, value: u64, _ordering: Ordering) -> u64 {
        self.update(|old| Some(old.wrapping_sub(value)))
    }

    pub(super) fn compare_exchange(
        &self,
        current: u64,
        new: u64,
        _success: Ordering,
        _failure: Ordering,
    ) -> Result<u64, u64> {
        let old = self.update(|old| (old == current).then_some(new));
        if old == current { Ok(old) } else { Err(old) }
    }
}

/// No step: with one order of all steps there is nothing left to order.
pub(super) fn fence(_ordering: Ordering) {}

/// Loads; with one order of all steps there is no stale value to miss.
pub(super) fn load(word: &RawWord, _ordering: Ordering, _probe: Probe) -> u64 {
    word.update(|_| None)
}

/// A spurious failure reads like any load.
pub(super) fn fail_to_exchange(word: &RawWord, ordering: Ordering) -> u64 {
    load(word, ordering, Probe::Load)
}

/// Draws from the scheduler, so that a replay draws the same.
pub(super) fn draw_one_in(n: u64) -> bool {
    use shuttle::rand::RngCore;
    shuttle::rand::thread_rng().next_u64().is_multiple_of(n)
}

/// shuttle cannot leave an execution; the retry goes on.
pub(super) fn retry() {}

/// The newest value.
pub(super) fn newest(word: &RawWord, _executed: u64) -> u64 {
    word.0.get()
}

/// Memory whose accesses are noticed when they overlap: each one spans a
/// scheduling point.
pub(super) struct RawCell<T> {
    memory: UnsafeCell<MaybeUninit<T>>,
    readers: Cell<usize>,
    writing: Cell<bool>,
}

impl<T> RawCell<T> {
    pub(super) fn uninit() -> Self {
        RawCell {
            memory: UnsafeCell::new(MaybeUninit::uninit()),
            readers: Cell::new(0),
            writing: Cell::new(false),
        }
    }

    pub(super) fn get(
        &self,
        cell: &'static str,
        access: Access,
        location: &'static Location<'static>,
        overlap: bool,
    ) -> *mut T {
        if !overlap {
            return self.memory.get().cast();
        }
        let reads = access == Access::Read;
        if self.writing.get() || (!reads && self.readers.get() > 0) {
            model::violate(Violation {
                kind: ViolationKind::Overlap,
                cell,
                access,
                location,
            });
        }
        if reads {
            self.readers.set(self.readers.get() + 1);
        } else {
            self.writing.set(true);
        }
        scheduling_point();
        if reads {
            self.readers.set(self.readers.get() - 1);
        } else {
            self.writing.set(false);
        }
        self.memory.get().cast()
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::collections::BTreeMap;
    use std::sync::{Arc, Mutex};

    use core::sync::atomic::Ordering::SeqCst;
    use shuttle::scheduler::DfsScheduler;
    use shuttle::sync::atomic::AtomicU64;
    use shuttle::{Config, Runner, thread};

    use crate::ordering as site;
    use crate::sync::AtomicWord;

    /// What two threads that use every access come to, and in how many schedules
    /// each.
    fn explored<W: Send + Sync + 'static>(
        new: fn(u64) -> W,
        add: fn(&W) -> u64,
        subtract: fn(&W) -> u64,
        exchange: fn(&W) -> Result<u64, u64>,
        store_and_load: fn(&W) -> u64,
    ) -> BTreeMap<(u64, u64, Result<u64, u64>, u64), u64> {
        let seen = Arc::new(Mutex::new(BTreeMap::new()));
        let tally = seen.clone();
        Runner::new(DfsScheduler::new(None, false), Config::new()).run(move || {
            let word = Arc::new(new(0));
            let of_thread = word.clone();
            let thread = thread::spawn(move || (add(&of_thread), exchange(&of_thread)));
            let (subtracted, loaded) = (subtract(&word), store_and_load(&word));
            let (added, exchanged) = thread.join().unwrap();
            let outcome = (subtracted, added, exchanged, loaded);
            *tally.lock().unwrap().entry(outcome).or_insert(0) += 1;
        });
        Arc::into_inner(seen).unwrap().into_inner().unwrap()
    }

    #[test]
    fn a_word_is_scheduled_as_an_atomic_of_shuttle() {
        let words = explored(
            AtomicWord::new,
            |word| word.fetch_add(2, site::INC),
            |word| word.fetch_sub(1, site::DEC),
            |word| word.compare_exchange(7, 9, site::TRY_UNIQUE, site::TRY_UNIQUE_FAIL),
            |word| {
                word.store(7, site::SHARE);
                word.load(site::COUNT)
            },
        );
        let atomics = explored(
            AtomicU64::new,
            |word| word.fetch_add(2, SeqCst),
            |word| word.fetch_sub(1, SeqCst),
            |word| word.compare_exchange(7, 9, SeqCst, SeqCst),
            |word| {
                word.store(7, SeqCst);
                word.load(SeqCst)
            },
        );
        assert!(words.len() > 4, "{words:?}");
        assert_eq!(words, atomics);
    }
}
