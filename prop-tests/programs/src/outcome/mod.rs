//! What one execution of a program showed: a result for each operation, and
//! the state at the end.
//!
//! ```text
//! outcome  = results "=>" ( "left" | "dropped" [ drops ] "," ) end
//! results  = result { result } [ "|" results ]
//! drops    = ( "-" | result { result } ) [ "|" drops ]
//! end      = "not judged" | slot | "@0" slot { "," "@1" slot … }
//! slot     = ( "unused" | "busy" | "shared(N)" | "unique" ) [ "live" | "dead" ]
//! ```
//!
//! In an [`OutcomePattern`] a result may also be `*`, and all that begins with
//! `=>` may be left out.

mod hash;
mod parse;
mod pattern;
mod print;

pub use hash::hash_parts;
pub use pattern::{EndPattern, OutcomePattern, ResultPattern};

/// The result of one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OpResult {
    /// The operation did not apply and was skipped; printed as `-`.
    Skipped,
    /// It succeeded.
    Ok,
    /// The claim found the frame shared.
    InUse,
    /// The lookup found the frame unused.
    Unused,
    /// The claim or lookup found the frame being built or torn down.
    Busy,
    /// The claim or lookup found the frame uniquely owned.
    Unique,
    /// The reference count would have overflowed; the thread stops here.
    Abort,
    /// `try_unique` succeeded.
    Yes,
    /// `try_unique` failed; the shared handle came back.
    No,
    /// The dropped handle was the last one.
    Last,
    /// Other handles remain.
    Kept,
    /// The mailbox holds a handle already; the thread keeps its own.
    Full,
    /// The mailbox holds no handle.
    Empty,
    /// The reference count that was read.
    Count(u64),
    /// Who wrote the metadata that was read.
    Read(Writer),
    /// The metadata that was read does not belong to the vtable beside it.
    /// No specification allows it.
    Mismatch,
}

/// Who wrote a metadata value: the start or an operation, in this order. One word, so
/// that a result fits into two registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Writer(u64);

impl Writer {
    /// The initial metadata.
    pub const START: Writer = Writer(0);

    /// An operation; both numbers count from 1.
    ///
    /// # Panics
    ///
    /// If they are too large: no program that can be run is that long.
    #[inline]
    pub fn op(thread: usize, op: usize) -> Self {
        let short = |n: usize| u64::from(u16::try_from(n).expect("a program is shorter"));
        Writer((short(thread) << 16) + short(op))
    }

    /// The thread and the position of the operation in it, if it is one; both count
    /// from 1 and print as `THREAD.OP`.
    pub fn operation(self) -> Option<(u16, u16)> {
        (self != Writer::START).then_some(((self.0 >> 16) as u16, self.0 as u16))
    }
}

/// What happens to handles that are still held when a thread's operations are
/// done.
///
/// A handle in a mailbox is held by no thread. It stays there whatever the
/// ends, and the final count and liveness tell of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ends {
    /// Each thread drops its own, lowest slot first.
    Dropped,
    /// They are forgotten: the final count and liveness join the outcome.
    Left,
}

impl Ends {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Ends::Dropped => "dropped",
            Ends::Left => "left",
        }
    }
}

/// The state of a slot as the outcome records it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SlotEnd {
    /// Unused.
    Unused,
    /// Being built or torn down: at rest only after a panic.
    Busy,
    /// Shared by this many handles, forgotten ones included.
    Shared(u64),
    /// Uniquely owned.
    Unique,
}

/// The end of an execution.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum End {
    /// A thread aborted: what its handles leave behind is not judged.
    NotJudged,
    /// The final state of each slot the program names, and whether it holds
    /// live metadata.
    Slots(Vec<(SlotEnd, bool)>),
}

/// An outcome, in the shape of its program.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Outcome {
    /// One result for each operation of each thread.
    pub results: Vec<Vec<OpResult>>,
    /// With [`Ends::Dropped`]: the results of the final drops of each thread,
    /// in the order they were done. Empty with [`Ends::Left`].
    pub drops: Vec<Vec<OpResult>>,
    /// The state at the end.
    pub end: End,
}

impl Outcome {
    /// What was done with the handles that were still held.
    pub fn ends(&self) -> Ends {
        if self.drops.is_empty() {
            Ends::Left
        } else {
            Ends::Dropped
        }
    }
}
