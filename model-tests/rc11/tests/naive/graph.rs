//! Execution graphs, as the axioms speak of them.

use std::sync::atomic::Ordering;

use crate::litmus::{Litmus, Op};
use crate::relation::{MAX, Relation, Set};

/// An event. A read-modify-write is two of them, a read and the write that
/// follows it; each location has one that initialises it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    pub(crate) place: Place,
    pub(crate) kind: Kind,
    pub(crate) at: Option<usize>,
    pub(crate) order: Ordering,
}

/// Where an event comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// It initialises its location.
    Init,
    /// The operation of this thread that has this index.
    Thread(usize, usize),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Read,
    Write,
    Fence,
}

/// Events and the relations that are given; all others are derived of them.
#[derive(Clone, Debug)]
pub(crate) struct Graph {
    pub(crate) events: Vec<Event>,
    /// Sequenced before; initialisation comes before everything.
    pub(crate) sb: Relation,
    /// From the read of a read-modify-write to its write.
    pub(crate) rmw: Relation,
    /// Reads from.
    pub(crate) rf: Relation,
    /// Modification order.
    pub(crate) mo: Relation,
}

impl Graph {
    /// The events of a program, with `rf` and `mo` still empty. `succeeds` says
    /// which compare-and-exchange succeeds, by thread and index: one that fails
    /// is a read with the ordering for failure.
    pub(crate) fn of(program: &Litmus, succeeds: impl Fn(usize, usize) -> bool) -> Graph {
        let mut graph = Graph {
            events: Vec::new(),
            sb: Relation::EMPTY,
            rmw: Relation::EMPTY,
            rf: Relation::EMPTY,
            mo: Relation::EMPTY,
        };
        for at in 0..program.locations() {
            graph.push(Place::Init, Kind::Write, Some(at), Ordering::Relaxed);
        }
        for (thread, ops) in program.threads.iter().enumerate() {
            for (index, op) in ops.iter().enumerate() {
                graph.push_op(Place::Thread(thread, index), op, succeeds(thread, index));
            }
        }
        graph
    }

    fn push_op(&mut self, place: Place, op: &Op, succeeds: bool) {
        let at = op.location();
        match *op {
            Op::Load { order, .. } => {
                self.push(place, Kind::Read, at, order);
            }
            Op::Store { order, .. } => {
                self.push(place, Kind::Write, at, order);
            }
            Op::FetchAdd { order, .. } | Op::Swap { order, .. } => self.push_rmw(place, at, order),
            Op::CompareExchange { success, .. } if succeeds => self.push_rmw(place, at, success),
            Op::CompareExchange { failure, .. } => {
                self.push(place, Kind::Read, at, failure);
            }
            Op::Fence { order } => {
                self.push(place, Kind::Fence, None, order);
            }
        }
    }

    fn push_rmw(&mut self, place: Place, at: Option<usize>, order: Ordering) {
        let read = self.push(place, Kind::Read, at, order);
        let write = self.push(place, Kind::Write, at, order);
        self.rmw.insert(read, write);
    }

    fn push(&mut self, place: Place, kind: Kind, at: Option<usize>, order: Ordering) -> usize {
        let new = self.events.len();
        assert!(new < MAX, "too many events for a relation");
        for (earlier, event) in self.events.iter().enumerate() {
            let before = match (event.place, place) {
                (Place::Init, Place::Thread(..)) => true,
                (Place::Thread(one, _), Place::Thread(other, _)) => one == other,
                _ => false,
            };
            if before {
                self.sb.insert(earlier, new);
            }
        }
        self.events.push(Event {
            place,
            kind,
            at,
            order,
        });
        new
    }

    /// The events that fulfil this.
    pub(crate) fn those(&self, fulfil: impl Fn(&Event) -> bool) -> Set {
        let chosen = self
            .events
            .iter()
            .enumerate()
            .filter(|(_, event)| fulfil(event));
        chosen.fold(0, |set, (event, _)| set | 1 << event)
    }

    /// The event of this kind that an operation makes.
    pub(crate) fn event(&self, place: Place, kind: Kind) -> Option<usize> {
        self.events
            .iter()
            .position(|event| event.place == place && event.kind == kind)
    }

    /// The writes to a location, with the one that initialises it.
    pub(crate) fn writes(&self, at: Option<usize>) -> impl Iterator<Item = usize> {
        (0..self.events.len()).filter(move |&event| {
            self.events[event].kind == Kind::Write && self.events[event].at == at
        })
    }
}
