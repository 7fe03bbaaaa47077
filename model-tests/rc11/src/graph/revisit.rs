//! Backward revisits: a new write lets an earlier read read from it.
//!
//! See the documentation of the crate for why this yields each graph once.

use super::event::{EventId, Kind};
use super::{Graph, Thread};

impl Graph {
    /// The reads that `write`, the last event, revisits. From the newest to the
    /// oldest, each deletes what the ones before delete, and more, so that the
    /// first event which is not maximal ends the search.
    pub(crate) fn revisited_by(&self, write: EventId) -> impl Iterator<Item = EventId> + use<'_> {
        let location = self.event(write).kind.location();
        // Nothing is asked of what was added before all reads of the location.
        let oldest = self.events[..write.index()].iter().position(
            |event| matches!(event.kind, Kind::Read { location: at, .. } if Some(at) == location),
        );
        (oldest.unwrap_or(write.index())..write.index())
            .rev()
            .map(EventId::new)
            .filter(move |&event| !self.is_in_prefix(event, write))
            .take_while(move |&event| self.is_maximal(event, write))
            .filter(move |&event| {
                let kind = self.event(event).kind;
                matches!(kind, Kind::Read { .. }) && kind.location() == location
            })
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
    /// added after the read stays only if the write depends on it. The write is
    /// not in modification order yet.
    ///
    /// Gives the read and the write in this graph.
    pub(crate) fn revisit(
        &mut self,
        from: &Graph,
        read: EventId,
        write: EventId,
        renamed: &mut Vec<EventId>,
    ) -> (EventId, EventId) {
        self.events.clear();
        self.threads
            .resize_with(from.threads.len(), Thread::default);
        for thread in &mut self.threads {
            thread.events.clear();
            thread.spawned = None;
        }
        self.clocks.reset_like(&from.clocks);

        // What was added up to the read stays, under the same names.
        let before = read.index() + 1;
        self.events.extend_from_slice(&from.events[..before]);
        self.clocks.push_copies(&from.clocks, 0..before);
        renamed.clear();
        renamed.extend((0..before).map(EventId::new));
        renamed.resize(from.events.len(), EventId::INIT);
        for (index, event) in from.events.iter().enumerate().skip(before) {
            let old = EventId::new(index);
            if old == write || from.is_in_prefix(old, write) {
                renamed[index] = EventId::new(self.events.len());
                self.events.push(*event);
                self.clocks.push_copies(&from.clocks, index..index + 1);
            }
        }
        let new_name = |old: EventId| {
            if old.is_init() {
                old
            } else {
                renamed[old.index()]
            }
        };
        for (index, event) in self.events.iter_mut().enumerate() {
            let id = EventId::new(index);
            self.threads[event.thread].events.push(id);
            match &mut event.kind {
                Kind::Read { reads_from, .. } => *reads_from = new_name(*reads_from),
                Kind::Spawn { child } => self.threads[*child].spawned = Some(id),
                _ => {}
            }
        }
        self.seq_cst = match from.seq_cst {
            0 => 0,
            _ => self
                .events
                .iter()
                .filter(|event| event.kind.is_seq_cst())
                .count(),
        };
        self.set_location_count(from.location_count);
        for (to, from) in self.locations.iter_mut().zip(from.known_locations()) {
            to.initial = from.initial;
            to.modification_order.clear();
            let kept = from.modification_order.iter().map(|&old| new_name(old));
            to.modification_order
                .extend(kept.filter(|new| !new.is_init()));
        }
        let (read, write) = (new_name(read), new_name(write));
        self.set_reads_from(read, write);
        (read, write)
    }
}
