//! GenMC's `ms-queue`, 50 executions: two threads, each of which puts a value into
//! Michael and Scott's queue and takes one out.
//!
//! Nodes are numbers in an array, and come with a count that makes each value of a
//! word another one. Head, tail and links are read with acquire loads (the tail
//! with a relaxed one where a value is taken out), and read a second time, relaxed,
//! to see that they have not changed. Exchanges release, and fail relaxed.
//!
//! GenMC gives up executions in which an attempt to take a value out changes
//! nothing: the head has moved meanwhile, or its exchange fails. All have 178.

use rc11::hint::spin_loop;
use rc11::sync::atomic::AtomicU64;
use rc11::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::{Plain, executions};

/// No node: nodes are numbered from 1.
const NULL: u64 = 0;

struct Queue {
    head: AtomicU64,
    tail: AtomicU64,
    /// The first is the dummy at the beginning.
    nodes: [Node; 4],
    dequeued_nothing: fn(),
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

impl Queue {
    fn new(dequeued_nothing: fn()) -> Queue {
        Queue {
            head: AtomicU64::new(tagged(1, 0)),
            tail: AtomicU64::new(tagged(1, 0)),
            nodes: std::array::from_fn(|_| Node {
                value: Plain::new(0),
                next: AtomicU64::new(tagged(NULL, 0)),
            }),
            dequeued_nothing,
        }
    }

    fn node(&self, tagged: u64) -> &Node {
        &self.nodes[node(tagged) as usize]
    }

    /// Puts a value at the end, in this node, which nobody else has.
    fn enqueue(&self, new: u64, value: u64) {
        self.node(new).value.set(value);
        let next = self.node(new).next.load(Relaxed);
        self.node(new)
            .next
            .store(tagged(NULL, count(next)), Relaxed);
        let tail = loop {
            let tail = self.tail.load(Acquire);
            let link = &self.node(tail).next;
            let next = link.load(Acquire);
            if self.tail.load(Relaxed) != tail {
                continue;
            }
            let linked = tagged(new, count(next) + 1);
            if node(next) == NULL
                && link
                    .compare_exchange(next, linked, Release, Relaxed)
                    .is_ok()
            {
                break tail;
            }
            let next = link.load(Acquire);
            self.advance_tail(tail, next);
        };
        self.advance_tail(tail, new);
    }

    fn advance_tail(&self, tail: u64, to: u64) {
        let advanced = tagged(node(to), count(tail) + 1);
        let _ = self.tail.compare_exchange(tail, advanced, Release, Relaxed);
    }

    fn dequeue(&self) -> Option<u64> {
        loop {
            let head = self.head.load(Acquire);
            let tail = self.tail.load(Relaxed);
            let next = self.node(head).next.load(Acquire);
            if self.head.load(Relaxed) != head {
                (self.dequeued_nothing)();
                continue;
            }
            if node(head) == node(tail) {
                if node(next) == NULL {
                    return None;
                }
                self.advance_tail(tail, next);
            } else {
                let value = self.node(next).value.get();
                let advanced = tagged(node(next), count(head) + 1);
                if self
                    .head
                    .compare_exchange(head, advanced, Release, Relaxed)
                    .is_ok()
                {
                    return Some(value);
                }
                (self.dequeued_nothing)();
            }
        }
    }
}

fn executions_if(dequeued_nothing: fn()) -> u64 {
    let thread = |new: u64| {
        move |queue: &Queue| {
            queue.enqueue(new, 10 * new);
            let value = queue
                .dequeue()
                .expect("there are at least as many as are taken out");
            assert!([20, 30].contains(&value));
        }
    };
    executions(|| Queue::new(dequeued_nothing), vec![thread(2), thread(3)])
}

#[test]
fn two_threads_have_178() {
    assert_eq!(executions_if(|| {}), 178);
}

#[test]
fn two_threads_have_50_if_each_attempt_to_dequeue_does_something() {
    assert_eq!(executions_if(|| spin_loop()), 50);
}
