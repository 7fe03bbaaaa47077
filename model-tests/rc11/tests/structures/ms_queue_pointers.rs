//! Miri's `ms_queue_dynamic`, a queue of nodes that are reached by pointers. One
//! thread takes out and one puts in: 4 executions; two put in: 188; two put in and take out: 222.
//!
//! As in `ms_queue`, but without counts, as no node is used again; all loads
//! acquire, and a thread that finds its link taken looks again before it helps.
//! These are all executions. Without those in which something has changed between
//! two loads, or the exchange of the head fails, there are 44 of two threads that do
//! both.

use std::ptr;
use std::sync::Arc;

use rc11::hint::spin_loop;
use rc11::sync::atomic::AtomicPtr;
use rc11::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::arena::Arena;
use crate::{Plain, executions};

struct Queue {
    head: AtomicPtr<Node>,
    tail: AtomicPtr<Node>,
    nodes: Arc<Arena<Node>>,
    in_vain: fn(),
}

struct Node {
    value: Plain,
    next: AtomicPtr<Node>,
}

impl Node {
    fn new(value: u64) -> Node {
        Node {
            value: Plain::new(value),
            next: AtomicPtr::new(ptr::null_mut()),
        }
    }
}

impl Queue {
    /// With a dummy in the first place of these nodes.
    fn new(nodes: &Arc<Arena<Node>>, in_vain: fn()) -> Queue {
        let dummy = nodes.make(0, Node::new(0));
        Queue {
            head: AtomicPtr::new(dummy),
            tail: AtomicPtr::new(dummy),
            nodes: nodes.clone(),
            in_vain,
        }
    }

    /// Puts a node in this place at the end, with a value.
    fn enqueue(&self, place: usize, value: u64) {
        let new = self.nodes.make(place, Node::new(value));
        let tail = loop {
            let tail = self.tail.load(Acquire);
            let link = &node(tail).next;
            let next = link.load(Acquire);
            if self.tail.load(Acquire) != tail {
                (self.in_vain)();
                continue;
            }
            if !next.is_null() {
                let _ = self.tail.compare_exchange(tail, next, Release, Relaxed);
            } else if link.compare_exchange(next, new, Release, Relaxed).is_ok() {
                break tail;
            }
        };
        let _ = self.tail.compare_exchange(tail, new, Release, Relaxed);
    }

    fn dequeue(&self) -> Option<u64> {
        loop {
            let head = self.head.load(Acquire);
            let tail = self.tail.load(Acquire);
            let next = node(head).next.load(Acquire);
            if self.head.load(Acquire) != head {
                (self.in_vain)();
                continue;
            }
            if head != tail {
                let value = node(next).value.get();
                if self
                    .head
                    .compare_exchange(head, next, Release, Relaxed)
                    .is_ok()
                {
                    return Some(value);
                }
                (self.in_vain)();
            } else if next.is_null() {
                return None;
            } else {
                let _ = self.tail.compare_exchange(tail, next, Release, Relaxed);
            }
        }
    }
}

fn node<'a>(node: *mut Node) -> &'a Node {
    // SAFETY: the queue never passes null here, and nodes stay as long as the arena.
    unsafe { &*node }
}

fn threads([dequeue, enqueue, both]: [usize; 3], in_vain: fn()) -> u64 {
    let thread = |place: usize, enqueues: bool, dequeues: bool| {
        move |queue: &Queue| {
            if enqueues {
                queue.enqueue(place, 1);
            }
            if dequeues {
                assert!(
                    queue.dequeue().is_some() || !enqueues,
                    "as many were put in as taken out"
                );
            }
        }
    };
    let mut threads = Vec::new();
    threads.extend((0..dequeue).map(|_| thread(0, false, true)));
    threads.extend((0..enqueue).map(|place| thread(1 + place, true, false)));
    threads.extend((enqueue..enqueue + both).map(|place| thread(1 + place, true, true)));
    let nodes = Arc::new(Arena::new(1 + enqueue + both));
    executions(|| Queue::new(&nodes, in_vain), threads)
}

#[test]
fn one_out_and_one_in_have_4() {
    assert_eq!(threads([1, 1, 0], || {}), 4);
}

#[test]
fn one_out_and_two_in_have_188() {
    assert_eq!(threads([1, 2, 0], || {}), 188);
}

#[test]
fn two_in_and_out_have_222() {
    assert_eq!(threads([0, 0, 2], || {}), 222);
}

#[test]
fn two_in_and_out_have_44_if_none_is_in_vain() {
    assert_eq!(threads([0, 0, 2], || spin_loop()), 44);
}
