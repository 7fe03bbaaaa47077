//! One execution: replays a graph, then adds events to it.

mod condvar;
pub(crate) mod fiber;
pub(crate) mod forward;
mod heap;
mod replay;
mod sizes;
mod threads;

use std::sync::atomic::Ordering;

use rustc_hash::FxHashMap;

use crate::context::NO_MEMORY;
use crate::failure::{Failure, FailureKind};
use crate::graph::{EventId, Graph, Kind, LocationId, ReadMode, ThreadId};
use crate::race::{Access, Place, Plain};
use crate::work::Work;
use condvar::Waiters;
use forward::Forward;
use heap::Heap;
use sizes::Sizes;
pub(crate) use threads::{State, Thread};

/// Why a thread cannot go on with an operation now.
pub(crate) enum Pause {
    /// It has to let others run, and to try again then.
    Suspend,
    /// The execution is over for it.
    Unwind,
}

/// The payload of the unwinding that ends a thread half-way.
pub(crate) struct Cancelled;

/// What is going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The events of the graph are performed again.
    Replay,
    /// New events are added.
    Extend,
    /// Threads that wait are asked whether they would go on, if they saw the
    /// newest values: events are not added.
    Recheck,
    /// Threads that are left are unwound.
    Cancel,
}

/// What an atomic access comes to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Done {
    /// The value read.
    pub(crate) read: u64,
    /// Whether a compare-and-swap has succeeded.
    pub(crate) exchanged: bool,
    /// The value of the newest write that was performed, to be put into memory.
    pub(crate) store: Option<u64>,
}

/// What the explorer is asked to do in ways that differ from the default.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) max_events: usize,
    /// Weak compare-and-swaps also fail spuriously.
    pub(crate) spurious: bool,
    /// Each failed weak compare-and-swap is tried again after a spin hint.
    pub(crate) weak_waits: bool,
    /// Threads also wake up without a notification.
    pub(crate) spurious_wakeups: bool,
    /// Memory that is left at the end is a failure.
    pub(crate) check_leaks: bool,
}

/// The state of an execution, and what is left to explore.
pub(crate) struct Run {
    pub(crate) rules: Rules,
    pub(crate) graph: Graph,
    pub(crate) work: Work,
    pub(crate) phase: Phase,
    pub(crate) current: ThreadId,
    pub(crate) threads: Vec<Thread>,
    /// Threads that are there from the start.
    statics: usize,
    /// The thread that is to extend the graph, as far as that can be guessed.
    extending: Option<ThreadId>,
    /// The locations that were met in this execution, by address.
    addresses: FxHashMap<usize, LocationId>,
    /// The address of each location in this execution, or 0.
    bound: Vec<usize>,
    sizes: Sizes,
    /// The newest write of each location that was performed.
    newest: Vec<EventId>,
    plain: Plain,
    waiters: Waiters,
    pub(crate) heap: Heap,
    /// Where in the source each event is made.
    pub(crate) places: Vec<Option<Place>>,
    pub(crate) failure: Option<Failure>,
    /// Whether another execution shows all that this one could.
    pub(crate) redundant: bool,
    /// Whether the graph is inconsistent.
    pub(crate) dead: bool,
    /// Whether a thread that unwinds has to wait, which takes an OS thread.
    pub(crate) needs_os_threads: bool,
    /// Thread that would go on, as a recheck has seen.
    pub(crate) goes_on: bool,
    /// How it goes on, if it is the only execution asked for.
    pub(crate) forward: Option<Forward>,
    /// Whether addresses that are values may be others than in the graph, which may
    /// come from another process.
    pub(crate) readdresses: bool,
    /// The events that the newest write does not depend on.
    others: Vec<EventId>,
}

