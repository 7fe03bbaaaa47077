//! What an execution graph is made of.

use std::fmt;
use std::sync::atomic::Ordering;

/// An event of one graph: its place in the order in which events were added.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct EventId(u32);

impl EventId {
    /// The write that gave a location its initial value. It is in no thread,
    /// happens before everything, and comes first in modification order.
    pub const INIT: EventId = EventId(u32::MAX);

    pub(crate) fn new(index: usize) -> Self {
        debug_assert!(index < u32::MAX as usize);
        EventId(index as u32)
    }

    /// The position in insertion order.
    pub fn index(self) -> usize {
        debug_assert!(self != Self::INIT, "the initial write is no event");
        self.0 as usize
    }

    /// The position if the initial write comes first.
    #[inline]
    pub(crate) fn place(self) -> usize {
        self.0.wrapping_add(1) as usize
    }

    /// Whether this is the initial write of a location.
    pub fn is_init(self) -> bool {
        self == Self::INIT
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_init() {
            f.write_str("init")
        } else {
            write!(f, "e{}", self.0)
        }
    }
}

/// A thread of one graph, counted from 0.
pub type ThreadId = usize;

/// A location of one graph: the order in which its events were first met.
pub type LocationId = usize;

/// One event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Event {
    /// Its thread.
    pub thread: ThreadId,
    /// Its position in the thread: program order.
    pub index: usize,
    /// What it does.
    pub kind: Kind,
}

/// What an event does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Kind {
    /// An atomic read, or the reading half of a read-modify-write.
    Read {
        /// What is read.
        location: LocationId,
        /// The operation that reads. It determines what follows from the value.
        mode: ReadMode,
        /// The write that it reads from.
        reads_from: EventId,
        /// The value of that write.
        value: u64,
    },
    /// An atomic write, or the writing half of a read-modify-write.
    Write {
        /// What is written.
        location: LocationId,
        /// The ordering.
        #[cfg_attr(feature = "serde", serde(with = "super::ordering"))]
        order: Ordering,
        /// The value.
        value: u64,
        /// Whether it belongs to the read before it in program order.
        exclusive: bool,
    },
    /// A fence.
    Fence {
        /// The ordering.
        #[cfg_attr(feature = "serde", serde(with = "super::ordering"))]
        order: Ordering,
    },
    /// A thread was started.
    Spawn {
        /// Which.
        child: ThreadId,
    },
    /// The end of a thread was waited for.
    Join {
        /// Whose.
        child: ThreadId,
    },
    /// The program asked for one of several ways to go on.
    Choice {
        /// How many there were.
        of: u64,
        /// The one taken, counted from 0.
        taken: u64,
    },
}

impl Kind {
    /// The location of an access.
    pub fn location(&self) -> Option<LocationId> {
        match *self {
            Kind::Read { location, .. } | Kind::Write { location, .. } => Some(location),
            _ => None,
        }
    }

    pub(crate) fn is_seq_cst(&self) -> bool {
        self.order() == Some(Ordering::SeqCst)
    }

    /// The ordering of an access or a fence. That of a compare-and-swap is the
    /// one of its success or its failure, whichever it came to.
    pub fn order(&self) -> Option<Ordering> {
        match *self {
            Kind::Read { mode, value, .. } => Some(mode.order(value)),
            Kind::Write { order, .. } | Kind::Fence { order } => Some(order),
            _ => None,
        }
    }
}

/// What a read is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ReadMode {
    /// Of a load.
    Load {
        /// The ordering.
        #[cfg_attr(feature = "serde", serde(with = "super::ordering"))]
        order: Ordering,
    },
    /// Of a read-modify-write that writes what `update` makes of the value.
    Update {
        /// The ordering.
        #[cfg_attr(feature = "serde", serde(with = "super::ordering"))]
        order: Ordering,
        /// What it writes.
        update: Update,
    },
    /// Of a compare-and-swap.
    Exchange {
        /// The value that makes it succeed.
        expected: u64,
        /// The value that it writes then.
        new: u64,
        /// The ordering if it succeeds.
        #[cfg_attr(feature = "serde", serde(with = "super::ordering"))]
        success: Ordering,
        /// The ordering if it fails.
        #[cfg_attr(feature = "serde", serde(with = "super::ordering"))]
        failure: Ordering,
    },
    /// As [`Exchange`](ReadMode::Exchange), but its thread waits where it would
    /// fail.
    Acquire {
        /// The value that makes it go on.
        expected: u64,
        /// The value that it writes then.
        new: u64,
    },
    /// As an update that adds, but its thread waits while the value is
    /// `unless`.
    AcquireUnless {
        /// The value that makes it wait.
        unless: u64,
        /// What is added.
        add: u64,
    },
}

