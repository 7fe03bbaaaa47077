//! Graphs that are saved and loaded.
//!
//! What is saved: how many threads there are, the events in insertion order, and
//! for each location its initial value and its modification order. The rest is
//! worked out when a graph is loaded, and the graph is judged: it must be one
//! that an exploration can have left. Whether a program makes it is seen when it
//! is replayed.

use std::fmt;
use std::sync::atomic::Ordering;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::event::{EventId, Kind, LocationId, ReadMode, ThreadId};
use super::{Event, Graph, Thread};

/// A graph as it is saved.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    threads: usize,
    events: Vec<SavedEvent>,
    locations: Vec<SavedLocation>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedEvent {
    thread: ThreadId,
    #[serde(rename = "does")]
    kind: SavedKind,
}

/// As [`Kind`], without what follows from other events.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum SavedKind {
    Read {
        location: LocationId,
        mode: ReadMode,
        /// Nothing for the initial write.
        from: Option<u32>,
    },
    Write {
        location: LocationId,
        #[serde(with = "super::ordering")]
        order: Ordering,
        value: u64,
        exclusive: bool,
    },
    Fence {
        #[serde(with = "super::ordering")]
        order: Ordering,
    },
    Spawn {
        child: ThreadId,
    },
    Join {
        child: ThreadId,
    },
    Choice {
        of: u64,
        taken: u64,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedLocation {
    initial: u64,
    writes: Vec<u32>,
}

/// No saved graph has more threads than this: room is made for each.
const MAX_THREADS: usize = 1 << 10;

/// Why a graph makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nonsense {
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

impl Serialize for Graph {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Saved::from(self).serialize(to)
    }
}

impl<'de> Deserialize<'de> for Graph {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let saved = Saved::deserialize(from)?;
        Graph::try_from(saved).map_err(serde::de::Error::custom)
    }
}

impl From<&Graph> for Saved {
    fn from(graph: &Graph) -> Self {
        let events = graph.events.iter().map(|event| SavedEvent {
            thread: event.thread,
            kind: event.kind.into(),
        });
        let locations = graph
            .known_locations()
            .iter()
            .map(|location| SavedLocation {
                initial: location.initial,
                writes: location
                    .modification_order
                    .iter()
                    .map(|write| write.index() as u32)
                    .collect(),
            });
        Saved {
            threads: graph.threads(),
            events: events.collect(),
            locations: locations.collect(),
        }
    }
}

impl From<Kind> for SavedKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Read {
                location,
                mode,
                reads_from,
                ..
            } => SavedKind::Read {
                location,
                mode,
                from: (!reads_from.is_init()).then(|| reads_from.index() as u32),
            },
            Kind::Write {
                location,
                order,
                value,
                exclusive,
            } => SavedKind::Write {
                location,
                order,
                value,
                exclusive,
            },
            Kind::Fence { order } => SavedKind::Fence { order },
            Kind::Spawn { child } => SavedKind::Spawn { child },
            Kind::Join { child } => SavedKind::Join { child },
            Kind::Choice { of, taken } => SavedKind::Choice { of, taken },
        }
    }
}

impl TryFrom<Saved> for Graph {
    type Error = Nonsense;

    fn try_from(saved: Saved) -> Result<Self, Nonsense> {
        if saved.threads > MAX_THREADS {
            return Err(Nonsense::TooManyThreads(saved.threads));
        }
        let mut graph = Graph::start(saved.threads);
        for location in &saved.locations {
            graph.add_location(location.initial);
        }
        for (index, event) in saved.events.iter().enumerate() {
            let kind = saved.kind(index, &event.kind)?;
            if event.thread >= saved.threads {
                return Err(Nonsense::Thread(index, event.thread));
            }
            graph.insert(event.thread, kind)?;
        }
        for (index, location) in saved.locations.iter().enumerate() {
            graph.order(index, &location.writes)?;
        }
        graph.check_updates()?;
        for event in graph.dependence()? {
            graph.compute_clocks(event);
        }
        graph.check_consistency()?;
        Ok(graph)
    }
}

