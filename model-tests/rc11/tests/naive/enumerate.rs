//! All execution graphs of a program, the naive way: each guess of which
//! compare-and-exchange succeeds, each source for each read, each modification
//! order, filtered by the axioms.

use crate::axioms;
use crate::canonical::{CanonicalGraph, Performed};
use crate::graph::{Graph, Kind, Place};
use crate::litmus::{Litmus, Op, Operand};

/// When a graph is judged.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judge {
    /// Each time a source or a place is chosen: a part that breaks an axiom is
    /// not completed, as nothing that is added mends it.
    Parts,
    /// Once it is complete. It takes too long for all but the smallest programs,
    /// and is there to judge the other.
    Complete,
}

/// The graphs of a program that RC11 allows.
pub(crate) fn graphs(program: &Litmus) -> Vec<CanonicalGraph> {
    graphs_by(program, Judge::Parts)
}

pub(crate) fn graphs_by(program: &Litmus, judge: Judge) -> Vec<CanonicalGraph> {
    let exchanges: Vec<(usize, usize)> = (program.threads.iter().enumerate())
        .flat_map(|(thread, ops)| (0..ops.len()).map(move |index| (thread, index)))
        .filter(|&(thread, index)| {
            matches!(program.threads[thread][index], Op::CompareExchange { .. })
        })
        .collect();
    let mut found = Vec::new();
    for guess in 0_u32..1 << exchanges.len() {
        let succeeds = |thread, index| {
            let bit = exchanges
                .iter()
                .position(|&exchange| exchange == (thread, index));
            bit.is_some_and(|bit| guess >> bit & 1 == 1)
        };
        let graph = Graph::of(program, succeeds);
        let mut search = Search {
            program,
            judge,
            sources: vec![None; graph.events.len()],
            modification_order: vec![Vec::new(); program.locations()],
            graph,
            found: Vec::new(),
        };
        search.choose(0);
        found.append(&mut search.found);
    }
    found
}

struct Search<'a> {
    program: &'a Litmus,
    judge: Judge,
    graph: Graph,
    /// The source chosen for each read.
    sources: Vec<Option<usize>>,
    /// The places chosen for the writes of each location.
    modification_order: Vec<Vec<usize>>,
    found: Vec<CanonicalGraph>,
}