impl Run {
    pub(crate) fn new(rules: Rules, statics: usize) -> Self {
        Run {
            rules,
            graph: Graph::start(statics),
            work: Work::default(),
            phase: Phase::Replay,
            current: 0,
            threads: Vec::new(),
            statics,
            extending: None,
            addresses: FxHashMap::default(),
            bound: Vec::new(),
            sizes: Sizes::default(),
            newest: Vec::new(),
            plain: Plain::default(),
            waiters: Waiters::default(),
            heap: Heap::new(),
            places: Vec::new(),
            failure: None,
            redundant: false,
            dead: false,
            needs_os_threads: false,
            goes_on: false,
            forward: None,
            readdresses: false,
            others: Vec::new(),
        }
    }

    /// Begins an execution of the graph that is there.
    pub(crate) fn begin(&mut self) {
        self.phase = Phase::Replay;
        self.addresses.clear();
        self.bound.clear();
        self.bound.resize(self.graph.locations(), 0);
        self.sizes.clear(self.graph.locations());
        self.newest.clear();
        self.newest.resize(self.graph.locations(), EventId::INIT);
        self.plain.clear();
        self.waiters.clear();
        self.heap.clear();
        self.places.clear();
        self.places.resize(self.graph.events().len(), None);
        self.redundant = false;
        self.dead = false;
        self.needs_os_threads = false;
        self.goes_on = false;
        self.threads
            .resize_with(self.graph.threads(), Thread::default);
        for thread in 0..self.threads.len() {
            let state = match thread < self.statics {
                true => self.first_state(thread),
                false => State::Absent,
            };
            self.threads[thread].reset(state);
        }
        self.extending = self.guess_who_extends();
    }

    fn thread(&mut self) -> &mut Thread {
        &mut self.threads[self.current]
    }

    /// Ends the exploration. The thread that runs stays where it is until it is
    /// unwound in its turn.
    pub(crate) fn fail(&mut self, kind: FailureKind) -> Pause {
        if self.failure.is_none() {
            let graph = self.graph.clone();
            self.failure = Some(Failure::new(kind, graph, self.places.clone()));
        }
        Pause::Suspend
    }

    /// Gives the execution up, because the thread that runs has to wait and cannot.
    pub(crate) fn give_up(&mut self) {
        match self.phase {
            Phase::Replay | Phase::Extend => {
                self.needs_os_threads = self.failure.is_none() && !self.redundant && !self.dead;
            }
            // It has come further than where it waited.
            Phase::Recheck => self.goes_on = true,
            Phase::Cancel => {}
        }
        self.phase = Phase::Cancel;
    }

    /// The location of the memory at an address. A new one is made, or the one that
    /// the replayed event names is found to lie there.
    #[inline]
    fn location(
        &mut self,
        address: usize,
        size: usize,
        initial: u64,
        replayed: Option<LocationId>,
        place: Place,
    ) -> Result<LocationId, Pause> {
        match replayed {
            Some(location) if self.bound[location] == address => Ok(location),
            _ => self.find_location(address, size, initial, replayed, place),
        }
    }

    /// The same where it is not the replayed event's: rare, and too long to stand in each access.
    #[inline(never)]
    fn find_location(
        &mut self,
        address: usize,
        size: usize,
        initial: u64,
        replayed: Option<LocationId>,
        place: Place,
    ) -> Result<LocationId, Pause> {
        while let Some(other) = self.sizes.overlapped(&self.addresses, address, size) {
            let known = self.graph.written(self.newest[other], other);
            let at = self.bound[other];
            if self
                .sizes
                .agree((at, other, known), (address, size, initial))
            {
                return Err(self.mixed_sizes(other, place));
            }
            // Something else has been put there: the atomic was moved away.
            self.forget(at);
        }
        if let Some(&location) = self.addresses.get(&address) {
            let is_here =
                size == NO_MEMORY || self.graph.written(self.newest[location], location) == initial;
            if is_here {
                return match replayed {
                    Some(other) if other != location => Err(self.differs("another location")),
                    _ => Ok(location),
                };
            }
            // Something else has been put here: the atomic was moved away.
            self.forget(address);
        }
        let location = match replayed {
            Some(location) if self.bound[location] != 0 => {
                return Err(self.differs("a location at another address"));
            }
            Some(location) if !self.is_or_becomes(self.graph.initial(location), initial) => {
                return Err(self.differs("another initial value"));
            }
            Some(location) => location,
            None => {
                self.bound.push(0);
                self.newest.push(EventId::INIT);
                self.graph.add_location(initial)
            }
        };
        self.bound[location] = address;
        self.addresses.insert(address, location);
        self.sizes.bind(location, size);
        Ok(location)
    }

