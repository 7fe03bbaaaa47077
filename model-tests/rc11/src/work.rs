//! The graphs that are left to explore.

use std::collections::VecDeque;

use crate::graph::Graph;

/// A stack of graphs, and memory for more. They are handed on as pointers: that is a
/// part of the time of an execution.
#[derive(Debug, Default)]
#[allow(clippy::vec_box, reason = "as above")]
pub(crate) struct Work {
    left: VecDeque<Box<Graph>>,
    spare: Vec<Box<Graph>>,
}

impl Work {
    /// A graph to be overwritten.
    pub(crate) fn spare(&mut self) -> Box<Graph> {
        self.spare.pop().unwrap_or_default()
    }

    pub(crate) fn copy_of(&mut self, graph: &Graph) -> Box<Graph> {
        let mut copy = self.spare();
        copy.copy_from(graph);
        copy
    }

    pub(crate) fn give_back(&mut self, graph: Box<Graph>) {
        self.spare.push(graph);
    }

    pub(crate) fn add(&mut self, graph: Box<Graph>) {
        self.left.push_back(graph);
    }

    pub(crate) fn add_if_consistent(&mut self, graph: Box<Graph>) {
        if graph.is_seq_cst_consistent() {
            self.add(graph);
        } else {
            self.give_back(graph);
        }
    }

    /// The graph to go on with.
    pub(crate) fn next(&mut self) -> Option<Box<Graph>> {
        self.left.pop_back()
    }

    /// The one that was left first: there is more behind it than behind others.
    pub(crate) fn next_oldest(&mut self) -> Option<Box<Graph>> {
        self.left.pop_front()
    }

    /// The older half.
    pub(crate) fn give_away(&mut self) -> impl Iterator<Item = Box<Graph>> {
        let half = self.left.len() / 2;
        self.left.drain(..half)
    }

    pub(crate) fn take_left(&mut self) -> Vec<Graph> {
        self.left.drain(..).map(|graph| *graph).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.left.len()
    }
}
