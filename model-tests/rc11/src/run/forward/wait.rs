//! Threads that wait go on when they may see something new.
//!
//! What a thread does from one wait to the next is a round: once round the loop in
//! which it waits.

use crate::failure::FailureKind;
use crate::graph::{EventId, Kind, ReadMode, ThreadId};
use crate::run::{Run, State};

impl Run {
    /// Whether a thread waits at a hint, not in a read that waits by itself.
    pub(super) fn is_at_hint(&self, thread: ThreadId) -> bool {
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
    pub(super) fn is_first_of_its_kind(&self, thread: ThreadId) -> bool {
        let kind = |&event: &EventId| self.graph.event(event).kind;
        let (round, mut before) = self.rounds(thread);
        !before.any(|other| other.iter().map(kind).eq(round.iter().map(kind)))
    }

    /// Whether a thread that waits may see something else when it goes round again:
    /// after an exchange that failed for the first time, and when there is another
    /// value to be read than the first time in this round.
    pub(super) fn wakes(&self, thread: ThreadId) -> bool {
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
    pub(in crate::run) fn next_round(&mut self, thread: ThreadId) -> bool {
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
}