    /// Two atomics of different sizes share memory, for which there is no model.
    fn mixed_sizes(&mut self, other: LocationId, place: Place) -> Pause {
        let mut events = self.graph.events().iter().zip(&self.places);
        let earlier = events.find(|(event, _)| event.kind.location() == Some(other));
        let earlier = earlier.and_then(|(_, place)| *place).unwrap_or(place);
        self.fail(FailureKind::MixedSizes(earlier, place))
    }

    /// Memory at an address is used for something new from here on.
    pub(crate) fn forget(&mut self, address: usize) {
        self.addresses.remove(&address);
        self.plain.forget(address);
        self.waiters.remove(&address);
    }

    /// Performs a load, or a read-modify-write, on the location at an address;
    /// `initial` is what lies there.
    pub(crate) fn read(
        &mut self,
        address: usize,
        size: usize,
        initial: u64,
        mode: &ReadMode,
        weak: bool,
        place: Place,
    ) -> Result<Done, Pause> {
        match self.phase {
            Phase::Cancel => return Err(Pause::Unwind),
            Phase::Recheck => return self.recheck_read(address, initial, *mode),
            Phase::Replay | Phase::Extend => {}
        }
        self.check_waits()?;
        if let Some(id) = self.next_event() {
            return self.replay_read(id, (address, size), initial, mode, weak, place);
        }
        let mode = *mode;
        self.offer(address, initial, mode);
        self.extend()?;
        let location = self.location(address, size, initial, None, place)?;
        if weak {
            self.wait_if_tried_before(location, mode, place)?;
        }
        let value = self.add_read(location, mode, weak)?;
        self.end_read((location, value), mode, weak, place)
    }

    /// The rest of an operation that has read a value.
    fn end_read(
        &mut self,
        (location, value): (LocationId, u64),
        mode: ReadMode,
        weak: bool,
        place: Place,
    ) -> Result<Done, Pause> {
        self.performed_event(place);
        if mode.waits(value) {
            self.thread().state = State::Waits(place);
            return Err(Pause::Suspend);
        }
        let written = mode.written(value);
        let store = match written {
            Some(written) => {
                let order = mode.order(value);
                self.write_event(location, order, written, true, place)?
            }
            None => {
                self.thread().must_wait =
                    weak && self.rules.weak_waits && matches!(mode, ReadMode::Exchange { .. });
                None
            }
        };
        Ok(Done {
            read: value,
            exchanged: written.is_some(),
            store,
        })
    }

    /// Performs a store. Gives what memory has to hold then, if it changes.
    pub(crate) fn write(
        &mut self,
        address: usize,
        size: usize,
        initial: u64,
        order: Ordering,
        value: u64,
        place: Place,
    ) -> Result<Option<u64>, Pause> {
        match self.phase {
            Phase::Cancel => return Err(Pause::Unwind),
            Phase::Recheck => return Err(self.would_go_on()),
            Phase::Replay | Phase::Extend => {}
        }
        self.check_waits()?;
        let location = match self.next_event() {
            Some(id) => {
                let location = self.graph.event(id).kind.location();
                self.location(address, size, initial, location, place)?
            }
            None => {
                self.extend()?;
                self.location(address, size, initial, None, place)?
            }
        };
        self.write_event(location, order, value, false, place)
    }

