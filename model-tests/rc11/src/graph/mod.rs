//! Execution graphs: events, program order, reads-from, modification order.
//!
//! A graph is consistent by construction: events are added only where coherence
//! and atomicity let them stand (`order`), and where the rules of `SeqCst` hold
//! (`seq_cst`). `revisit` takes a graph back to one of its reads.

mod clocks;
mod event;
#[cfg(feature = "serde")]
mod nonsense;
mod order;
#[cfg(feature = "serde")]
mod ordering;
mod print;
mod revisit;
#[cfg(feature = "serde")]
mod saved;
mod seq_cst;
mod trial;

use std::sync::atomic::Ordering;

use clocks::{Clock, Clocks, Made};
pub use event::{Event, EventId, Kind, LocationId, Operation, ReadMode, ThreadId, Update};
pub(crate) use event::{acquires, releases};

/// An execution graph.
#[derive(Debug, Default)]
pub struct Graph {
    /// In insertion order: a write may be read from by an event before it.
    events: Vec<Event>,
    threads: Vec<Thread>,
    /// More than there are, so that their memory is used again.
    locations: Vec<Location>,
    location_count: usize,
    clocks: Clocks,
    /// How many `SeqCst` events there are; most programs have none.
    seq_cst: usize,
}

#[derive(Debug, Default)]
struct Thread {
    /// In program order.
    events: Vec<EventId>,
    /// The event that started it; the threads of the start have none.
    spawned: Option<EventId>,
}

#[derive(Debug, Default)]
struct Location {
    initial: u64,
    /// The writes but the initial one.
    modification_order: Vec<EventId>,
}

impl Clone for Graph {
    fn clone(&self) -> Self {
        let mut graph = Graph::default();
        graph.copy_from(self);
        graph
    }
}

impl Graph {
    /// A graph without events, of so many threads.
    pub(crate) fn start(threads: usize) -> Self {
        let mut graph = Graph::default();
        graph.threads.resize_with(threads, Thread::default);
        graph.clocks.reset(threads);
        graph
    }

    /// Becomes a copy of `other`. Memory is used again.
    pub(crate) fn copy_from(&mut self, other: &Graph) {
        self.events.clone_from(&other.events);
        self.threads
            .resize_with(other.threads.len(), Thread::default);
        for (to, from) in self.threads.iter_mut().zip(&other.threads) {
            to.events.clone_from(&from.events);
            to.spawned = from.spawned;
        }
        self.set_location_count(other.location_count);
        for (to, from) in self.locations.iter_mut().zip(other.known_locations()) {
            to.initial = from.initial;
            to.modification_order.clone_from(&from.modification_order);
        }
        self.clocks.copy_from(&other.clocks);
        self.seq_cst = other.seq_cst;
    }

    /// Whether this can be a graph of a program with so many threads at the start.
    pub(crate) fn fits(&self, statics: usize) -> bool {
        let statics = self.threads.get(..statics);
        statics.is_some_and(|threads| threads.iter().all(|thread| thread.spawned.is_none()))
    }

    /// The events, in the order in which they were added.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// How many threads there are.
    pub fn threads(&self) -> usize {
        self.threads.len()
    }

    /// The events of a thread, in program order.
    pub fn program_order(&self, thread: ThreadId) -> &[EventId] {
        &self.threads[thread].events
    }

    /// The event that started a thread. The threads of the start have none.
    pub(crate) fn spawned(&self, thread: ThreadId) -> Option<EventId> {
        self.threads[thread].spawned
    }

    /// How many locations there are.
    pub fn locations(&self) -> usize {
        self.location_count
    }

    fn known_locations(&self) -> &[Location] {
        &self.locations[..self.location_count]
    }

    fn set_location_count(&mut self, count: usize) {
        self.location_count = count;
        if self.locations.len() < count {
            self.locations.resize_with(count, Location::default);
        }
    }

    /// The value of a location before the first write.
    pub fn initial(&self, location: LocationId) -> u64 {
        self.locations[location].initial
    }

