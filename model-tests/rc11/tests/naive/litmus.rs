//! Litmus programs: a few threads, each a straight line of operations on a few
//! locations. Every location is 0 in the beginning.

use std::fmt;
use std::sync::atomic::Ordering;

/// A program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Litmus {
    pub(crate) threads: Vec<Vec<Op>>,
}

/// An operation of a thread.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Op {
    Load {
        at: usize,
        order: Ordering,
    },
    Store {
        at: usize,
        value: Operand,
        order: Ordering,
    },
    FetchAdd {
        at: usize,
        value: Operand,
        order: Ordering,
    },
    Swap {
        at: usize,
        value: Operand,
        order: Ordering,
    },
    CompareExchange {
        at: usize,
        expected: Operand,
        new: Operand,
        success: Ordering,
        failure: Ordering,
    },
    Fence {
        order: Ordering,
    },
}

/// A value that an operation is given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Operand {
    Constant(u64),
    /// What this operation of the same thread, an earlier one, has read.
    Register(usize),
}

impl From<u64> for Operand {
    fn from(constant: u64) -> Operand {
        Operand::Constant(constant)
    }
}

impl Litmus {
    pub(crate) fn new<const N: usize>(threads: [&[Op]; N]) -> Litmus {
        Litmus {
            threads: threads.map(<[Op]>::to_vec).to_vec(),
        }
    }

    /// How many locations it uses: they are numbered from 0.
    pub(crate) fn locations(&self) -> usize {
        let used = self.threads.iter().flatten().filter_map(Op::location);
        used.max().map_or(0, |last| last + 1)
    }
}

impl Op {
    pub(crate) fn location(&self) -> Option<usize> {
        match *self {
            Op::Load { at, .. }
            | Op::Store { at, .. }
            | Op::FetchAdd { at, .. }
            | Op::Swap { at, .. }
            | Op::CompareExchange { at, .. } => Some(at),
            Op::Fence { .. } => None,
        }
    }

    pub(crate) fn operands_mut(&mut self) -> impl Iterator<Item = &mut Operand> {
        let (first, second) = match self {
            Op::Load { .. } | Op::Fence { .. } => (None, None),
            Op::Store { value, .. } | Op::FetchAdd { value, .. } | Op::Swap { value, .. } => {
                (Some(value), None)
            }
            Op::CompareExchange { expected, new, .. } => (Some(expected), Some(new)),
        };
        first.into_iter().chain(second)
    }

    /// All its orderings: two of a compare-and-exchange.
    pub(crate) fn orders_mut(&mut self) -> impl Iterator<Item = &mut Ordering> {
        let (first, second) = match self {
            Op::Load { order, .. }
            | Op::Store { order, .. }
            | Op::FetchAdd { order, .. }
            | Op::Swap { order, .. }
            | Op::Fence { order } => (order, None),
            Op::CompareExchange {
                success, failure, ..
            } => (success, Some(failure)),
        };
        std::iter::once(first).chain(second)
    }

    /// Does it leave a value in a register?
    pub(crate) fn reads(&self) -> bool {
        !matches!(self, Op::Store { .. } | Op::Fence { .. })
    }
}

pub(crate) fn load(at: usize, order: Ordering) -> Op {
    Op::Load { at, order }
}

pub(crate) fn store(at: usize, value: impl Into<Operand>, order: Ordering) -> Op {
    let value = value.into();
    Op::Store { at, value, order }
}

pub(crate) fn fetch_add(at: usize, value: impl Into<Operand>, order: Ordering) -> Op {
    let value = value.into();
    Op::FetchAdd { at, value, order }
}

pub(crate) fn swap(at: usize, value: impl Into<Operand>, order: Ordering) -> Op {
    let value = value.into();
    Op::Swap { at, value, order }
}

/// A strong compare-and-exchange, with its orderings of success and failure.
pub(crate) fn cas(
    at: usize,
    (expected, new): (impl Into<Operand>, impl Into<Operand>),
    (success, failure): (Ordering, Ordering),
) -> Op {
    Op::CompareExchange {
        at,
        expected: expected.into(),
        new: new.into(),
        success,
        failure,
    }
}

pub(crate) fn fence(order: Ordering) -> Op {
    Op::Fence { order }
}

/// The name of a location.
pub(crate) fn name(at: usize) -> char {
    ['x', 'y', 'z', 'w'][at]
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Operand::Constant(value) => write!(f, "{value}"),
            Operand::Register(index) => write!(f, "r{index}"),
        }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Op::Load { at, order } => write!(f, "{}.load({order:?})", name(at)),
            Op::Store { at, value, order } => write!(f, "{}.store({value}, {order:?})", name(at)),
            Op::FetchAdd { at, value, order } => {
                write!(f, "{}.fetch_add({value}, {order:?})", name(at))
            }
            Op::Swap { at, value, order } => write!(f, "{}.swap({value}, {order:?})", name(at)),
            Op::CompareExchange {
                at,
                expected,
                new,
                success,
                failure,
            } => write!(
                f,
                "{}.compare_exchange({expected}, {new}, {success:?}, {failure:?})",
                name(at)
            ),
            Op::Fence { order } => write!(f, "fence({order:?})"),
        }
    }
}

impl fmt::Display for Litmus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, thread) in self.threads.iter().enumerate() {
            write!(f, "{}thread {number}:", if number > 0 { "\n" } else { "" })?;
            for op in thread {
                write!(f, " {op};")?;
            }
        }
        Ok(())
    }
}