    fn write_event(
        &mut self,
        location: LocationId,
        order: Ordering,
        value: u64,
        exclusive: bool,
        place: Place,
    ) -> Result<Option<u64>, Pause> {
        let kind = Kind::Write {
            location,
            order,
            value,
            exclusive,
        };
        let id = match self.next_event() {
            Some(id) if self.graph.event(id).kind == kind => id,
            Some(id) if self.write_becomes(id, value) && self.graph.event(id).kind == kind => id,
            Some(_) => return Err(self.differs("another write")),
            None => self.add_write(kind, location)?,
        };
        self.performed(id, place);
        Ok(self.reaches_memory(location, (id, value), EventId::INIT))
    }

    /// A write was performed. Gives its value, if that is what memory has to hold: no
    /// newer write was performed before. `older` is one that is known to be older.
    #[inline(always)]
    fn reaches_memory(
        &mut self,
        location: LocationId,
        (write, value): (EventId, u64),
        older: EventId,
    ) -> Option<u64> {
        self.thread().effects += 1;
        let newest = self.newest[location];
        let is_newer = newest == older || self.graph.is_newer(location, write, newest);
        if is_newer {
            self.newest[location] = write;
        }
        is_newer.then_some(value)
    }

    /// The thread that runs has an atomic for itself, and takes its value: nothing
    /// must race with that. What lies there afterwards is a new location.
    pub(crate) fn own(&mut self, address: usize, place: Place) -> Result<(), Pause> {
        match self.phase {
            Phase::Cancel | Phase::Recheck => return Ok(()),
            Phase::Replay | Phase::Extend => {}
        }
        let thread = self.current;
        let events = self.threads[thread].performed;
        let clock = self.graph.clock_after(thread, events);
        if let Some(&location) = self.addresses.get(&address) {
            let races = self.graph.events().iter().position(|event| {
                event.kind.location() == Some(location)
                    && event.thread != thread
                    && event.index < self.threads[event.thread].performed
                    && clock.is_none_or(|clock| clock[event.thread] as usize <= event.index)
            });
            if let Some(index) = races {
                let event = self.graph.events()[index];
                let writes = matches!(event.kind, Kind::Write { .. });
                let at = self.places[index].unwrap_or(place);
                let earlier = Access::atomic(event.thread, writes, event.index, at);
                let access = Access::new(thread, true, events, place);
                return Err(self.fail(FailureKind::DataRace(earlier, access)));
            }
        }
        self.forget(address);
        Ok(())
    }

    /// Performs a fence.
    pub(crate) fn fence(&mut self, order: Ordering, place: Place) -> Result<(), Pause> {
        self.other(Kind::Fence { order }, place)
    }

    /// One of `of` ways to go on, each of which is explored.
    pub(crate) fn choose(&mut self, of: u64, place: Place) -> Result<u64, Pause> {
        match self.phase {
            Phase::Cancel => return Err(Pause::Unwind),
            Phase::Recheck => return Err(self.would_go_on()),
            Phase::Replay | Phase::Extend => {}
        }
        self.check_waits()?;
        let taken = match self.next_event() {
            Some(id) => match self.graph.event(id).kind {
                Kind::Choice { of: before, taken } if before == of => taken,
                _ => return Err(self.differs("another choice")),
            },
            None => {
                self.extend()?;
                self.add_choice(of)?
            }
        };
        self.performed_event(place);
        Ok(taken)
    }

    /// Performs an event that no other thread can do otherwise.
    fn other(&mut self, kind: Kind, place: Place) -> Result<(), Pause> {
        match self.phase {
            Phase::Cancel => return Err(Pause::Unwind),
            Phase::Recheck => return Err(self.would_go_on()),
            Phase::Replay | Phase::Extend => {}
        }
        self.check_waits()?;
        match self.next_event() {
            Some(id) if self.graph.event(id).kind == kind => {}
            Some(_) => return Err(self.differs("another event")),
            None => {
                self.extend()?;
                self.add(kind)?;
            }
        }
        self.performed_event(place);
        Ok(())
    }

