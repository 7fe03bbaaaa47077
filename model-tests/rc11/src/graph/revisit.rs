//! Backward revisits: a new write lets an earlier read read from it.
//!
//! See the documentation of the crate for why this yields each graph once.

use std::ops::Range;

use super::event::{EventId, Kind};
use super::{Graph, Thread};

impl Graph {
    /// Finds the events that `write`, the last event, does not depend on, the newest
    /// first. Each of them deletes all before it in this list when it is revisited.
    pub(crate) fn others_than_prefix(&self, write: EventId, others: &mut Vec<EventId>) {
        others.clear();
        let prefix = self.clocks.prefix(write.index());
        for (thread, &events) in self.threads.iter().zip(prefix) {
            others.extend_from_slice(&thread.events[events as usize..]);
        }
        others.sort_unstable_by(|a, b| b.cmp(a));
    }

    /// The reads that `write`, the last event, revisits: their positions among the
    /// [others](Self::others_than_prefix). Each deletes what the ones before delete, and
    /// more, so that the first event which is not maximal ends the search.
    pub(crate) fn revisited_by<'a>(
        &'a self,
        write: EventId,
        others: &'a [EventId],
    ) -> impl Iterator<Item = usize> + use<'a> {
        let location = self.event(write).kind.location();
        others
            .iter()
            .take_while(move |&&event| self.is_maximal(event, write))
            .enumerate()
            .filter(move |&(_, &event)| {
                let kind = &self.event(event).kind;
                matches!(kind, Kind::Read { .. }) && kind.location() == location
            })
            .map(|(position, _)| position)
    }

    /// Whether a write, the last event, has a place in modification order once `read`
    /// reads from it and these events are deleted. That of a read-modify-write has
    /// only the one after what it has read.
    pub(crate) fn has_place(&self, read: EventId, write: EventId, deleted: &[EventId]) -> bool {
        let Some((location, source)) = self.updates(write) else {
            return true;
        };
        let place = self.position(location, source);
        let mut newer = self.modification_order(location)[place..].iter();
        let next = newer.find(|&newer| !deleted.contains(newer));
        !next.is_some_and(|&next| self.is_exclusive(next)) && place >= self.floor_before(read)
    }

    /// Whether `event` comes before `write` by program order and reads-from.
    fn is_in_prefix(&self, event: EventId, write: EventId) -> bool {
        self.is_in(event, self.clocks.prefix(write.index()))
    }

    /// Whether `event` was added to the events before it, and to the prefix of
    /// `write`, as the last one of its location: a read from the newest write, a
    /// write at the end that no earlier read was revisited by.
    fn is_maximal(&self, event: EventId, write: EventId) -> bool {
        let is_previous =
            |other: EventId| other <= event || (other < write && self.is_in_prefix(other, write));
        match self.event(event).kind {
            Kind::Read {
                location,
                reads_from,
                ..
            } => !self.has_newer(location, reads_from, is_previous),
            Kind::Write { location, .. } => {
                let was_revisit = self.events[..event.index()].iter().any(
                    |earlier| matches!(earlier.kind, Kind::Read { reads_from, .. } if reads_from == event),
                );
                !was_revisit && !self.has_newer(location, event, is_previous)
            }
            Kind::Choice { taken, .. } => taken == 0,
            Kind::Fence { .. } | Kind::Spawn { .. } | Kind::Join { .. } => true,
        }
    }

    /// Whether an event is a read that had something newer to read when it was
    /// added. No revisit takes it back.
    pub(crate) fn was_stale(&self, read: EventId) -> bool {
        match self.event(read).kind {
            Kind::Read {
                location,
                reads_from,
                ..
            } => self.has_newer(location, reads_from, |write| write < read),
            _ => false,
        }
    }

    /// Whether one of these events is a write after `write` in modification
    /// order.
    fn has_newer(&self, location: usize, write: EventId, is_one: impl Fn(EventId) -> bool) -> bool {
        let writes = self.modification_order(location).iter().rev();
        writes
            .take_while(|&&newer| newer != write)
            .any(|&newer| is_one(newer))
    }

    /// Becomes the graph of `from` in which `read` reads from `write`: what was
    /// added after the read stays only if the write depends on it, so that `deleted`
    /// goes, the newest first. The write is not in modification order yet.
    ///
    /// Gives the write in this graph. The read has its name still.
    pub(crate) fn revisit(
        &mut self,
        from: &Graph,
        read: EventId,
        write: EventId,
        deleted: &[EventId],
    ) -> EventId {
        self.events.clear();
        self.clocks.reset_like(&from.clocks);
        self.threads
            .resize_with(from.threads.len(), Thread::default);
        for (to, from) in self.threads.iter_mut().zip(&from.threads) {
            to.events.clone_from(&from.events);
            to.spawned = from.spawned;
        }
        self.seq_cst = from.seq_cst;
        let mut next = 0;
        for &gone in deleted.iter().rev() {
            self.extend_from(from, next..gone.index());
            next = gone.index() + 1;
            // Events of a thread are deleted from its end on.
            let event = from.event(gone);
            self.threads[event.thread].events.pop();
            if let Kind::Spawn { child } = event.kind {
                self.threads[child].spawned = None;
            }
            self.seq_cst -= usize::from(event.kind.is_seq_cst());
        }
        self.extend_from(from, next..from.events.len());

        let oldest = deleted.last().copied().unwrap_or(EventId::INIT);
        let new_name = |old: EventId| match old < oldest || old.is_init() {
            true => old,
            false => {
                let newer = deleted.partition_point(|gone| *gone > old);
                EventId::new(old.index() - (deleted.len() - newer))
            }
        };
        for event in &mut self.events {
            if let Kind::Read { reads_from, .. } = &mut event.kind {
                *reads_from = new_name(*reads_from);
            }
        }
        for thread in &mut self.threads {
            for event in thread.events.iter_mut().rev() {
                if *event < oldest {
                    break;
                }
                *event = new_name(*event);
            }
            thread.spawned = thread.spawned.map(new_name);
        }
        self.set_location_count(from.location_count);
        for (to, from) in self.locations.iter_mut().zip(from.known_locations()) {
            to.initial = from.initial;
            to.modification_order.clear();
            let kept = from.modification_order.iter().copied();
            let kept = kept.filter(|old| *old < oldest || !deleted.contains(old));
            to.modification_order.extend(kept.map(new_name));
        }
        let write = new_name(write);
        self.set_reads_from(read, write);
        write
    }

    /// Adds copies of events of another graph.
    fn extend_from(&mut self, from: &Graph, events: Range<usize>) {
        self.events.extend_from_slice(&from.events[events.clone()]);
        self.clocks.push_copies(&from.clocks, events);
    }
}
