//! What reads read from, where writes stand, and other choices.

use super::Offer;
use crate::graph::{EventId, Kind, LocationId, ReadMode, ThreadId};
use crate::run::{Pause, Run};

impl Run {
    /// Whether there is something for a thread to read that lets it go on.
    pub(super) fn goes_on_after(&mut self, thread: ThreadId, offer: Offer) -> bool {
        let Offer {
            address,
            initial,
            mode,
        } = offer;
        match self.addresses.get(&address) {
            Some(&location) => {
                let sources = self.candidates(thread, location, mode, false);
                sources.into_iter().any(|source| {
                    !self.reads_in_vain(location, mode, source)
                        && self.is_allowed(thread, location, mode, source)
                })
            }
            None => !mode.waits(initial),
        }
    }

    fn reads_in_vain(&self, location: LocationId, mode: ReadMode, source: usize) -> bool {
        let from = self.graph.write_at(location, source);
        mode.waits(self.graph.written(from, location))
    }

    /// The sources that coherence and atomicity allow a read, the newest first;
    /// where it waits for some values only the newest of these.
    fn candidates(
        &self,
        thread: ThreadId,
        location: LocationId,
        mode: ReadMode,
        weak_waits: bool,
    ) -> Vec<usize> {
        let sources = self.graph.sources(thread, location);
        let newest = sources.end - 1;
        sources
            .rev()
            .filter(|&source| {
                let from = self.graph.write_at(location, source);
                let written = mode.written(self.graph.written(from, location));
                let waits =
                    self.reads_in_vain(location, mode, source) || (weak_waits && written.is_none());
                source == newest
                    || !(waits || (written.is_some() && self.graph.is_updated(location, source)))
            })
            .collect()
    }

    /// The read of a source.
    fn read_of(&self, location: LocationId, mode: ReadMode, source: usize) -> Kind {
        let reads_from = self.graph.write_at(location, source);
        Kind::Read {
            location,
            mode,
            reads_from,
            value: self.graph.written(reads_from, location),
        }
    }

    /// Whether the rule of `SeqCst` allows a source.
    fn is_allowed(
        &mut self,
        thread: ThreadId,
        location: LocationId,
        mode: ReadMode,
        source: usize,
    ) -> bool {
        // What comes last everywhere makes no cycle.
        if source == self.graph.modification_order(location).len() {
            return true;
        }
        let read = self.read_of(location, mode, source);
        self.graph.allows_read(thread, read)
    }

    /// Adds a read from one of the sources that are allowed; gives its value.
    pub(in crate::run) fn draw_read(
        &mut self,
        location: LocationId,
        mode: ReadMode,
        weak: bool,
    ) -> Result<u64, Pause> {
        let thread = self.current;
        let weak_waits = weak && self.rules.weak_waits;
        let mut sources = self.candidates(thread, location, mode, weak_waits);
        let newest = sources[0];
        if self.reads_in_vain(location, mode, newest) {
            sources.remove(0);
        }
        let mut source = newest;
        while !sources.is_empty() {
            let drawn = self.forward_mut().pick(sources.len());
            let drawn = sources.remove(drawn);
            if self.is_allowed(thread, location, mode, drawn) {
                source = drawn;
                break;
            }
        }
        self.add(self.read_of(location, mode, source))?;
        let from = self.graph.write_at(location, source);
        Ok(self.graph.written(from, location))
    }

    /// Adds a write at one of the places in modification order that are allowed.
    pub(in crate::run) fn draw_write(&mut self, kind: Kind) -> Result<EventId, Pause> {
        let write = self.add(kind)?;
        let mut places: Vec<_> = self.graph.places(write).collect();
        places.reverse();
        while !places.is_empty() {
            let drawn = self.forward_mut().pick(places.len());
            if self.graph.try_place(write, places.remove(drawn)) {
                return Ok(write);
            }
        }
        // The write of a read-modify-write that was half done in the graph.
        self.dead = true;
        Err(Pause::Suspend)
    }

    /// One of so many ways to go on.
    pub(in crate::run) fn draw_choice(&mut self, of: u64) -> Result<u64, Pause> {
        let draws = self.forward_mut().draws.as_mut();
        let taken = draws.map_or(0, |draws| draws.u64(..of));
        self.add(Kind::Choice { of, taken })?;
        Ok(taken)
    }
}
