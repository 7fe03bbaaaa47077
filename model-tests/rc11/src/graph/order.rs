//! Where coherence and atomicity let reads read and writes stand.
//!
//! A position in the modification order of a location counts the writes before
//! it: the initial write has position 0, and a new write at position `p` comes
//! after the first `p` of the others.

use std::ops::Range;

use super::Graph;
use super::clocks::Clock;
use super::event::{EventId, Kind, LocationId, ThreadId};

impl Graph {
    /// The positions of the writes that the next read of `thread` may read from:
    /// from the newest that it must have seen on.
    pub(crate) fn sources(&self, thread: ThreadId, location: LocationId) -> Range<usize> {
        let newest = self.modification_order(location).len();
        let floor = match self.clock_of(thread) {
            Some(clock) => self.floor(clock, location),
            None => 0,
        };
        floor..newest + 1
    }

    /// The position of the newest write that the thread of an access has to know of
    /// before it.
    pub(crate) fn floor_before(&self, access: EventId) -> usize {
        let event = self.event(access);
        let location = event.kind.location().expect("an access has a location");
        match self.clock_after(event.thread, event.index) {
            Some(clock) => self.floor(clock, location),
            None => 0,
        }
    }

    /// The write at a position.
    pub(crate) fn write_at(&self, location: LocationId, position: usize) -> EventId {
        match position.checked_sub(1) {
            None => EventId::INIT,
            Some(index) => self.modification_order(location)[index],
        }
    }

    /// The position of a write.
    pub(crate) fn position(&self, location: LocationId, write: EventId) -> usize {
        if write.is_init() {
            return 0;
        }
        let writes = self.modification_order(location);
        let index = writes.iter().rposition(|&other| other == write);
        1 + index.expect("every write is in modification order")
    }

    /// Whether a write comes after another one.
    pub(crate) fn is_newer(&self, location: LocationId, write: EventId, than: EventId) -> bool {
        let writes = self.modification_order(location).iter().rev();
        let newest = writes.copied().find(|&one| one == write || one == than);
        newest == Some(write)
    }

    /// Whether the write at a position is read by a read-modify-write, which
    /// writes right after it.
    pub(crate) fn is_updated(&self, location: LocationId, position: usize) -> bool {
        let next = self.modification_order(location).get(position);
        next.is_some_and(|&next| self.is_exclusive(next))
    }

    pub(super) fn is_exclusive(&self, write: EventId) -> bool {
        matches!(
            self.event(write).kind,
            Kind::Write {
                exclusive: true,
                ..
            }
        )
    }

    /// The location of a write that is part of a read-modify-write, and what it updates.
    pub(super) fn updates(&self, write: EventId) -> Option<(LocationId, EventId)> {
        let event = self.event(write);
        let Kind::Write {
            location,
            exclusive: true,
            ..
        } = event.kind
        else {
            return None;
        };
        let read = self.program_order(event.thread)[event.index - 1];
        let Kind::Read { reads_from, .. } = self.event(read).kind else {
            unreachable!("an exclusive write follows its read");
        };
        Some((location, reads_from))
    }

    /// The positions at which a write, the last event of its thread, may stand
    /// in modification order.
    pub(crate) fn places(&self, write: EventId) -> impl Iterator<Item = usize> + use<'_> {
        let event = self.event(write);
        let location = event.kind.location().expect("a write has a location");
        let (first, last) = if let Some((_, source)) = self.updates(write) {
            let after = self.position(location, source);
            (after, after)
        } else {
            let newest = self.modification_order(location).len();
            (self.floor_before(write), newest)
        };
        (first..last + 1).filter(move |&position| !self.is_updated(location, position))
    }

    /// The position of the newest write that is among the events of a clock, or
    /// that one of these reads from. Coherence allows nothing older afterwards.
    pub(crate) fn floor(&self, clock: &Clock, location: LocationId) -> usize {
        let writes = self.modification_order(location);
        let mut floor = 0;
        match writes.last() {
            None => return floor,
            // The usual case, and the quick one.
            Some(&newest) if self.is_in(newest, clock) => return writes.len(),
            Some(_) => {}
        }
        // What a thread did later is never older: its last access decides.
        for (thread, &events) in self.threads.iter().zip(clock) {
            // One that was joined counts as one event more than it has.
            let write = thread
                .events
                .iter()
                .take(events as usize)
                .rev()
                .find_map(|&id| match self.event(id).kind {
                    Kind::Write { location: at, .. } if at == location => Some(id),
                    Kind::Read {
                        location: at,
                        reads_from,
                        ..
                    } if at == location => Some(reads_from),
                    _ => None,
                });
            if let Some(write) = write
                && let Some(above) = writes[floor..].iter().position(|&other| other == write)
            {
                floor += above + 1;
            }
        }
        floor
    }
}
