//! What a thread holds after an operation, and of all slots.

use crate::{
    outcome::OpResult,
    program::{Holding, OpName},
};

impl Holding {
    /// What is held after an operation that applied, gave `result`, and has `taken`
    /// this out of the mailbox; `None` if the operation cannot do that to this
    /// holding.
    pub fn after_result(self, op: OpName, result: OpResult, taken: Self) -> Option<Self> {
        use OpResult as R;
        if !self.allows(op) {
            return None;
        }
        match (op, result) {
            (OpName::Alloc | OpName::Get, R::Ok) => Some(Self::One),
            (OpName::AllocUnique, R::Ok) => Some(Self::Unique),
            (OpName::Alloc | OpName::AllocUnique, R::InUse | R::Busy | R::Unique) => Some(self),
            (OpName::Get, R::Unused | R::Busy | R::Unique) => Some(self),
            (OpName::Clone, R::Ok) => Some(Self::Two),
            // The thread stops: it forgets its handles.
            (OpName::Get | OpName::Clone, R::Abort) => Some(Self::Empty),
            // One of two shared handles; the other remains whatever the
            // result says.
            (OpName::Drop, R::Last | R::Kept) if self == Self::Two => Some(Self::One),
            (OpName::Drop, R::Last) => Some(Self::Empty),
            (OpName::Drop, R::Kept) if self == Self::One => Some(Self::Empty),
            (OpName::Read, R::Read(_) | R::Mismatch) => Some(self),
            (OpName::Count, R::Count(_)) => Some(self),
            (OpName::TryUnique, R::Yes) if self == Self::One => Some(Self::Unique),
            (OpName::TryUnique, R::No) => Some(self),
            (OpName::Write | OpName::Repurpose, R::Ok) => Some(self),
            (OpName::Share, R::Ok) => Some(Self::One),
            (OpName::Reset, R::Ok) => Some(Self::Empty),
            (OpName::Give, R::Ok) if self == Self::Two => Some(Self::One),
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
pub(super) struct Holdings(u64);

impl Holdings {
    /// How many slots there is room for.
    pub(super) const SLOTS: usize = 32;

    pub(super) const EMPTY: Self = Self(0);

    pub(super) fn get(self, slot: usize) -> Holding {
        match (self.0 >> (2 * slot)) & 3 {
            0 => Holding::Empty,
            1 => Holding::One,
            2 => Holding::Two,
            _ => Holding::Unique,
        }
    }

    pub(super) fn set(&mut self, slot: usize, holding: Holding) {
        self.0 = (self.0 & !(3 << (2 * slot))) | ((holding as u64) << (2 * slot));
    }

    /// The lowest slot of which anything is held.
    pub(super) fn lowest_held(self) -> Option<usize> {
        (self.0 != 0).then(|| self.0.trailing_zeros() as usize / 2)
    }

    /// The slots of which anything is held, one bit each.
    pub(super) fn held(self) -> u32 {
        (0..Self::SLOTS).fold(0, |mask, slot| {
            mask | (u32::from(self.get(slot) != Holding::Empty) << slot)
        })
    }
}
