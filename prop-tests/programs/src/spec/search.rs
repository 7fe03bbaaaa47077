//! All interleavings of the atomic steps, without walking them all.
//!
//! A thread's future depends on its results so far, and on the slots. So the
//! search names each thread by the *node* of its results so far, each slot by
//! the number of its state, and remembers which tuples of such names it has
//! visited. What a step does depends on one node and one slot state only: it is
//! worked out once for each such pair.
//!
//! Shortcuts, none of which loses an outcome:
//!
//! - A probe that finds a count is joined to its CAS. A probe that is not
//!   followed by a successful CAS is forgotten, and one that is might as well
//!   have been done right before it: nobody sees a load.
//! - An increment past the maximum is joined to its abort, which touches no
//!   slot.
//! - `read`, `write` and `repurpose` run at once, and no other thread is tried
//!   before them. Their thread holds a handle, so no other thread's step
//!   changes what they read, and none looks at what they write.
//! - So does any step on a slot that no other thread can touch again.
//!
//! The third is not taken for a `read` when transitions are asked for: which
//! count stands beside it depends on when it runs.

use std::{collections::BTreeSet, hash::Hash};

use rustc_hash::FxHashSet;

use crate::{
    outcome::{End, Ends, OpResult, Outcome},
    program::{Op, OpName},
};

use super::{
    Holding,
    setup::Setup,
    slot::{Slot, Transition},
    step::{Advance, Micro},
    thread::Control,
};

/// The outcomes of all interleavings; each transition is visited at least
/// once, if a visitor is given.
pub(super) fn outcomes<'a>(
    setup: &'a Setup,
    visit: Option<&'a mut dyn FnMut(Transition)>,
) -> BTreeSet<Outcome> {
    let names = setup.threads() + setup.slots;
    let search = Search::new(setup, visit);
    match names {
        0..=4 => search.run([0; 4]),
        5..=8 => search.run([0; 8]),
        9..=16 => search.run([0; 16]),
        _ => search.run(vec![0; names]),
    }
}

/// The name of a node, a slot state or an edge.
type Name = u32;

const NONE: Name = Name::MAX;

/// A thread with its results so far.
struct Node {
    control: Control,
    thread: usize,
    /// The operation whose step comes next.
    current: Option<Op>,
    /// That step may be run before any other.
    private: bool,
    /// The slots this thread may still touch, one bit each.
    future: u32,
    /// Where it came from, and the result that this added.
    parent: Name,
    result: Option<OpResult>,
    first_edge: Name,
}

/// What a node's step does when it finds the slot in one state.
struct Edge {
    found: Name,
    left: Name,
    node: Name,
    label: (Option<OpResult>, Holding, Micro),
    next: Name,
}

struct Search<'a> {
    setup: &'a Setup,
    visit: Option<&'a mut dyn FnMut(Transition)>,
    nodes: Vec<Node>,
    edges: Vec<Edge>,
    slots: Vec<Slot>,
}

impl<'a> Search<'a> {
    fn new(setup: &'a Setup, visit: Option<&'a mut dyn FnMut(Transition)>) -> Self {
        Self {
            setup,
            visit,
            nodes: Vec::with_capacity(64),
            edges: Vec::with_capacity(128),
            slots: Vec::with_capacity(16),
        }
    }

    /// Visits every state once. A state is the nodes of the threads, then the
    /// states of the slots; `state` is one of the right size.
    fn run<S>(mut self, mut state: S) -> BTreeSet<Outcome>
    where
        S: AsRef<[Name]> + AsMut<[Name]> + Clone + Eq + Hash,
    {
        let setup = self.setup;
        let threads = setup.threads();
        for thread in 0..threads {
            let control = setup.first_control(thread);
            state.as_mut()[thread] = self.add_node(thread, control, NONE, None);
        }
        for slot in 0..setup.slots {
            state.as_mut()[threads + slot] = self.slot_name(setup.first_slot(slot));
        }

        let mut outcomes = Vec::new();
        let mut visited = FxHashSet::default();
        visited.insert(state.clone());
        let mut stack = vec![state];
        while let Some(state) = stack.pop() {
            let names = state.as_ref();
            let only = (0..threads).find(|&thread| self.runs_at_once(&names[..threads], thread));
            let candidates = match only {
                Some(thread) => thread..thread + 1,
                None => 0..threads,
            };
            let mut done = true;
            for thread in candidates {
                let node = names[thread];
                let Some(op) = self.nodes[node as usize].current else {
                    continue;
                };
                done = false;
                let slot = threads + op.slot;
                let (to, left) = self.follow(node, op, names[slot]);
                let mut next = state.clone();
                next.as_mut()[thread] = to;
                next.as_mut()[slot] = left;
                if visited.insert(next.clone()) {
                    stack.push(next);
                }
            }
            if done {
                outcomes.push(self.outcome(names));
            }
        }
        outcomes.into_iter().collect()
    }