    /// The writes to a location in modification order, without the initial one.
    pub fn modification_order(&self, location: LocationId) -> &[EventId] {
        &self.locations[location].modification_order
    }

    /// Whether `a` happens before `b`, or is the same event.
    pub fn happens_before(&self, a: EventId, b: EventId) -> bool {
        a.is_init() || (!b.is_init() && self.is_in(a, self.clocks.happens_before(b.index())))
    }

    /// Whether an event is among those that a clock counts.
    fn is_in(&self, event: EventId, clock: &Clock) -> bool {
        let Event { thread, index, .. } = *self.event(event);
        (index as u32) < clock[thread]
    }

    pub(crate) fn event(&self, id: EventId) -> &Event {
        &self.events[id.index()]
    }

    pub(crate) fn event_of(&self, thread: ThreadId, index: usize) -> Option<EventId> {
        self.threads[thread].events.get(index).copied()
    }

    /// The value that a write left in its location.
    pub(crate) fn written(&self, write: EventId, location: LocationId) -> u64 {
        if write.is_init() {
            return self.locations[location].initial;
        }
        match self.event(write).kind {
            Kind::Write { value, .. } => value,
            kind => unreachable!("{kind:?} writes nothing"),
        }
    }

    /// The last write in modification order.
    pub(crate) fn newest(&self, location: LocationId) -> EventId {
        let writes = &self.locations[location].modification_order;
        writes.last().copied().unwrap_or(EventId::INIT)
    }

    /// What happens before whatever `thread` does next.
    pub(crate) fn clock_of(&self, thread: ThreadId) -> Option<&Clock> {
        let last = self.threads[thread].events.last().copied();
        let before = last.or(self.threads[thread].spawned)?;
        Some(self.clocks.happens_before(before.index()))
    }

    /// The clock after the `index`-th event of a thread; that of its start for 0.
    #[inline]
    pub(crate) fn clock_after(&self, thread: ThreadId, events: usize) -> Option<&Clock> {
        let before = match events.checked_sub(1) {
            Some(last) => self.threads[thread].events.get(last).copied(),
            None => self.threads[thread].spawned,
        }?;
        Some(self.clocks.happens_before(before.index()))
    }

    /// A location that no event has named yet.
    pub(crate) fn add_location(&mut self, initial: u64) -> LocationId {
        let location = self.location_count;
        self.set_location_count(location + 1);
        self.locations[location].initial = initial;
        self.locations[location].modification_order.clear();
        location
    }

    /// A thread that `parent` is about to start: one whose start was undone, or
    /// a new one.
    pub(crate) fn add_thread(&mut self, statics: usize) -> ThreadId {
        let free =
            (statics..self.threads.len()).find(|&thread| self.threads[thread].spawned.is_none());
        free.unwrap_or_else(|| {
            self.threads.push(Thread::default());
            self.clocks.widen(self.threads.len());
            self.threads.len() - 1
        })
    }

    /// Adds an event at the end of its thread. A write still has to be put into
    /// modification order. Inlined, so that the event is written where it stays: to copy
    /// it as a whole is to wait for its parts.
    #[inline(always)]
    pub(crate) fn push(&mut self, thread: ThreadId, kind: Kind) -> EventId {
        let id = EventId::new(self.events.len());
        let index = self.threads[thread].events.len();
        self.events.push(Event {
            thread,
            index,
            kind,
        });
        self.threads[thread].events.push(id);
        if let Kind::Spawn { child } = kind {
            self.threads[child].spawned = Some(id);
        }
        if kind.is_seq_cst() {
            self.seq_cst += 1;
        }
        self.clocks.push();
        self.compute_clocks(id);
        id
    }

    /// Takes the last event back, which no other event depends on.
    pub(crate) fn pop(&mut self) {
        let event = self.events.pop().expect("there is an event to take back");
        self.threads[event.thread].events.pop();
        if let Kind::Spawn { child } = event.kind {
            self.threads[child].spawned = None;
        }
        if event.kind.is_seq_cst() {
            self.seq_cst -= 1;
        }
        self.clocks.pop();
    }

