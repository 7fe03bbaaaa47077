//! Miri's `treiber_stack_dynamic`, a stack of nodes that are reached by
//! pointers. One thread
//! pops and two push: 22 executions; three push: 1,002; two pop and two push: 220;
//! two push and pop: 46.
//!
//! As in `treiber_stack`, but without counts, as no node is used again.
//!
//! These are all executions. Without those in which an attempt fails there are 38
//! of two pops and two pushes, and 10 of two threads that do both.

use std::ptr;
use std::sync::Arc;

use rc11::hint::spin_loop;
use rc11::sync::atomic::AtomicPtr;
use rc11::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::arena::Arena;
use crate::{Plain, executions};

struct Stack {
    top: AtomicPtr<Node>,
    nodes: Arc<Arena<Node>>,
    failed: fn(),
}

struct Node {
    value: Plain,
    next: AtomicPtr<Node>,
}

impl Stack {
    fn new(nodes: &Arc<Arena<Node>>, failed: fn()) -> Stack {
        Stack {
            top: AtomicPtr::new(ptr::null_mut()),
            nodes: nodes.clone(),
            failed,
        }
    }

    /// Pushes a node in this place, with a value.
    fn push(&self, place: usize, value: u64) {
        let node = Node {
            value: Plain::new(value),
            next: AtomicPtr::new(ptr::null_mut()),
        };
        let new = self.nodes.make(place, node);
        loop {
            let top = self.top.load(Acquire);
            // SAFETY: nodes stay as long as the arena.
            unsafe { &*new }.next.store(top, Relaxed);
            if self
                .top
                .compare_exchange(top, new, Release, Relaxed)
                .is_ok()
            {
                return;
            }
            (self.failed)();
        }
    }

    fn pop(&self) -> Option<u64> {
        loop {
            let top = self.top.load(Acquire);
            // SAFETY: nodes stay as long as the arena.
            let node = unsafe { top.as_ref() }?;
            let next = node.next.load(Relaxed);
            if self
                .top
                .compare_exchange(top, next, Release, Relaxed)
                .is_ok()
            {
                return Some(node.value.get());
            }
            (self.failed)();
        }
    }
}

fn threads([pop, push, both]: [usize; 3], failed: fn()) -> u64 {
    let thread = |place: usize, pushes: bool, pops: bool| {
        move |stack: &Stack| {
            if pushes {
                stack.push(place, 1);
            }
            if pops {
                assert!(
                    stack.pop().is_some() || !pushes,
                    "as many were pushed as popped"
                );
            }
        }
    };
    let mut threads = Vec::new();
    threads.extend((0..pop).map(|_| thread(0, false, true)));
    threads.extend((0..push).map(|place| thread(place, true, false)));
    threads.extend((push..push + both).map(|place| thread(place, true, true)));
    let nodes = Arc::new(Arena::new(push + both));
    executions(|| Stack::new(&nodes, failed), threads)
}

#[test]
fn a_pop_and_two_pushes_have_22() {
    assert_eq!(threads([1, 2, 0], || {}), 22);
}

#[test]
fn a_pop_and_three_pushes_have_1002() {
    assert_eq!(threads([1, 3, 0], || {}), 1_002);
}

#[test]
fn two_pops_and_two_pushes_have_220() {
    assert_eq!(threads([2, 2, 0], || {}), 220);
}

#[test]
fn two_that_push_and_pop_have_46() {
    assert_eq!(threads([0, 0, 2], || {}), 46);
}

#[test]
fn two_pops_and_two_pushes_have_38_if_none_fails() {
    assert_eq!(threads([2, 2, 0], || spin_loop()), 38);
}

#[test]
fn two_that_push_and_pop_have_10_if_none_fails() {
    assert_eq!(threads([0, 0, 2], || spin_loop()), 10);
}