    /// A plain access.
    pub(crate) fn plain(
        &mut self,
        address: usize,
        writes: bool,
        place: Place,
    ) -> Result<(), Pause> {
        match self.phase {
            Phase::Cancel => return Err(Pause::Unwind),
            Phase::Recheck if writes => return Err(self.would_go_on()),
            Phase::Recheck => return Ok(()),
            Phase::Replay | Phase::Extend => {}
        }
        let thread = self.current;
        let events = self.threads[thread].performed;
        let access = Access::new(thread, writes, events, place);
        let clock = self.graph.clock_after(thread, events);
        match self.plain.access(address, access, clock) {
            Ok(()) => Ok(()),
            Err(earlier) => Err(self.fail(FailureKind::DataRace(earlier, access))),
        }
    }

    /// The next event of the thread that runs, if it is in the graph already.
    fn next_event(&self) -> Option<EventId> {
        let performed = self.threads[self.current].performed;
        self.graph.event_of(self.current, performed)
    }

    /// The thread that runs is about to make a new event, which it must not
    /// before the graph is replayed.
    fn extend(&mut self) -> Result<(), Pause> {
        if self.phase == Phase::Replay && self.extends_first() {
            self.phase = Phase::Extend;
        }
        if self.phase == Phase::Replay || !self.has_turn() {
            self.thread().state = State::AtEnd;
            return Err(Pause::Suspend);
        }
        Ok(())
    }

    fn performed_event(&mut self, place: Place) {
        let id = self
            .next_event()
            .expect("what was performed is in the graph");
        self.performed(id, place);
    }

    /// The thread that runs has performed its next event, which is this one.
    #[inline(always)]
    fn performed(&mut self, id: EventId, place: Place) {
        self.places[id.index()] = Some(place);
        self.thread().performed += 1;
        self.end_turn();
    }

    /// Adds an event that has no alternatives.
    #[inline(always)]
    fn add(&mut self, kind: Kind) -> Result<EventId, Pause> {
        if self.graph.events().len() >= self.rules.max_events {
            return Err(self.fail(FailureKind::TooManyEvents(self.rules.max_events)));
        }
        self.places.push(None);
        Ok(self.graph.push(self.current, kind))
    }

    /// Adds the first of so many ways to go on, and leaves the others to be
    /// explored.
    fn add_choice(&mut self, of: u64) -> Result<u64, Pause> {
        if self.forward.is_some() {
            return self.draw_choice(of);
        }
        for taken in (1..of).rev() {
            let mut other = self.work.copy_of(&self.graph);
            other.push(self.current, Kind::Choice { of, taken });
            self.work.add(other);
        }
        self.add(Kind::Choice { of, taken: 0 })?;
        Ok(0)
    }

    /// Adds a read from the newest write, and leaves what else it may read from
    /// to be explored.
    fn add_read(&mut self, location: LocationId, mode: ReadMode, weak: bool) -> Result<u64, Pause> {
        if self.forward.is_some() {
            return self.draw_read(location, mode, weak);
        }
        let weak_waits = weak && self.rules.weak_waits;
        let waits = |value: u64| mode.waits(value) || (weak_waits && mode.written(value).is_none());
        let sources = self.graph.sources(self.current, location);
        let newest = sources.end - 1;
        for position in sources {
            let from = self.graph.write_at(location, position);
            let value = self.graph.written(from, location);
            // A thread that waits because of an old value goes on when it sees a
            // newer one, which is explored anyway.
            if position == newest || waits(value) {
                continue;
            }
            let kind = Kind::Read {
                location,
                mode,
                reads_from: from,
                value,
            };
            if let Some(written) = mode.written(value)
                && self.graph.is_updated(location, position)
            {
                self.dead_end(kind, location, mode.order(value), written);
                continue;
            }
            let mut other = self.work.copy_of(&self.graph);
            other.push(self.current, kind);
            self.work.add_if_consistent(other);
        }
        let from = self.graph.newest(location);
        let value = self.graph.written(from, location);
        self.add(Kind::Read {
            location,
            mode,
            reads_from: from,
            value,
        })?;
        self.check_maximal();
        Ok(value)
    }

