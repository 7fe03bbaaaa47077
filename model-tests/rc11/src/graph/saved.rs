//! Graphs that are saved and loaded.
//!
//! What is saved: how many threads there are, the events in insertion order, and
//! for each location its initial value and its modification order. The rest is
//! worked out when a graph is loaded, and the graph is judged: it must be one
//! that an exploration can have left. Whether a program makes it is seen when it
//! is replayed.

use std::sync::atomic::Ordering;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Graph;
use super::event::{Event, EventId, Kind, LocationId, ReadMode, ThreadId};
use super::nonsense::{MAX_THREADS, Nonsense};

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

impl Graph {
    /// The graph as JSON. Its text is made here and not where it is used, so that
    /// what serde generates is built once, with this crate.
    ///
    /// # Errors
    ///
    /// None that a graph is known to cause.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }

    /// Reads a graph that [`Graph::to_json`] or its [`Serialize`] wrote.
    ///
    /// # Errors
    ///
    /// If it is not JSON, or no graph that an exploration can have left.
    pub fn from_json(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
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
}
