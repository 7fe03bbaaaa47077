//! Programs: a start state, two or more threads, a few operations each.
//!
//! A program is what every engine runs and every verdict is about. It fits on
//! one line: `shared*2: read drop | try_unique write drop`.
//!
//! ```text
//! program  = start ":" thread { "|" thread }
//! start    = ( "unused" | "shared" | "shared*2" | "unique" ) [ "+" forgotten ]
//! thread   = op { op }
//! op       = name [ "@" slot ]
//! ```
//!
//! Space is free: any amount between the words, and none around the signs.
//!
//! Each slot has a mailbox, empty at the start, with room for one handle. `give`
//! puts the newest handle of the thread into it, or fails when it is `full`;
//! `take` takes what is there, or fails when it is `empty`. Giving releases,
//! and taking acquires from the give that it takes from: a mailbox orders
//! nothing else.

#[cfg(feature = "enumerate")]
mod canonical;
#[cfg(feature = "enumerate")]
mod enumerate;
mod holdings;
mod parse;
mod print;
#[cfg(feature = "random")]
pub mod random;
#[cfg(feature = "enumerate")]
mod rank;
#[cfg(feature = "strategy")]
pub mod strategy;

pub use crate::text::ParseError;
#[cfg(feature = "enumerate")]
pub use enumerate::{Bound, enumerate, enumerate_on, enumerate_with, size};
pub use holdings::{Holding, PossibleHoldings};
#[cfg(feature = "enumerate")]
pub use rank::Ranked;

/// The most threads a program can have; an engine may take fewer.
pub const MAX_THREADS: usize = 16;

/// The most slots a program can name: 0 to 15.
pub const MAX_SLOTS: usize = 16;

/// A program: what the slots hold at the start, and what each thread does.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Program {
    /// The state of slot 0 at the start; every other slot begins unused.
    pub start: Start,
    /// The operations of each thread, in program order.
    pub threads: Vec<Vec<Op>>,
}

/// The state of slot 0 before the first operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Start {
    /// Who holds a handle.
    pub kind: StartKind,
    /// Handles made and forgotten before the start; they remain at the end.
    /// Only after a shared start.
    pub forgotten: u64,
}

/// Who holds a handle to slot 0 before the first operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StartKind {
    /// Nobody: the slot is unused.
    Unused,
    /// Thread 1 holds a shared handle.
    Shared,
    /// Threads 1 and 2 hold a shared handle each.
    SharedTwice,
    /// Thread 1 holds the unique handle.
    Unique,
}

/// One operation on one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Op {
    /// What is done.
    pub name: OpName,
    /// The slot it is done to.
    pub slot: usize,
}

/// The operations of the text form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OpName {
    /// Claim the unused frame as shared.
    Alloc,
    /// Claim the unused frame as unique.
    AllocUnique,
    /// Look the frame up by address and share it.
    Get,
    /// Clone the shared handle.
    Clone,
    /// Drop the newest handle of this thread.
    Drop,
    /// Read the metadata, and check it against its vtable.
    Read,
    /// Write the metadata through the unique handle.
    Write,
    /// Try to turn the shared handle into the unique one.
    TryUnique,
    /// Turn the unique handle into a shared one.
    Share,
    /// Replace the metadata of the unique frame by one of another type.
    Repurpose,
    /// Give the unique frame's slot back without the allocator.
    Reset,
    /// Read the reference count.
    Count,
    /// Put the newest handle of this thread into the slot's mailbox.
    Give,
    /// Take the handle out of the slot's mailbox.
    Take,
}
