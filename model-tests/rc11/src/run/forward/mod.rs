//! One execution alone: only forward, without alternatives.
//!
//! Each step is one event of a thread that can go on. What there is to choose is
//! drawn with a seed, or the first is taken: the lowest thread, the newest write,
//! the last place.
//!
//! Every execution graph that the exploration shows has a chance to be drawn. Its
//! events have an order that follows program order and reads-from, which have no
//! cycle together. Take them in this order, the two of a read-modify-write one
//! after the other: each finds what it reads from there already. Its thread can
//! go on; the source of a read, and the place of a write among the writes so far,
//! are allowed, as a part of a consistent graph that contains all that its
//! events depend on is consistent. So each of these finitely many draws has a
//! chance to be the one that leads to the graph.
//!
//! The graphs of threads that wait are more than those of the exploration. There
//! a thread at a spin hint is given up, for another execution shows it going on.
//! Here it goes round its loop again, if it may see something new. Whether it does
//! follows from the graph, so that the graph is enough for a replay.

use super::{Pause, Run, State};
use crate::failure::FailureKind;
use crate::graph::{EventId, Kind, LocationId, ReadMode, ThreadId};

/// How a single execution goes on.
pub(crate) struct Forward {
    /// Draws what there is to choose. Without it the first is taken.
    draws: Option<fastrand::Rng>,
    /// Whether the thread that runs may make an event.
    turn: bool,
    /// How often a thread went on from a wait that had made no event since the
    /// last one.
    vain: usize,
}

/// A read that may wait, which a thread is about to make.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offer {
    address: usize,
    initial: u64,
    mode: ReadMode,
}

impl Forward {
    /// Draws from this source, or takes what comes first.
    pub(crate) fn new(draws: Option<fastrand::Rng>) -> Self {
        Forward {
            draws,
            turn: false,
            vain: 0,
        }
    }

    /// One of so many ways.
    fn pick(&mut self, of: usize) -> usize {
        self.draws.as_mut().map_or(0, |draws| draws.usize(..of))
    }
}

impl Run {
    /// Whether the thread that runs may make an event: any number in an
    /// exploration, one at a time here. A thread that unwinds must not be left:
    /// others on this OS thread would seem to panic.
    pub(super) fn has_turn(&self) -> bool {
        let forward = self.forward.as_ref();
        forward.is_none_or(|forward| forward.turn || std::thread::panicking())
    }

    /// The thread that runs has made an event.
    pub(super) fn end_turn(&mut self) {
        if let Some(forward) = &mut self.forward {
            forward.turn = false;
            self.threads[self.current].offer = None;
        }
    }

    /// The thread that runs is about to read.
    pub(super) fn offer(&mut self, address: usize, initial: u64, mode: ReadMode) {
        let may_wait = matches!(
            mode,
            ReadMode::Acquire { .. } | ReadMode::AcquireUnless { .. }
        );
        if self.forward.is_some() && may_wait {
            self.threads[self.current].offer = Some(Offer {
                address,
                initial,
                mode,
            });
        }
    }

    /// The thread to go on with.
    pub(crate) fn draw_thread(&mut self) -> Option<ThreadId> {
        // What a thread does up to its first event changes nothing for others.
        let first = (0..self.threads.len()).find(|&thread| {
            self.threads[thread].state == State::Ready && !self.threads[thread].started
        });
        if first.is_some() {
            return first;
        }
        let thread = match self.half_done() {
            Some(half_done) => half_done,
            None => self.draw_started()?,
        };
        let wakes = matches!(self.threads[thread].state, State::Waits(_));
        if wakes && !self.next_round(thread) {
            return None;
        }
        self.forward_mut().turn = !wakes;
        Some(thread)
    }

    /// One of the threads that can go on.
    fn draw_started(&mut self) -> Option<ThreadId> {
        let mut able: Vec<_> = (0..self.threads.len())
            .filter(|&thread| self.can_go_on(thread))
            .collect();
        if able.is_empty() {
            // Those that wait look again, unless they have done so before: what they
            // do may not depend on what they have read last.
            able = (0..self.threads.len())
                .filter(|&thread| self.is_at_hint(thread) && self.is_first_of_its_kind(thread))
                .collect();
        }
        if able.is_empty() {
            // Those whose next read waits, whatever it reads, read the newest.
            able = (0..self.threads.len())
                .filter(|&thread| self.threads[thread].state == State::AtEnd)
                .collect();
        }
        // A thread that wakes makes no event, so that the graph remains the same.
        able.sort_by_key(|&thread| !matches!(self.threads[thread].state, State::Waits(_)));
        match able.len() {
            0 => None,
            of => Some(able[self.forward_mut().pick(of)]),
        }
    }

    fn forward_mut(&mut self) -> &mut Forward {
        let forward = self.forward.as_mut();
        forward.expect("a single execution goes forward")
    }

