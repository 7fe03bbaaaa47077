//! Performing the events of a graph again, and what a waiting thread would do.

use std::ops::Range;

use super::{Done, Pause, Run, State};
use crate::failure::FailureKind;
use crate::graph::{EventId, Kind, LocationId, ReadMode};
use crate::race::Place;

impl Run {
    /// Replays a read. The writing half of a read-modify-write may be missing,
    /// if the read was revisited: then it is new.
    pub(super) fn replay_read(
        &mut self,
        id: EventId,
        (address, size): (usize, usize),
        initial: u64,
        mode: ReadMode,
        place: Place,
    ) -> Result<(LocationId, u64), Pause> {
        let event = *self.graph.event(id);
        let Kind::Read {
            location,
            mode: before,
            reads_from,
            value,
        } = event.kind
        else {
            return Err(self.differs("a read where there was none"));
        };
        if before != mode {
            self.read_becomes(before, mode);
            let now = self.graph.event(id).kind;
            if !matches!(now, Kind::Read { mode: now, .. } if now == mode) {
                return Err(self.differs("another read"));
            }
        }
        if !reads_from.is_init() {
            let from = *self.graph.event(reads_from);
            if from.index >= self.threads[from.thread].performed {
                self.thread().state = State::Follows(from.thread, from.index);
                return Err(Pause::Suspend);
            }
        }
        // An address may be another one now.
        let newest = |run: &Self| match run.readdresses {
            true => run.graph.written(reads_from, location),
            false => value,
        };
        let value = newest(self);
        if mode.written(value).is_some()
            && self.graph.event_of(event.thread, event.index + 1).is_none()
        {
            self.extend()?;
        }
        let location = self.location(address, size, initial, Some(location), place)?;
        Ok((location, newest(self)))
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

    /// The same for the values of a read.
    fn read_becomes(&mut self, before: ReadMode, now: ReadMode) {
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
    pub(crate) fn probe_goes_on(&mut self) -> Pause {
        self.goes_on = true;
        Pause::Suspend
    }

    /// Reads the newest value, without an event.
    pub(super) fn probe_read(
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
            return Err(self.probe_goes_on());
        }
        self.thread().probed += 1;
        if self.thread().probed > self.rules.max_events {
            return Err(self.fail(FailureKind::TooManyEvents(self.rules.max_events)));
        }
        Ok(Done {
            read: value,
            exchanged: false,
            store: None,
        })
    }
}
