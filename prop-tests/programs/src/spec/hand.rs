//! What a thread holds, and when an operation applies.

use crate::{outcome::OpResult, program::OpName};

/// What one thread holds of one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Hand {
    /// Nothing.
    Empty,
    /// One shared handle.
    Shared,
    /// Two shared handles.
    SharedTwice,
    /// The unique handle.
    Unique,
}

impl Hand {
    /// Whether an operation applies to this hand; otherwise it is skipped.
    pub fn applies(self, op: OpName) -> bool {
        match op {
            OpName::Alloc | OpName::AllocUnique | OpName::Get | OpName::Take => self == Self::Empty,
            OpName::Read | OpName::Drop | OpName::Give => self != Self::Empty,
            OpName::Clone => self == Self::Shared,
            OpName::TryUnique | OpName::Count => matches!(self, Self::Shared | Self::SharedTwice),
            OpName::Write | OpName::Share | OpName::Repurpose | OpName::Reset => {
                self == Self::Unique
            }
        }
    }

    /// The hand after an operation that applied, gave `result`, and has `taken`
    /// this out of the mailbox; `None` if the operation cannot do that to this
    /// hand.
    pub fn after(self, op: OpName, result: OpResult, taken: Self) -> Option<Self> {
        use OpResult as R;
        if !self.applies(op) {
            return None;
        }
        match (op, result) {
            (OpName::Alloc | OpName::Get, R::Ok) => Some(Self::Shared),
            (OpName::AllocUnique, R::Ok) => Some(Self::Unique),
            (OpName::Alloc | OpName::AllocUnique, R::InUse | R::Busy | R::Unique) => Some(self),
            (OpName::Get, R::Unused | R::Busy | R::Unique) => Some(self),
            (OpName::Clone, R::Ok) => Some(Self::SharedTwice),
            // The thread stops: it forgets its handles.
            (OpName::Get | OpName::Clone, R::Abort) => Some(Self::Empty),
            // One of two shared handles; the other remains whatever the
            // result says.
            (OpName::Drop, R::Last | R::Kept) if self == Self::SharedTwice => Some(Self::Shared),
            (OpName::Drop, R::Last) => Some(Self::Empty),
            (OpName::Drop, R::Kept) if self == Self::Shared => Some(Self::Empty),
            (OpName::Read, R::Read(_) | R::Mismatch) => Some(self),
            (OpName::Count, R::Count(_)) => Some(self),
            (OpName::TryUnique, R::Yes) if self == Self::Shared => Some(Self::Unique),
            (OpName::TryUnique, R::No) => Some(self),
            (OpName::Write | OpName::Repurpose, R::Ok) => Some(self),
            (OpName::Share, R::Ok) => Some(Self::Shared),
            (OpName::Reset, R::Ok) => Some(Self::Empty),
            (OpName::Give, R::Ok) if self == Self::SharedTwice => Some(Self::Shared),
            (OpName::Give, R::Ok) => Some(Self::Empty),
            (OpName::Give, R::Full) => Some(self),
            (OpName::Take, R::Ok) => Some(taken),
            (OpName::Take, R::Empty) => Some(self),
            _ => None,
        }
    }
}

/// What one thread holds of every slot, two bits each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Hands(u64);

impl Hands {
    /// How many slots there is room for.
    pub(super) const SLOTS: usize = 32;

    pub(super) const EMPTY: Self = Self(0);

    pub(super) fn get(self, slot: usize) -> Hand {
        match (self.0 >> (2 * slot)) & 3 {
            0 => Hand::Empty,
            1 => Hand::Shared,
            2 => Hand::SharedTwice,
            _ => Hand::Unique,
        }
    }

    pub(super) fn set(&mut self, slot: usize, hand: Hand) {
        self.0 = (self.0 & !(3 << (2 * slot))) | ((hand as u64) << (2 * slot));
    }

    /// The lowest slot of which anything is held.
    pub(super) fn lowest_held(self) -> Option<usize> {
        (self.0 != 0).then(|| self.0.trailing_zeros() as usize / 2)
    }

    /// The slots of which anything is held, one bit each.
    pub(super) fn held(self) -> u32 {
        (0..Self::SLOTS).fold(0, |mask, slot| {
            mask | (u32::from(self.get(slot) != Hand::Empty) << slot)
        })
    }
}
