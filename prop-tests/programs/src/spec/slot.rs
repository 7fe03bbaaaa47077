//! What the specification knows of one slot.

use crate::{
    outcome::{OpResult, SlotEnd, Writer},
    program::Op,
};

use super::Params;

/// The reference count of a slot, as the protocol reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SlotState {
    /// Nobody uses the frame.
    Unused,
    /// The thread that made the count 0 is building or tearing down.
    Busy,
    /// This count. Above `ref_count_max` only once an increment has met the
    /// maximum: the count stays there when the incrementing thread aborts.
    Shared(u64),
    /// One unique owner.
    Unique,
}

impl SlotState {
    /// The class of this state: counts that no operation tells apart are one.
    pub fn class(self, params: &Params) -> SlotClass {
        match self {
            Self::Unused => SlotClass::Unused,
            Self::Busy => SlotClass::Busy,
            Self::Shared(count) if count > params.ref_count_max => SlotClass::Margin,
            Self::Shared(count) if count == params.ref_count_max => SlotClass::Full,
            Self::Shared(1) => SlotClass::One,
            Self::Shared(_) => SlotClass::Several,
            Self::Unique => SlotClass::Unique,
        }
    }
}

/// The classes of slot states that operations tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SlotClass {
    /// Unused.
    Unused,
    /// Being built or torn down.
    Busy,
    /// One shared handle (and the maximum is not one).
    One,
    /// Two or more, below the maximum.
    Several,
    /// The maximum: one more aborts.
    Full,
    /// Above the maximum.
    Margin,
    /// Uniquely owned.
    Unique,
}

/// A slot: its state, the metadata that a handle to it would reach, and its
/// mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot {
    /// The reference count.
    pub state: SlotState,
    /// Who wrote the live metadata; `None` while unused and while busy, when
    /// no handle reaches it.
    pub live: Option<Writer>,
    /// Whether a handle is in the mailbox: the unique one if the slot is unique,
    /// or else a shared one.
    pub mailbox: bool,
}

impl Slot {
    /// A slot nobody uses.
    pub const UNUSED: Self = Self {
        state: SlotState::Unused,
        live: None,
        mailbox: false,
    };

    /// The slot as the end of an outcome records it.
    pub(super) fn end(&self) -> (SlotEnd, bool) {
        let state = match self.state {
            SlotState::Unused => SlotEnd::Unused,
            SlotState::Busy => SlotEnd::Busy,
            SlotState::Shared(count) => SlotEnd::Shared(count),
            SlotState::Unique => SlotEnd::Unique,
        };
        (state, self.live.is_some())
    }
}

/// One finished operation, and what it did to its slot.
///
/// `before` and `after` belong to the atomic step that decides the result. An
/// operation that makes the slot busy decides at that step, and nobody else
/// can change the slot until its last step: `after` is then the state after
/// the last step, so that a successful `alloc` goes from `Unused` to
/// `Shared(1)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Transition {
    /// The thread, from 0.
    pub thread: usize,
    /// The operation; a final drop is a `drop`.
    pub op: Op,
    /// Its result, never `Skipped`.
    pub result: OpResult,
    /// The state before.
    pub before: SlotState,
    /// The state after.
    pub after: SlotState,
}