    /// A weak compare-and-swap that failed, and is tried again as it was, waits
    /// until there is something else to read.
    fn wait_if_tried_before(
        &mut self,
        location: LocationId,
        mode: ReadMode,
        place: Place,
    ) -> Result<(), Pause> {
        let Some(&last) = self.graph.program_order(self.current).last() else {
            return Ok(());
        };
        let Kind::Read {
            location: before,
            mode: mode_before,
            reads_from,
            value,
        } = self.graph.event(last).kind
        else {
            return Ok(());
        };
        let again = before == location
            && mode_before == mode
            && mode.written(value).is_none()
            && self.places[last.index()] == Some(place);
        if again && reads_from == self.graph.newest(location) {
            self.spin(place)?;
        }
        Ok(())
    }

    /// A read-modify-write of a write that another one has updated already is
    /// inconsistent, but what its write revisits may not be.
    fn dead_end(&mut self, read: Kind, location: LocationId, order: Ordering, value: u64) {
        self.graph.push(self.current, read);
        if self.graph.is_seq_cst_consistent() {
            let write = self.graph.push(
                self.current,
                Kind::Write {
                    location,
                    order,
                    value,
                    exclusive: true,
                },
            );
            self.revisit(write);
            self.graph.pop();
        }
        self.graph.pop();
    }

    /// Adds a write at the end of modification order, and leaves all other places,
    /// and the reads that it revisits, to be explored.
    fn add_write(&mut self, kind: Kind, location: LocationId) -> Result<EventId, Pause> {
        if self.forward.is_some() {
            return self.draw_write(kind);
        }
        let write = self.add(kind)?;
        self.revisit(write);
        let mut newest = None;
        for place in self.graph.places(write) {
            if let Some(older) = newest.replace(place) {
                let mut other = self.work.copy_of(&self.graph);
                other.place(write, older);
                self.work.add_if_consistent(other);
            }
        }
        let Some(newest) = newest else {
            unreachable!("a read-modify-write of what was updated already is not performed");
        };
        let is_last = newest == self.graph.modification_order(location).len();
        self.graph.place(write, newest);
        if is_last {
            self.check_maximal();
        } else if !self.graph.is_seq_cst_consistent() {
            // The write of a read-modify-write that has read an older one.
            self.dead = true;
            return Err(Pause::Suspend);
        }
        Ok(write)
    }

    /// Leaves the graphs to be explored in which an earlier read reads from
    /// `write`, the last event, which is not in modification order yet.
    fn revisit(&mut self, write: EventId) {
        let others = &mut self.others;
        self.graph.others_than_prefix(write, others);
        for position in self.graph.revisited_by(write, others) {
            let read = others[position];
            if !self.graph.has_place(read, write, &others[..position]) {
                continue;
            }
            let mut taken_back = self.work.spare();
            let write = taken_back.revisit(&self.graph, read, write, &others[..position]);
            let floor = taken_back.floor_before(read);
            let mut last = None;
            for place in taken_back.places(write).filter(|&place| place >= floor) {
                if let Some(place) = last.replace(place) {
                    let mut other = self.work.copy_of(&taken_back);
                    other.place(write, place);
                    self.work.add_if_consistent(other);
                }
            }
            taken_back.place(write, last.expect("the write has a place"));
            self.work.add_if_consistent(taken_back);
        }
    }

    /// What comes last everywhere is consistent if what was there before is.
    fn check_maximal(&self) {
        debug_assert!(
            self.graph.is_seq_cst_consistent(),
            "an event that comes last made a cycle:\n{}",
            self.graph
        );
    }

    /// A failed weak compare-and-swap has to be tried again, where that is the
    /// rule.
    fn check_waits(&mut self) -> Result<(), Pause> {
        if self.failure.is_some() {
            return Err(Pause::Suspend);
        }
        if self.thread().must_wait {
            return Err(self.fail(FailureKind::WeakNotRetried));
        }
        Ok(())
    }
}