    fn can_go_on(&mut self, thread: ThreadId) -> bool {
        match self.threads[thread].state {
            State::AtEnd => match self.threads[thread].offer {
                Some(offer) => self.goes_on_after(thread, offer),
                None => true,
            },
            State::Joins(other, _) => self.threads[other].state == State::Finished,
            State::Waits(_) => self.is_at_hint(thread) && self.wakes(thread),
            State::Absent | State::Ready | State::Follows(..) | State::Finished => false,
        }
    }

    /// Whether there is something for a thread to read that lets it go on.
    fn goes_on_after(&mut self, thread: ThreadId, offer: Offer) -> bool {
        let Offer {
            address,
            initial,
            mode,
        } = offer;
        match self.addresses.get(&address) {
            Some(&location) => {
                let mut sources = self.candidates(thread, location, mode, false);
                sources.retain(|&source| !self.reads_in_vain(location, mode, source));
                sources
                    .iter()
                    .any(|&source| self.is_allowed(thread, location, mode, source))
            }
            None => !mode.waits(initial),
        }
    }

    fn reads_in_vain(&self, location: LocationId, mode: ReadMode, source: usize) -> bool {
        let from = self.graph.write_at(location, source);
        mode.waits(self.graph.written(from, location))
    }

    /// Whether a thread waits at a hint, not in a read that waits by itself.
    fn is_at_hint(&self, thread: ThreadId) -> bool {
        let last = self.graph.program_order(thread).last();
        let waits_to_read = last.is_some_and(|&last| match self.graph.event(last).kind {
            Kind::Read { mode, value, .. } => mode.waits(value),
            _ => false,
        });
        matches!(self.threads[thread].state, State::Waits(_)) && !waits_to_read
    }

    /// The events of the last round of a thread, and of those before: what it made
    /// up to a wait from which it went on, or to where it is now.
    fn rounds(&self, thread: ThreadId) -> (&[EventId], impl Iterator<Item = &[EventId]>) {
        let events = self.graph.program_order(thread);
        let mut starts = &self.threads[thread].rounds[..];
        // A wait right after a wait belongs to what was before.
        if let Some((&last, before)) = starts.split_last()
            && last == events.len()
        {
            starts = before;
        }
        let last = starts.last().copied().unwrap_or(0);
        let before = starts.iter().scan(0, |start, &end| {
            Some(&events[std::mem::replace(start, end)..end])
        });
        (&events[last..], before)
    }

    /// Whether a thread did something else in each round before this one.
    fn is_first_of_its_kind(&self, thread: ThreadId) -> bool {
        let kind = |&event: &EventId| self.graph.event(event).kind;
        let (round, mut before) = self.rounds(thread);
        !before.any(|other| other.iter().map(kind).eq(round.iter().map(kind)))
    }

    /// Whether a thread that waits may see something else when it goes round again:
    /// after an exchange that failed for the first time, and when there is another
    /// value to be read than the first time in this round.
    fn wakes(&self, thread: ThreadId) -> bool {
        let kind = |&event: &EventId| self.graph.event(event).kind;
        let (round, _) = self.rounds(thread);
        if let Some(Kind::Read { mode, value, .. }) = round.last().map(kind)
            && matches!(mode, ReadMode::Exchange { .. })
            && mode.written(value).is_none()
            && self.is_first_of_its_kind(thread)
        {
            return true;
        }
        round.iter().enumerate().any(|(index, &event)| {
            let Kind::Read {
                location, value, ..
            } = self.graph.event(event).kind
            else {
                return false;
            };
            let is_here = |&event: &&EventId| kind(event).location() == Some(location);
            if round[..index].iter().any(|event| is_here(&event)) {
                return false;
            }
            let last = round.iter().rfind(is_here).map_or(event, |&last| last);
            let oldest = match self.graph.event(last).kind {
                Kind::Read { reads_from, .. } => reads_from,
                _ => last,
            };
            let newest = self.graph.modification_order(location).len();
            (self.graph.position(location, oldest)..=newest).any(|position| {
                let write = self.graph.write_at(location, position);
                self.graph.written(write, location) != value
            })
        })
    }

    /// A thread goes on from a wait. Not if it does so without end.
    pub(super) fn next_round(&mut self, thread: ThreadId) -> bool {
        let most = self.rules.max_events;
        let thread = &mut self.threads[thread];
        if thread.performed > thread.rounds.last().copied().unwrap_or(0) {
            thread.rounds.push(thread.performed);
            return true;
        }
        let forward = self.forward_mut();
        forward.vain += 1;
        if forward.vain > most {
            self.fail(FailureKind::TooManyEvents(most));
            return false;
        }
        true
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
        let newest = *sources.end();
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
    pub(super) fn draw_read(
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
    pub(super) fn draw_write(&mut self, kind: Kind) -> Result<EventId, Pause> {
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
    pub(super) fn draw_choice(&mut self, of: u64) -> Result<u64, Pause> {
        let draws = self.forward_mut().draws.as_mut();
        let taken = draws.map_or(0, |draws| draws.u64(..of));
        self.add(Kind::Choice { of, taken })?;
        Ok(taken)
    }
}