impl Search<'_> {
    /// All choices for this event and those after it.
    fn choose(&mut self, event: usize) {
        let complete = event == self.graph.events.len();
        if (complete || self.judge == Judge::Parts) && !self.is_allowed() {
            return;
        }
        if complete {
            self.found.push(self.canonical());
            return;
        }
        match self.graph.events[event].kind {
            Kind::Read => self.choose_source(event),
            Kind::Write => self.choose_place(event),
            Kind::Fence => self.choose(event + 1),
        }
    }

    fn choose_source(&mut self, read: usize) {
        let sources: Vec<usize> = self.graph.writes(self.graph.events[read].at).collect();
        for source in sources {
            let without = self.graph.rf;
            self.graph.rf.insert(source, read);
            self.sources[read] = Some(source);
            self.choose(read + 1);
            self.sources[read] = None;
            self.graph.rf = without;
        }
    }

    fn choose_place(&mut self, write: usize) {
        let at = self.graph.events[write].at.expect("a write has a location");
        // An initialisation is the first event of its location.
        let places = self.modification_order[at].len();
        for place in places.min(1)..=places {
            let without = self.graph.mo;
            for &before in &self.modification_order[at][..place] {
                self.graph.mo.insert(before, write);
            }
            for &after in &self.modification_order[at][place..] {
                self.graph.mo.insert(write, after);
            }
            self.modification_order[at].insert(place, write);
            self.choose(write + 1);
            self.modification_order[at].remove(place);
            self.graph.mo = without;
        }
    }

    fn is_allowed(&self) -> bool {
        axioms::no_thin_air(&self.graph)
            && self.guesses_are_right()
            && axioms::the_others_hold(&self.graph)
    }

    /// No compare-and-exchange reads a value with which it would do other than
    /// was guessed. Of one whose value is not decided yet nothing is said.
    fn guesses_are_right(&self) -> bool {
        self.graph.events.iter().enumerate().all(|(read, event)| {
            let Place::Thread(thread, index) = event.place else {
                return true;
            };
            let Op::CompareExchange { expected, .. } = self.program.threads[thread][index] else {
                return true;
            };
            if event.kind != Kind::Read {
                return true;
            }
            let succeeds = self.graph.event(event.place, Kind::Write).is_some();
            match (self.value_read(read), self.operand(thread, expected)) {
                (Some(value), Some(expected)) => (value == expected) == succeeds,
                _ => true,
            }
        })
    }

    // Values: these end because `sb ∪ rf` has no cycle.

    fn value_read(&self, read: usize) -> Option<u64> {
        self.value_written(self.sources[read]?)
    }

    fn value_written(&self, write: usize) -> Option<u64> {
        let place = self.graph.events[write].place;
        let Place::Thread(thread, index) = place else {
            return Some(0);
        };
        match self.program.threads[thread][index] {
            Op::Store { value, .. } | Op::Swap { value, .. } => self.operand(thread, value),
            Op::CompareExchange { new, .. } => self.operand(thread, new),
            Op::FetchAdd { value, .. } => {
                let read = self.graph.event(place, Kind::Read).expect("it reads");
                Some(self.value_read(read)? + self.operand(thread, value)?)
            }
            Op::Load { .. } | Op::Fence { .. } => unreachable!("it does not write"),
        }
    }

    fn operand(&self, thread: usize, operand: Operand) -> Option<u64> {
        match operand {
            Operand::Constant(value) => Some(value),
            Operand::Register(index) => {
                let place = Place::Thread(thread, index);
                self.value_read(self.graph.event(place, Kind::Read).expect("it reads"))
            }
        }
    }

    fn canonical(&self) -> CanonicalGraph {
        let threads = self.program.threads.iter().enumerate();
        CanonicalGraph {
            threads: threads
                .map(|(thread, ops)| {
                    (0..ops.len())
                        .map(|index| self.performed(Place::Thread(thread, index)))
                        .collect()
                })
                .collect(),
            modification_order: (self.modification_order.iter())
                .map(|writes| writes.iter().filter_map(|&write| self.id(write)).collect())
                .collect(),
        }
    }

    fn performed(&self, place: Place) -> Performed {
        let events = &self.graph.events;
        let first = events
            .iter()
            .find(|event| event.place == place)
            .expect("each does something");
        let read = self.graph.event(place, Kind::Read).map(|read| {
            let source = self.sources[read].expect("the graph is complete");
            (
                self.value_read(read).expect("the graph is complete"),
                self.id(source),
            )
        });
        let written = (self.graph.event(place, Kind::Write))
            .map(|write| self.value_written(write).expect("the graph is complete"));
        Performed {
            at: first.at,
            order: first.order,
            read,
            written,
        }
    }

    fn id(&self, event: usize) -> Option<(usize, usize)> {
        match self.graph.events[event].place {
            Place::Init => None,
            Place::Thread(thread, index) => Some((thread, index)),
        }
    }
}

mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;
    use crate::strategy::programs_of;

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::with_cases(300)
        })]

        #[test]
        fn to_judge_parts_loses_no_graph(program in programs_of(2..=3, 3, 4)) {
            let early = graphs_by(&program, Judge::Parts);
            let late = graphs_by(&program, Judge::Complete);
            let set = |graphs: Vec<CanonicalGraph>| graphs.into_iter().collect::<HashSet<_>>();
            prop_assert_eq!(early.len(), late.len());
            prop_assert_eq!(set(early), set(late));
        }

        #[test]
        fn no_graph_is_found_twice(program in programs_of(2..=3, 3, 6)) {
            let graphs = graphs(&program);
            let number = graphs.len();
            prop_assert_eq!(graphs.into_iter().collect::<HashSet<_>>().len(), number);
        }
    }
}