    /// Whether no other thread need be tried before this one.
    fn runs_at_once(&self, nodes: &[Name], thread: usize) -> bool {
        let node = &self.nodes[nodes[thread] as usize];
        let Some(op) = node.current else {
            return false;
        };
        if node.private {
            return true;
        }
        // With one slot this only ever holds when no other thread is left.
        self.setup.slots > 1
            && nodes.iter().enumerate().all(|(other, &name)| {
                other == thread || self.nodes[name as usize].future & (1 << op.slot) == 0
            })
    }

    /// Where the step of a node leads that finds the slot in this state: the
    /// node after it, and the state it leaves.
    fn follow(&mut self, name: Name, op: Op, found: Name) -> (Name, Name) {
        let mut edge = self.nodes[name as usize].first_edge;
        while edge != NONE {
            let known = &self.edges[edge as usize];
            if known.found == found {
                return (known.node, known.left);
            }
            edge = known.next;
        }
        self.add_edge(name, op, found)
    }

    fn add_edge(&mut self, name: Name, op: Op, found: Name) -> (Name, Name) {
        let setup = self.setup;
        let Node {
            thread,
            mut control,
            first_edge,
            ..
        } = self.nodes[name as usize];
        let mut slot = self.slots[found as usize];
        let (advance, transition) = loop {
            let (advance, transition) = control.step(setup, thread, op, &mut slot);
            control.advance(setup, thread, op, advance);
            let joined = matches!(
                advance,
                Advance::Inside(Micro::Probed(_) | Micro::Overflowed(_))
            );
            if !joined {
                break (advance, transition);
            }
        };
        if let (Some(visit), Some(transition)) = (&mut self.visit, transition) {
            visit(transition);
        }

        // Slot states that the thread cannot tell apart lead to one node.
        let label = advance.label();
        let mut node = NONE;
        let mut edge = first_edge;
        while edge != NONE && node == NONE {
            let known = &self.edges[edge as usize];
            if known.label == label {
                node = known.node;
            }
            edge = known.next;
        }
        if node == NONE {
            node = self.add_node(thread, control, name, label.0);
        }
        let left = self.slot_name(slot);
        self.nodes[name as usize].first_edge = to_name(self.edges.len());
        self.edges.push(Edge {
            found,
            left,
            node,
            label,
            next: first_edge,
        });
        (node, left)
    }

    fn add_node(
        &mut self,
        thread: usize,
        control: Control,
        parent: Name,
        result: Option<OpResult>,
    ) -> Name {
        let setup = self.setup;
        let current = control.current(setup, thread);
        let private = current.is_some_and(|op| match op.name {
            OpName::Write | OpName::Repurpose => true,
            OpName::Read => self.visit.is_none(),
            _ => false,
        });
        let future = if current.is_none() {
            0
        } else {
            let held = match setup.ends {
                Ends::Dropped => control.held.held(),
                Ends::Left => 0,
            };
            let ops = &setup.ops(thread)[control.position..];
            ops.iter().fold(held, |mask, op| mask | (1 << op.slot))
        };
        self.nodes.push(Node {
            control,
            thread,
            current,
            private,
            future,
            parent,
            result,
            first_edge: NONE,
        });
        to_name(self.nodes.len() - 1)
    }

    fn slot_name(&mut self, slot: Slot) -> Name {
        let known = self.slots.iter().position(|&other| other == slot);
        to_name(known.unwrap_or_else(|| {
            self.slots.push(slot);
            self.slots.len() - 1
        }))
    }

    /// The outcome of a state in which no thread can step.
    fn outcome(&self, names: &[Name]) -> Outcome {
        let setup = self.setup;
        let threads = setup.threads();
        let mut results = Vec::with_capacity(threads);
        let mut drops = Vec::new();
        let mut stopped = false;
        for (thread, &name) in names[..threads].iter().enumerate() {
            let mut of_ops = vec![OpResult::Skipped; setup.ops(thread).len()];
            let mut of_drops = Vec::new();
            let mut node = &self.nodes[name as usize];
            stopped |= node.control.stopped;
            while node.parent != NONE {
                let parent = &self.nodes[node.parent as usize];
                if let Some(result) = node.result {
                    match of_ops.get_mut(parent.control.position) {
                        Some(entry) => *entry = result,
                        None => of_drops.push(result),
                    }
                }
                node = parent;
            }
            results.push(of_ops);
            if setup.ends == Ends::Dropped {
                of_drops.reverse();
                drops.push(of_drops);
            }
        }
        let end = if stopped {
            End::NotJudged
        } else {
            let slots = names[threads..threads + setup.slots].iter();
            let slots = slots.map(|&slot| self.slots[slot as usize].end());
            End::Slots(slots.collect())
        };
        Outcome {
            results,
            drops,
            end,
        }
    }
}

fn to_name(index: usize) -> Name {
    Name::try_from(index).expect("fewer states than names")
}
