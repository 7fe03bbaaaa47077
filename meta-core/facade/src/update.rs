//! What read-modify-writes make of a value.

use crate::word::Word;

#[cfg(rc11)]
pub(crate) use rc11::graph::{Operation as Fetch, Update};

/// The operation.
#[cfg(not(rc11))]
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fetch {
    Swap,
    Add,
    Sub,
    And,
    Nand,
    Or,
    Xor,
    Max,
    Min,
    MaxSigned,
    MinSigned,
}

/// An operation on a value of so many bits.
#[cfg(not(rc11))]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Update {
    pub(crate) operation: Fetch,
    pub(crate) operand: u64,
    pub(crate) bits: u32,
}

#[cfg(not(rc11))]
impl Update {
    /// The value written over `value`.
    pub(crate) fn apply(self, value: u64) -> u64 {
        let operand = self.operand;
        let shift = 64 - self.bits;
        let signed = |value: u64| ((value << shift) as i64) >> shift;
        let result = match self.operation {
            Fetch::Swap => operand,
            Fetch::Add => value.wrapping_add(operand),
            Fetch::Sub => value.wrapping_sub(operand),
            Fetch::And => value & operand,
            Fetch::Nand => !(value & operand),
            Fetch::Or => value | operand,
            Fetch::Xor => value ^ operand,
            Fetch::Max => value.max(operand),
            Fetch::Min => value.min(operand),
            Fetch::MaxSigned => signed(value).max(signed(operand)) as u64,
            Fetch::MinSigned => signed(value).min(signed(operand)) as u64,
        };
        result & (u64::MAX >> shift)
    }
}

/// An operation on the values of a word.
#[inline(always)]
pub(crate) fn of<W: Word>(operation: Fetch, operand: u64) -> Update {
    Update {
        operation,
        operand,
        bits: W::BITS,
    }
}
