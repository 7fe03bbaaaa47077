//! What is wrong with a graph that is loaded, if something is: no exploration can
//! have left it.

use std::fmt;

use super::event::{EventId, Kind, LocationId, ThreadId};
use super::{Graph, Thread};

/// No saved graph has more threads than this: room is made for each.
pub(super) const MAX_THREADS: usize = 1 << 10;

/// Why a graph makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nonsense {
    TooManyThreads(usize),
    Thread(usize, ThreadId),
    Location(usize, LocationId),
    ReadsFrom(usize, u32),
    NoWrite(LocationId, u32),
    Modification(LocationId),
    Child(usize, ThreadId),
    Width(usize),
    Choice(usize),
    Exclusive(usize),
    HalfDone(usize),
    Cycle,
    Coherence(usize),
    SeqCst,
}

impl fmt::Display for Nonsense {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the graph makes no sense: ")?;
        match *self {
            Nonsense::TooManyThreads(threads) => {
                write!(f, "{threads} threads, more than {MAX_THREADS}")
            }
            Nonsense::Thread(event, thread) => {
                write!(f, "event {event} is of thread {thread}, which there is not")
            }
            Nonsense::Location(event, location) => {
                write!(
                    f,
                    "event {event} is at location {location}, which there is not"
                )
            }
            Nonsense::ReadsFrom(event, from) => {
                write!(
                    f,
                    "event {event} reads from event {from}, which writes nothing there"
                )
            }
            Nonsense::NoWrite(location, event) => write!(
                f,
                "event {event} is in the modification order of location {location}, and writes \
                 nothing there"
            ),
            Nonsense::Modification(location) => write!(
                f,
                "the modification order of location {location} does not have each write once"
            ),
            Nonsense::Child(event, child) => write!(
                f,
                "event {event} starts or joins thread {child}, which cannot be"
            ),
            Nonsense::Width(event) => {
                write!(
                    f,
                    "event {event} updates a value of no bits, or of more than 64"
                )
            }
            Nonsense::Choice(event) => {
                write!(f, "event {event} takes a choice that there was not")
            }
            Nonsense::Exclusive(event) => write!(
                f,
                "event {event} is not the write that follows from the read before it"
            ),
            Nonsense::HalfDone(event) => write!(
                f,
                "event {event} is a read-modify-write without its write, and not the only one or \
                 not the last of its thread"
            ),
            Nonsense::Cycle => f.write_str("events depend on each other in a circle"),
            Nonsense::Coherence(event) => {
                write!(f, "event {event} breaks coherence or atomicity")
            }
            Nonsense::SeqCst => f.write_str("the `SeqCst` events have no order"),
        }
    }
}

impl Graph {
    /// Each read that updates is followed by its write, and no other write is
    /// exclusive. One may be half done.
    pub(super) fn check_updates(&self) -> Result<(), Nonsense> {
        let mut half_done = None;
        for Thread { events, .. } in &self.threads {
            let mut due = None;
            for &id in events {
                let kind = self.event(id).kind;
                let is_exclusive = matches!(
                    kind,
                    Kind::Write {
                        exclusive: true,
                        ..
                    }
                );
                if due.is_some_and(|due| due != kind) || (due.is_none() && is_exclusive) {
                    return Err(Nonsense::Exclusive(id.index()));
                }
                due = match kind {
                    Kind::Read {
                        location,
                        mode,
                        value,
                        ..
                    } => mode.written(value).map(|written| Kind::Write {
                        location,
                        order: mode.order(value),
                        value: written,
                        exclusive: true,
                    }),
                    _ => None,
                };
            }
            if let (Some(_), Some(&last)) = (due, events.last())
                && half_done.replace(last).is_some()
            {
                return Err(Nonsense::HalfDone(last.index()));
            }
        }
        Ok(())
    }

    /// The events in an order in which each comes after those it depends on.
    pub(super) fn dependence(&self) -> Result<Vec<EventId>, Nonsense> {
        let mut followers = vec![Vec::new(); self.events.len()];
        let mut missing = vec![0_usize; self.events.len()];
        for (index, event) in self.events.iter().enumerate() {
            let thread = &self.threads[event.thread];
            let before = match event.index.checked_sub(1) {
                Some(last) => Some(thread.events[last]),
                None => thread.spawned,
            };
            let other = match event.kind {
                Kind::Read { reads_from, .. } if !reads_from.is_init() => Some(reads_from),
                Kind::Join { child } => {
                    let Thread { events, spawned } = &self.threads[child];
                    let spawned = spawned.ok_or(Nonsense::Child(index, child))?;
                    Some(events.last().copied().unwrap_or(spawned))
                }
                _ => None,
            };
            for before in before.into_iter().chain(other) {
                followers[before.index()].push(index);
                missing[index] += 1;
            }
        }
        let mut order: Vec<_> = (0..missing.len())
            .filter(|&event| missing[event] == 0)
            .collect();
        let mut done = 0;
        while done < order.len() {
            for &follower in &followers[order[done]] {
                missing[follower] -= 1;
                if missing[follower] == 0 {
                    order.push(follower);
                }
            }
            done += 1;
        }
        if order.len() < self.events.len() {
            return Err(Nonsense::Cycle);
        }
        Ok(order.into_iter().map(EventId::new).collect())
    }

    /// Coherence, atomicity, and the rule of `SeqCst`.
    pub(super) fn check_consistency(&self) -> Result<(), Nonsense> {
        for (index, event) in self.events.iter().enumerate() {
            let floor = |location| {
                let clock = self.clock_after(event.thread, event.index);
                clock.map_or(0, |clock| self.floor(clock, location))
            };
            let stands = match event.kind {
                Kind::Read {
                    location,
                    mode,
                    reads_from,
                    value,
                } => {
                    let position = self.position(location, reads_from);
                    let next = self.program_order(event.thread).get(event.index + 1);
                    let is_alone = match next {
                        _ if mode.written(value).is_none() => true,
                        Some(&write) => self.position(location, write) == position + 1,
                        None => !self.is_updated(location, position),
                    };
                    position >= floor(location) && is_alone
                }
                Kind::Write { location, .. } => {
                    self.position(location, EventId::new(index)) > floor(location)
                }
                _ => true,
            };
            if !stands {
                return Err(Nonsense::Coherence(index));
            }
        }
        match self.is_seq_cst_consistent() {
            true => Ok(()),
            false => Err(Nonsense::SeqCst),
        }
    }
}