    /// Gives a value another name, wherever it stands.
    pub(crate) fn rename(&mut self, before: u64, now: u64) {
        let rename = |value: &mut u64| {
            if *value == before {
                *value = now;
            }
        };
        for location in &mut self.locations[..self.location_count] {
            rename(&mut location.initial);
        }
        for event in &mut self.events {
            match &mut event.kind {
                Kind::Read { mode, value, .. } => {
                    rename(value);
                    match mode {
                        ReadMode::Exchange { expected, new, .. } => {
                            rename(expected);
                            rename(new);
                        }
                        ReadMode::Update { update, .. } => rename(&mut update.operand),
                        _ => {}
                    }
                }
                Kind::Write { value, .. } => rename(value),
                _ => {}
            }
        }
    }

    /// Lets a read, the last event of its thread, read from another write.
    pub(crate) fn set_reads_from(&mut self, read: EventId, from: EventId) {
        let Kind::Read {
            location,
            mode,
            value,
            ..
        } = self.event(read).kind
        else {
            unreachable!("only a read reads");
        };
        let seq_cst = |value| usize::from(mode.order(value) == Ordering::SeqCst);
        let now = self.written(from, location);
        self.seq_cst = self.seq_cst + seq_cst(now) - seq_cst(value);
        self.events[read.index()].kind = Kind::Read {
            location,
            mode,
            reads_from: from,
            value: now,
        };
        self.compute_clocks(read);
    }

    /// Puts a write into modification order, before so many others.
    pub(crate) fn place(&mut self, write: EventId, position: usize) {
        let location = self.event(write).kind.location();
        let location = location.expect("a write has a location");
        self.locations[location]
            .modification_order
            .insert(position, write);
    }

    /// Works out the clocks of an event from those it depends on.
    fn compute_clocks(&mut self, id: EventId) {
        let event = self.event(id);
        let (thread, index) = (event.thread, event.index);
        let before = match index.checked_sub(1) {
            Some(last) => Some(self.threads[thread].events[last]),
            None => self.threads[thread].spawned,
        };
        let mut made = Made {
            before: before.unwrap_or(EventId::INIT),
            ..Made::nothing(thread, index)
        };
        match event.kind {
            Kind::Read {
                ref mode,
                reads_from,
                value,
                ..
            } => {
                made.reads_from = reads_from;
                if acquires(mode.order(value)) {
                    made.acquires = reads_from;
                }
            }
            Kind::Write {
                order, exclusive, ..
            } => {
                if releases(order) {
                    made.releases = id;
                } else if let Some(fence) = self.last_release_fence(thread, index) {
                    made.releases = fence;
                }
                if exclusive && let Kind::Read { reads_from, .. } = self.event(made.before).kind {
                    made.hands_on = reads_from;
                }
            }
            _ => {}
        }
        self.clocks.compute(id, &made);
        match self.event(id).kind {
            Kind::Read { .. } | Kind::Write { .. } => {}
            Kind::Fence { order } if acquires(order) => self.acquire_what_was_read(id),
            Kind::Join { child } => {
                let events = &self.threads[child].events;
                if let Some(last) = events.last().copied().or(self.threads[child].spawned) {
                    self.clocks.follow(id.index(), last.index());
                    self.clocks.end(id.index(), child, events.len());
                }
            }
            _ => {}
        }
    }

    /// An acquire fence acquires what the reads before it in its thread have read.
    fn acquire_what_was_read(&mut self, fence: EventId) {
        let Event { thread, index, .. } = *self.event(fence);
        for earlier in 0..index {
            let earlier = self.threads[thread].events[earlier];
            if let Kind::Read { reads_from, .. } = self.event(earlier).kind
                && !reads_from.is_init()
            {
                self.clocks.acquire(fence.index(), reads_from.index());
            }
        }
    }

    fn last_release_fence(&self, thread: ThreadId, before: usize) -> Option<EventId> {
        let earlier = self.threads[thread].events[..before].iter().rev();
        earlier.copied().find(
            |&event| matches!(self.event(event).kind, Kind::Fence { order } if releases(order)),
        )
    }
}
