//! Data races of plain accesses, found by happens-before.
//!
//! A plain access stands in its thread between two events. Something that a
//! later access acquires can be released by the next event at the earliest: the
//! access happens before what knows of that event.

use std::fmt;
use std::panic::Location;

use rustc_hash::FxHashMap;

use crate::graph::ThreadId;

/// A place in the source.
pub(crate) type Place = &'static Location<'static>;

/// One plain access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// The thread, counted from 0.
    pub thread: ThreadId,
    /// Whether it writes.
    pub writes: bool,
    /// Whether it is an atomic access.
    pub atomic: bool,
    /// Where in the source.
    pub place: &'static Location<'static>,
    /// How many events its thread had made.
    events: usize,
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.atomic { "atomic " } else { "" };
        let what = if self.writes { "write" } else { "read" };
        write!(
            f,
            "{kind}{what} by thread {} at {}:{}",
            self.thread,
            self.place.file(),
            self.place.line()
        )
    }
}

impl Access {
    pub(crate) fn new(thread: ThreadId, writes: bool, events: usize, place: Place) -> Self {
        Access {
            thread,
            writes,
            atomic: false,
            place,
            events,
        }
    }

    pub(crate) fn atomic(thread: ThreadId, writes: bool, events: usize, place: Place) -> Self {
        Access {
            atomic: true,
            ..Access::new(thread, writes, events, place)
        }
    }

    /// Whether it happens before what `thread` does, given its clock.
    fn is_before(&self, thread: ThreadId, clock: Option<&[u32]>) -> bool {
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
