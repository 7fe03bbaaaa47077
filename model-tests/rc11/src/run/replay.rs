//! Performing the events of a graph again, and what a waiting thread would do.

use std::ops::Range;

use super::{Done, Pause, Run, State};
use crate::failure::FailureKind;
use crate::graph::{EventId, Kind, ReadMode};
use crate::race::Place;

impl Run {
    /// Replays a load, or a read-modify-write. Its writing half may be missing, if the
    /// read was revisited: then it is new.
    pub(super) fn replay_read(
        &mut self,
        id: EventId,
        (address, size): (usize, usize),
        initial: u64,
        mode: &ReadMode,
        weak: bool,
        place: Place,
    ) -> Result<Done, Pause> {
        if self.readdresses {
            self.read_becomes(id, *mode);
        }
        let event = self.graph.event(id);
        let Kind::Read {
            location,
            mode: ref before,
            reads_from,
            value,
        } = event.kind
        else {
            return Err(self.differs("a read where there was none"));
        };
        if before != mode {
            return Err(self.differs("another read"));
        }
        let next = self.graph.event_of(event.thread, event.index + 1);
        if !reads_from.is_init() {
            let from = self.graph.event(reads_from);
            let (thread, index) = (from.thread, from.index);
            if index >= self.threads[thread].performed {
                self.thread().state = State::Follows(thread, index);
                return Err(Pause::Suspend);
            }
        }
        if next.is_none() && mode.written(value).is_some() {
            self.extend()?;
        }
        let location = self.location(address, size, initial, Some(location), place)?;
        let Some(next) = next.filter(|_| self.forward.is_none()) else {
            // An address may be another one now.
            let value = match self.readdresses {
                true => self.graph.written(reads_from, location),
                false => value,
            };
            return self.end_read((location, value), *mode, weak, place);
        };
        // The same read of the same value: the rest is as it was, too.
        self.performed(id, place);
        let Kind::Write {
            exclusive: true,
            value: written,
            ..
        } = self.graph.event(next).kind
        else {
            return Ok(Done {
                read: value,
                exchanged: false,
                store: None,
            });
        };
        self.performed(next, place);
        Ok(Done {
            read: value,
            exchanged: true,
            store: self.reaches_memory(location, (next, written), reads_from),
        })
    }

    /// Whether a value of the graph is this one, or the address that was meant: then it
    /// is this one from here on, wherever it stands.
    pub(super) fn is_or_becomes(&mut self, before: u64, now: u64) -> bool {
        /// Where a loader and an allocator place things.
        const ADDRESSES: Range<u64> = 1 << 32..1 << 63;
        if before == now {
            return true;
        }
        let addresses = ADDRESSES.contains(&before) && ADDRESSES.contains(&now);
        let readdresses = self.readdresses && addresses;
        if readdresses {
            self.graph.rename(before, now);
        }
        readdresses
    }

    /// The same for the value of a write.
    #[cold]
    pub(super) fn write_becomes(&mut self, id: EventId, now: u64) -> bool {
        match self.graph.event(id).kind {
            Kind::Write { value, .. } => self.is_or_becomes(value, now),
            _ => false,
        }
    }

    /// The same for the values of a read.
    #[cold]
    fn read_becomes(&mut self, id: EventId, now: ReadMode) {
        let Kind::Read { mode: before, .. } = self.graph.event(id).kind else {
            return;
        };
        let values = |mode| match mode {
            ReadMode::Exchange { expected, new, .. } => [expected, new],
            ReadMode::Update { update, .. } => [update.operand; 2],
            _ => [0; 2],
        };
        for (before, now) in values(before).into_iter().zip(values(now)) {
            self.is_or_becomes(before, now);
        }
    }

    /// The program does not do what it did before.
    pub(super) fn differs(&mut self, how: &'static str) -> Pause {
        self.fail(FailureKind::NotDeterministic(how))
    }

    /// The thread that runs would go on if it saw the newest values. It stays where
    /// it is until it is unwound in its turn.
    pub(crate) fn would_go_on(&mut self) -> Pause {
        self.goes_on = true;
        Pause::Suspend
    }

    /// Reads the newest value, without an event.
    pub(super) fn recheck_read(
        &mut self,
        address: usize,
        initial: u64,
        mode: ReadMode,
    ) -> Result<Done, Pause> {
        let value = match self.addresses.get(&address) {
            Some(&location) => {
                let newest = self.graph.newest(location);
                self.graph.written(newest, location)
            }
            None => initial,
        };
        if mode.waits(value) {
            return Err(Pause::Suspend);
        }
        if mode.written(value).is_some() {
            return Err(self.would_go_on());
        }
        self.thread().rechecked += 1;
        if self.thread().rechecked > self.rules.max_events {
            return Err(self.fail(FailureKind::TooManyEvents(self.rules.max_events)));
        }
        Ok(Done {
            read: value,
            exchanged: false,
            store: None,
        })
    }
}
