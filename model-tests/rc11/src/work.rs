//! The graphs that are left to explore.

use std::collections::VecDeque;

use crate::graph::Graph;

/// A stack of graphs, and memory for more.
#[derive(Debug, Default)]
pub(crate) struct Work {
    left: VecDeque<Graph>,
    spare: Vec<Graph>,
}

impl Work {
    /// A graph to be overwritten.
    pub(crate) fn spare(&mut self) -> Graph {
        self.spare.pop().unwrap_or_default()
    }

    pub(crate) fn copy_of(&mut self, graph: &Graph) -> Graph {
        let mut copy = self.spare();
        copy.copy_from(graph);
        copy
    }

    pub(crate) fn give_back(&mut self, graph: Graph) {
        self.spare.push(graph);
    }

    pub(crate) fn add(&mut self, graph: Graph) {
        self.left.push_back(graph);
    }

    pub(crate) fn add_if_consistent(&mut self, graph: Graph) {
        if graph.is_seq_cst_consistent() {
            self.add(graph);
        } else {
            self.give_back(graph);
        }
    }

    /// The graph to go on with.
    pub(crate) fn next(&mut self) -> Option<Graph> {
        self.left.pop_back()
    }

    /// The one that was left first: there is more behind it than behind others.
    pub(crate) fn next_oldest(&mut self) -> Option<Graph> {
        self.left.pop_front()
    }

    /// The older half.
    pub(crate) fn give_away(&mut self) -> impl Iterator<Item = Graph> {
        let half = self.left.len() / 2;
        self.left.drain(..half)
    }

    pub(crate) fn take_left(&mut self) -> Vec<Graph> {
        std::mem::take(&mut self.left).into()
    }

    pub(crate) fn len(&self) -> usize {
        self.left.len()
    }
}
