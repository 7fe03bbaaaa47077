//! A slot written by hand: the accesses of `meta-core`, and nothing else.

use std::hint::black_box;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::engine::{AtomicU64, Cell, fence, retry};

const UNUSED: u64 = u64::MAX;
const UNIQUE: u64 = u64::MAX - 1;

/// The fields of a slot. The metadata is a number, and so is its type.
pub(crate) struct Slot {
    storage: Cell<u64>,
    count: AtomicU64,
    vtable: Cell<u64>,
    _in_list: AtomicU64,
}

impl Slot {
    pub(crate) fn unused() -> Self {
        Self::with_count(UNUSED)
    }

    pub(crate) fn shared(handles: u64) -> Self {
        let slot = Self::with_count(handles);
        slot.fill();
        slot
    }

    fn with_count(count: u64) -> Self {
        Slot {
            storage: Cell::new(0),
            count: AtomicU64::new(count),
            vtable: Cell::new(0),
            _in_list: AtomicU64::new(0),
        }
    }

    fn fill(&self) {
        self.vtable.change(|vtable| *vtable = 1);
        self.storage.change(|value| *value = 1);
    }

    // ORDERING: here and below, those of the sites of `meta-core` in the same
    // place.
    pub(crate) fn claim(&self) -> bool {
        let claimed = self
            .count
            .compare_exchange(UNUSED, 0, Acquire, Relaxed)
            .is_ok();
        if claimed {
            self.fill();
            self.count.store(1, Release);
        }
        claimed
    }

    pub(crate) fn look_up(&self) -> bool {
        loop {
            let count = match self.count.load(Relaxed) {
                0 | UNIQUE | UNUSED => return false,
                count => count,
            };
            let acquired = self
                .count
                .compare_exchange_weak(count, count + 1, Acquire, Relaxed);
            if acquired.is_ok() {
                return true;
            }
            retry();
        }
    }

    pub(crate) fn clone(&self) {
        self.count.fetch_add(1, Relaxed);
    }

    pub(crate) fn drop(&self) {
        if self.count.fetch_sub(1, Release) == 1 {
            fence(Acquire);
            self.tear_down();
        }
    }

    pub(crate) fn try_unique(&self) -> bool {
        self.count
            .compare_exchange(1, UNIQUE, Acquire, Relaxed)
            .is_ok()
    }

    pub(crate) fn drop_unique(&self) {
        self.count.store(0, Relaxed);
        self.tear_down();
    }

    fn tear_down(&self) {
        // `on_drop`, and then the destructor.
        self.vtable.change(|vtable| *vtable = 0);
        self.storage.change(|value| *value = 0);
        self.storage.change(|value| *value = 0);
        self.count.store(UNUSED, Release);
    }

    pub(crate) fn read(&self) -> u64 {
        black_box(self.vtable.look(|vtable| *vtable));
        black_box(self.storage.look(|value| *value))
    }

    pub(crate) fn write(&self) {
        black_box(self.vtable.look(|vtable| *vtable));
        self.storage.change(|value| *value = 2);
    }
}
