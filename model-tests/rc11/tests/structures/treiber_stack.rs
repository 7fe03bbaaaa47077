//! GenMC's `treiber-stack`, 18 executions: two threads write a relaxed word each,
//! and push its number; a third one pops, and reads the word that it was told of;
//! a fourth does nothing.
//!
//! Nodes are numbers in an array, and come with a count that makes each top of the
//! stack another one. The top is read with acquire loads and changed by exchanges
//! that release, and fail relaxed; links are relaxed, values plain.
//!
//! GenMC gives up executions in which an attempt to pop fails, as it changes
//! nothing; an attempt to push has written the link of its node. With all failed
//! attempts there are 22, as Miri has them.

use rc11::hint::spin_loop;
use rc11::sync::atomic::AtomicU64;
use rc11::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::{Plain, executions};

/// No node: nodes are numbered from 1.
const NULL: u64 = 0;

struct Stack {
    top: AtomicU64,
    nodes: [Node; 3],
    words: [AtomicU64; 3],
    pop_failed: fn(),
}

struct Node {
    value: Plain,
    next: AtomicU64,
}

/// A node and a count, as one word.
fn tagged(node: u64, count: u64) -> u64 {
    count << 32 | node
}

fn node(tagged: u64) -> u64 {
    tagged & 0xFFFF_FFFF
}

fn count(tagged: u64) -> u64 {
    tagged >> 32
}

impl Stack {
    fn new(pop_failed: fn()) -> Stack {
        Stack {
            top: AtomicU64::new(tagged(NULL, 0)),
            nodes: std::array::from_fn(|_| Node {
                value: Plain::new(0),
                next: AtomicU64::new(NULL),
            }),
            words: std::array::from_fn(|_| AtomicU64::new(0)),
            pop_failed,
        }
    }

    fn node(&self, tagged: u64) -> &Node {
        &self.nodes[node(tagged) as usize]
    }

    /// Pushes this node, which nobody else has.
    fn push(&self, new: u64, value: u64) {
        self.node(new).value.set(value);
        loop {
            let top = self.top.load(Acquire);
            self.node(new).next.store(top, Relaxed);
            let new = tagged(new, count(top) + 1);
            if self
                .top
                .compare_exchange(top, new, Release, Relaxed)
                .is_ok()
            {
                return;
            }
        }
    }

    fn pop(&self) -> Option<u64> {
        loop {
            let top = self.top.load(Acquire);
            if node(top) == NULL {
                return None;
            }
            let next = self.node(top).next.load(Relaxed);
            let new = tagged(node(next), count(top) + 1);
            if self
                .top
                .compare_exchange(top, new, Release, Relaxed)
                .is_ok()
            {
                return Some(self.node(top).value.get());
            }
            (self.pop_failed)();
        }
    }
}

fn executions_if(pop_failed: fn()) -> u64 {
    let push_1: fn(&Stack) = |stack| {
        stack.words[1].store(17, Relaxed);
        stack.push(1, 1);
    };
    let push_2: fn(&Stack) = |stack| {
        stack.words[2].store(37, Relaxed);
        stack.push(2, 2);
    };
    let pop: fn(&Stack) = |stack| {
        if let Some(value) = stack.pop() {
            let word = stack.words[value as usize].load(Relaxed);
            assert_eq!(word, [17, 37][value as usize - 1]);
        }
    };
    executions(|| Stack::new(pop_failed), vec![push_1, push_2, |_| {}, pop])
}

#[test]
fn two_pushes_and_a_pop_have_22() {
    assert_eq!(executions_if(|| {}), 22);
}

#[test]
fn two_pushes_and_a_pop_have_18_if_the_pop_does_not_fail() {
    assert_eq!(executions_if(|| spin_loop()), 18);
}