impl Saved {
    /// What an event does, if all that it names is there.
    fn kind(&self, index: usize, kind: &SavedKind) -> Result<Kind, Nonsense> {
        let initial = |location: LocationId| {
            let found = self.locations.get(location).map(|found| found.initial);
            found.ok_or(Nonsense::Location(index, location))
        };
        Ok(match *kind {
            SavedKind::Read {
                location,
                mode,
                from,
            } => {
                if let ReadMode::Update { update, .. } = mode
                    && !(1..=64).contains(&update.bits)
                {
                    return Err(Nonsense::Width(index));
                }
                let initial = initial(location)?;
                let (reads_from, value) = match from {
                    None => (EventId::INIT, initial),
                    Some(from) => {
                        let value = self.written(from, location);
                        let value = value.ok_or(Nonsense::ReadsFrom(index, from))?;
                        (EventId::new(from as usize), value)
                    }
                };
                Kind::Read {
                    location,
                    mode,
                    reads_from,
                    value,
                }
            }
            SavedKind::Write {
                location,
                order,
                value,
                exclusive,
            } => {
                initial(location)?;
                Kind::Write {
                    location,
                    order,
                    value,
                    exclusive,
                }
            }
            SavedKind::Fence { order } => Kind::Fence { order },
            SavedKind::Spawn { child } | SavedKind::Join { child } if child >= self.threads => {
                return Err(Nonsense::Child(index, child));
            }
            SavedKind::Spawn { child } => Kind::Spawn { child },
            SavedKind::Join { child } => Kind::Join { child },
            SavedKind::Choice { of, taken } if taken >= of => return Err(Nonsense::Choice(index)),
            SavedKind::Choice { of, taken } => Kind::Choice { of, taken },
        })
    }

    /// What an event writes to a location, if it does.
    fn written(&self, event: u32, at: LocationId) -> Option<u64> {
        match self.events.get(event as usize)?.kind {
            SavedKind::Write {
                location, value, ..
            } if location == at => Some(value),
            _ => None,
        }
    }
}

impl Graph {
    /// Adds an event, with room for its clocks.
    fn insert(&mut self, thread: ThreadId, kind: Kind) -> Result<(), Nonsense> {
        let id = EventId::new(self.events.len());
        let index = self.threads[thread].events.len();
        let event = Event {
            thread,
            index,
            kind,
        };
        self.events.push(event);
        self.threads[thread].events.push(id);
        if let Kind::Spawn { child } = kind {
            if self.threads[child].spawned.is_some() {
                return Err(Nonsense::Child(id.index(), child));
            }
            self.threads[child].spawned = Some(id);
        }
        if kind.is_seq_cst() {
            self.seq_cst += 1;
        }
        self.clocks.push();
        Ok(())
    }

    /// Puts the writes to a location into modification order.
    fn order(&mut self, location: LocationId, writes: &[u32]) -> Result<(), Nonsense> {
        let is_write = |event: usize| {
            let kind = self.events.get(event).map(|event| event.kind);
            matches!(kind, Some(Kind::Write { location: at, .. }) if at == location)
        };
        if let Some(&other) = writes.iter().find(|&&write| !is_write(write as usize)) {
            return Err(Nonsense::NoWrite(location, other));
        }
        let all = (0..self.events.len()).filter(|&event| is_write(event));
        let mut sorted: Vec<_> = writes.iter().map(|&write| write as usize).collect();
        sorted.sort_unstable();
        if !all.eq(sorted) {
            return Err(Nonsense::Modification(location));
        }
        let writes = writes.iter().map(|&write| EventId::new(write as usize));
        self.locations[location].modification_order.extend(writes);
        Ok(())
    }

    /// Each read that updates is followed by its write, and no other write is
    /// exclusive. One may be half done.
    fn check_updates(&self) -> Result<(), Nonsense> {
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
    fn dependence(&self) -> Result<Vec<EventId>, Nonsense> {
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
    fn check_consistency(&self) -> Result<(), Nonsense> {
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