impl ReadMode {
    /// What the operation writes after it has read `value`, if it writes.
    #[inline]
    pub fn written(self, value: u64) -> Option<u64> {
        match self {
            ReadMode::Load { .. } => None,
            ReadMode::Update { update, .. } => Some(update.apply(value)),
            ReadMode::Exchange { expected, new, .. } | ReadMode::Acquire { expected, new } => {
                (value == expected).then_some(new)
            }
            ReadMode::AcquireUnless { unless, add } => {
                (value != unless).then_some(value.wrapping_add(add))
            }
        }
    }

    /// The ordering of the operation after it has read `value`.
    pub fn order(self, value: u64) -> Ordering {
        match self {
            ReadMode::Load { order } | ReadMode::Update { order, .. } => order,
            ReadMode::Exchange {
                expected,
                success,
                failure,
                ..
            } => {
                if value == expected {
                    success
                } else {
                    failure
                }
            }
            ReadMode::Acquire { .. } | ReadMode::AcquireUnless { .. } => Ordering::Acquire,
        }
    }

    /// Whether its thread waits after it has read `value`.
    pub fn waits(self, value: u64) -> bool {
        match self {
            ReadMode::Acquire { .. } | ReadMode::AcquireUnless { .. } => {
                self.written(value).is_none()
            }
            _ => false,
        }
    }
}

/// What a read-modify-write makes of a value of so many bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Update {
    /// The operation.
    pub operation: Operation,
    /// Its operand.
    pub operand: u64,
    /// The width in bits: what is beyond is cut.
    pub bits: u32,
}

/// The operation of a read-modify-write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Operation {
    /// The operand.
    Swap,
    /// The sum, wrapped around.
    Add,
    /// The difference, wrapped around.
    Sub,
    /// Bitwise and.
    And,
    /// Bitwise and, negated.
    Nand,
    /// Bitwise or.
    Or,
    /// Bitwise exclusive or.
    Xor,
    /// The greater one, unsigned.
    Max,
    /// The lesser one, unsigned.
    Min,
    /// The greater one, signed.
    MaxSigned,
    /// The lesser one, signed.
    MinSigned,
}

impl Update {
    /// The value written over `value`.
    #[inline]
    pub fn apply(self, value: u64) -> u64 {
        let operand = self.operand;
        let signed = |value: u64| {
            let shift = 64 - self.bits;
            ((value << shift) as i64) >> shift
        };
        let result = match self.operation {
            Operation::Swap => operand,
            Operation::Add => value.wrapping_add(operand),
            Operation::Sub => value.wrapping_sub(operand),
            Operation::And => value & operand,
            Operation::Nand => !(value & operand),
            Operation::Or => value | operand,
            Operation::Xor => value ^ operand,
            Operation::Max => value.max(operand),
            Operation::Min => value.min(operand),
            Operation::MaxSigned => signed(value).max(signed(operand)) as u64,
            Operation::MinSigned => signed(value).min(signed(operand)) as u64,
        };
        result & (u64::MAX >> (64 - self.bits))
    }
}

/// Whether an ordering acquires.
pub(crate) fn acquires(order: Ordering) -> bool {
    matches!(
        order,
        Ordering::Acquire | Ordering::AcqRel | Ordering::SeqCst
    )
}

/// Whether an ordering releases.
pub(crate) fn releases(order: Ordering) -> bool {
    matches!(
        order,
        Ordering::Release | Ordering::AcqRel | Ordering::SeqCst
    )
}
