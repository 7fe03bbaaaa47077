//! Data races of plain accesses, found by happens-before.
//!
//! A plain access stands in its thread between two events. Something that a
//! later access acquires can be released by the next event at the earliest: the
//! access happens before what knows of that event.

use std::fmt;
use std::ops::Range;
use std::panic::Location;

use rustc_hash::FxHashMap;

use crate::graph::ThreadId;

/// A place in the source.
pub(crate) type Place = &'static Location<'static>;

/// What accesses memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessKind {
    /// A plain access.
    Plain,
    /// An operation of an atomic.
    Atomic,
    /// An allocation, which writes the whole block.
    Allocation,
    /// A free, which writes the whole block.
    Free,
}

/// One access that has to be ordered with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// The thread, counted from 0.
    pub thread: ThreadId,
    /// Whether it writes.
    pub writes: bool,
    /// What kind it is.
    pub kind: AccessKind,
    /// Where in the source. Of an allocation or a free: the last place before it
    /// that is known.
    pub place: &'static Location<'static>,
    /// How many events its thread had made.
    events: usize,
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let write = if self.writes { "write" } else { "read" };
        let (atomic, what, at) = match self.kind {
            AccessKind::Plain => ("", write, "at"),
            AccessKind::Atomic => ("atomic ", write, "at"),
            AccessKind::Allocation => ("", "allocation", "after"),
            AccessKind::Free => ("", "free", "after"),
        };
        let (thread, file, line) = (self.thread, self.place.file(), self.place.line());
        write!(f, "{atomic}{what} by thread {thread} {at} {file}:{line}")
    }
}

impl Access {
    pub(crate) fn new(thread: ThreadId, writes: bool, events: usize, place: Place) -> Self {
        Access {
            thread,
            writes,
            kind: AccessKind::Plain,
            place,
            events,
        }
    }

    pub(crate) fn atomic(thread: ThreadId, writes: bool, events: usize, place: Place) -> Self {
        Access::new(thread, writes, events, place).of_kind(AccessKind::Atomic)
    }

    pub(crate) fn of_kind(self, kind: AccessKind) -> Self {
        Access { kind, ..self }
    }

    /// Whether it happens before what `thread` does, given its clock.
    pub(crate) fn is_before(&self, thread: ThreadId, clock: Option<&[u32]>) -> bool {
        self.thread == thread
            || clock.is_some_and(|clock| clock[self.thread] as usize > self.events)
    }
}

/// The last accesses to each piece of plain memory in one execution.
#[derive(Debug, Default)]
pub(crate) struct Plain {
    last: FxHashMap<usize, Last>,
    /// What is older is of another execution.
    execution: u64,
}

#[derive(Debug, Default)]
struct Last {
    execution: u64,
    write: Option<Access>,
    /// The last read of each thread since.
    reads: Vec<Access>,
}

/// More addresses than this are not kept for the next execution.
const KEPT: usize = 1_000;

impl Plain {
    /// Begins another execution.
    pub(crate) fn clear(&mut self) {
        self.execution += 1;
        if self.last.len() > KEPT {
            self.last.clear();
        }
    }

    /// The last accesses to addresses of a range.
    pub(crate) fn accesses(&self, range: Range<usize>) -> impl Iterator<Item = &Access> {
        let now = self.execution;
        self.last
            .iter()
            .filter(move |(address, last)| last.execution == now && range.contains(address))
            .flat_map(|(_, last)| last.write.iter().chain(&last.reads))
    }

    /// Forgets what lay at this address.
    pub(crate) fn forget(&mut self, address: usize) {
        self.last.remove(&address);
    }

    /// Records an access by a thread with this clock. Fails with the earlier
    /// access that it races with.
    pub(crate) fn access(
        &mut self,
        address: usize,
        access: Access,
        clock: Option<&[u32]>,
    ) -> Result<(), Access> {
        let last = self.last.entry(address).or_default();
        if last.execution != self.execution {
            last.execution = self.execution;
            last.write = None;
            last.reads.clear();
        }
        let races = |earlier: &&Access| !earlier.is_before(access.thread, clock);
        if let Some(write) = last.write.as_ref().filter(races) {
            return Err(*write);
        }
        if access.writes {
            if let Some(read) = last.reads.iter().find(races) {
                return Err(*read);
            }
            last.reads.clear();
            last.write = Some(access);
        } else {
            match last.reads.iter_mut().find(|r| r.thread == access.thread) {
                Some(read) => *read = access,
                None => last.reads.push(access),
            }
        }
        Ok(())
    }
}
