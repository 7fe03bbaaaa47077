//! shuttle: sequentially consistent, scheduled at random or exhaustively.
//! Orderings are recorded, not modelled.

use core::cell::{Cell, OnceCell, UnsafeCell};
use core::mem::MaybeUninit;
use core::panic::Location;
use core::sync::atomic::Ordering;

use shuttle::sync::atomic::AtomicBool;

use super::Access;
use super::model::{self, Probe, Violation, ViolationKind};

pub(super) use shuttle::sync::atomic::{AtomicU64 as RawWord, fence};

/// Loads; with one order of all steps there is no stale value to miss.
pub(super) fn load(word: &RawWord, ordering: Ordering, _probe: Probe) -> u64 {
    word.load(ordering)
}

/// A spurious failure reads like any load.
pub(super) fn fail_to_exchange(word: &RawWord, ordering: Ordering) -> u64 {
    word.load(ordering)
}

/// Draws from the scheduler, so that a replay draws the same.
pub(super) fn draw_one_in(n: u64) -> bool {
    use shuttle::rand::RngCore;
    shuttle::rand::thread_rng().next_u64().is_multiple_of(n)
}

/// shuttle cannot leave an execution; the retry goes on.
pub(super) fn cut_branch() {}

/// Memory whose accesses are noticed when they overlap: each one spans a
/// scheduling point.
pub(super) struct RawCell<T> {
    memory: UnsafeCell<MaybeUninit<T>>,
    readers: Cell<usize>,
    writing: Cell<bool>,
    /// Loaded for the scheduling point alone. Made when it is needed, for
    /// shuttle's atomics are dear.
    inside: OnceCell<AtomicBool>,
}

impl<T> RawCell<T> {
    pub(super) fn uninit() -> Self {
        RawCell {
            memory: UnsafeCell::new(MaybeUninit::uninit()),
            readers: Cell::new(0),
            writing: Cell::new(false),
            inside: OnceCell::new(),
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
        let inside = self.inside.get_or_init(|| AtomicBool::new(false));
        // ORDERING: Relaxed: shuttle models none.
        inside.load(Ordering::Relaxed);
        if reads {
            self.readers.set(self.readers.get() - 1);
        } else {
            self.writing.set(false);
        }
        self.memory.get().cast()
    }
}
