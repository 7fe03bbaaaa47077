//! What the operation under way in each thread may tear down, and has.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::program::{MAX_SLOTS, MAX_THREADS};
use crate::protocol::SlotState;

/// By thread.
///
/// Not in the register: only the thread itself looks at its entry, so that an
/// operation which tears nothing down is not ordered with other threads by the
/// harness, and real threads meet what the protocol alone orders.
#[derive(Debug, Default)]
pub(super) struct Teardowns([Entry; MAX_THREADS]);

/// A [`Teardown`] in a word of its own cache line.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Entry(AtomicU64);

/// Metadata that an operation may tear down, and whether it did.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Teardown {
    slots: Slots,
    done: Slots,
    /// Whether a slot is unique meanwhile; otherwise it is busy.
    unique: bool,
}

impl Teardown {
    /// Of any of these slots, each in the state it is in meanwhile.
    #[inline]
    pub(super) fn of(slots: Range<usize>, state: SlotState) -> Self {
        let unique = match state {
            SlotState::Busy => false,
            SlotState::Unique => true,
            state => unreachable!("metadata is torn down while {state:?}"),
        };
        Teardown {
            slots: Slots::of(slots),
            done: Slots::default(),
            unique,
        }
    }

    /// Whether the metadata of this slot may be torn down in this state.
    #[inline]
    pub(super) fn allows(self, slot: usize, state: SlotState) -> bool {
        let meanwhile = if self.unique {
            SlotState::Unique
        } else {
            SlotState::Busy
        };
        self.slots.has(slot) && state == meanwhile
    }

    /// Whether the metadata of this slot was torn down.
    #[inline]
    pub(super) fn has_done(self, slot: usize) -> bool {
        self.done.has(slot)
    }
}

impl Teardowns {
    /// An operation of `thread` begins.
    #[inline]
    pub(super) fn begin(&self, thread: usize, teardown: Teardown) {
        let Teardown {
            slots,
            done,
            unique,
        } = teardown;
        let word = u64::from(slots.0) | u64::from(done.0) << 16 | u64::from(unique) << 32;
        // ORDERING: Relaxed, here and below: nobody but the thread itself looks.
        self.0[thread].0.store(word, Ordering::Relaxed);
    }

    /// None of the first `threads` is in an operation.
    #[inline]
    pub(super) fn forget(&self, threads: usize) {
        for Entry(word) in &self.0[..threads] {
            word.store(0, Ordering::Relaxed);
        }
    }

    /// That of `thread`.
    #[inline]
    pub(super) fn get(&self, thread: usize) -> Teardown {
        let word = self.0[thread].0.load(Ordering::Relaxed);
        Teardown {
            slots: Slots(word as u16),
            done: Slots((word >> 16) as u16),
            unique: word >> 32 != 0,
        }
    }

    /// `thread` has torn down the metadata of `slot`.
    #[inline]
    pub(super) fn done(&self, thread: usize, slot: usize) {
        let mut teardown = self.get(thread);
        if teardown.slots.has(slot) {
            teardown.done.add(slot);
            self.begin(thread, teardown);
        }
    }
}

/// A set of slots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Slots(u16);

const _: () = assert!(MAX_SLOTS <= u16::BITS as usize);

impl Slots {
    #[inline]
    fn of(row: Range<usize>) -> Self {
        assert!(row.start <= row.end && row.end <= MAX_SLOTS);
        Slots(((1_u32 << row.end) - (1 << row.start)) as u16)
    }

    #[inline]
    fn add(&mut self, slot: usize) {
        self.0 |= 1 << slot;
    }

    #[inline]
    fn has(self, slot: usize) -> bool {
        self.0 & 1 << slot != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_survives_its_word() {
        let teardowns = Teardowns::default();
        let last = MAX_SLOTS - 1;
        teardowns.begin(1, Teardown::of(2..MAX_SLOTS, SlotState::Unique));
        teardowns.done(1, last);
        let entry = teardowns.get(1);
        assert!(entry.allows(2, SlotState::Unique) && entry.allows(last, SlotState::Unique));
        assert!(!entry.allows(1, SlotState::Unique) && !entry.allows(2, SlotState::Busy));
        assert!(entry.has_done(last) && !entry.has_done(2));

        teardowns.begin(1, Teardown::of(0..1, SlotState::Busy));
        let entry = teardowns.get(1);
        assert!(entry.allows(0, SlotState::Busy) && !entry.allows(0, SlotState::Unique));
        assert!(
            !entry.has_done(last),
            "an operation begins with nothing done"
        );
    }

    #[test]
    fn what_may_not_be_torn_down_is_never_done() {
        let teardowns = Teardowns::default();
        teardowns.begin(0, Teardown::of(0..1, SlotState::Busy));
        teardowns.done(0, 1);
        teardowns.done(1, 0);
        assert!(!teardowns.get(0).has_done(1));
        assert!(!teardowns.get(1).has_done(0));
        assert!(!teardowns.get(1).allows(0, SlotState::Busy));
    }
}
