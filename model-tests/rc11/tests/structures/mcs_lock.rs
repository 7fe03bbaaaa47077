//! GenMC's `mcs_spinlock`, 6 executions: two threads take Linux's MCS lock once
//! each, and write plain data.
//!
//! Locking resets the thread's node (relaxed), and puts it at the end of the queue
//! (swap, acquire and release); behind another one it links itself in (relaxed
//! store) and waits to be let in (acquire loads). Unlocking looks for a next one
//! (relaxed load); without one it empties the queue (release exchange), and where
//! that fails waits for the link (relaxed loads). It lets the next one in by a
//! release store.
//!
//! Under RC11, which knows no dependencies, relaxed links lose a wake-up: nothing
//! orders the reset of a node before the store that lets its thread in. GenMC does
//! not count such executions; here they are a deadlock. The others are as many as
//! with release and acquire.

use rc11::FailureKind;
use rc11::hint::spin_loop;
use rc11::sync::atomic::AtomicUsize;
use rc11::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release};

use crate::{Plain, executions, explore};

/// No node: nodes are numbered from 1.
const NULL: usize = 0;

struct McsLock {
    tail: AtomicUsize,
    nodes: [Node; 2],
    data: Plain,
    links: Links,
}

/// How links are written and read.
#[derive(Clone, Copy)]
struct Links {
    store: Ordering,
    load: Ordering,
}

struct Node {
    next: AtomicUsize,
    let_in: AtomicUsize,
}

impl McsLock {
    fn new(links: Links) -> McsLock {
        let node = || Node {
            next: AtomicUsize::new(NULL),
            let_in: AtomicUsize::new(0),
        };
        McsLock {
            tail: AtomicUsize::new(NULL),
            nodes: [node(), node()],
            data: Plain::new(0),
            links,
        }
    }

    fn node(&self, node: usize) -> &Node {
        &self.nodes[node - 1]
    }

    fn lock(&self, me: usize) {
        let node = self.node(me);
        node.let_in.store(0, Relaxed);
        node.next.store(NULL, Relaxed);
        let previous = self.tail.swap(me, AcqRel);
        if previous == NULL {
            return;
        }
        self.node(previous).next.store(me, self.links.store);
        while node.let_in.load(Acquire) == 0 {
            spin_loop();
        }
    }

    fn unlock(&self, me: usize) {
        let node = self.node(me);
        let mut next = node.next.load(self.links.load);
        if next == NULL {
            if self
                .tail
                .compare_exchange(me, NULL, Release, Relaxed)
                .is_ok()
            {
                return;
            }
            next = loop {
                let next = node.next.load(self.links.load);
                if next != NULL {
                    break next;
                }
                spin_loop();
            };
        }
        self.node(next).let_in.store(1, Release);
    }
}

fn thread(id: usize) -> impl Fn(&McsLock) + Clone + Send {
    move |lock: &McsLock| {
        lock.lock(id);
        lock.data.set(42);
        lock.unlock(id);
    }
}

#[test]
fn two_threads_have_6() {
    let links = Links {
        store: Release,
        load: Acquire,
    };
    assert_eq!(
        executions(|| McsLock::new(links), vec![thread(1), thread(2)]),
        6
    );
}

#[test]
fn relaxed_links_lose_a_wake_up() {
    for links in [
        Links {
            store: Relaxed,
            load: Relaxed,
        },
        Links {
            store: Release,
            load: Relaxed,
        },
        Links {
            store: Relaxed,
            load: Acquire,
        },
    ] {
        let failure = explore(|| McsLock::new(links), vec![thread(1), thread(2)]).failure;
        let kind = failure.expect("one thread waits for ever").kind;
        assert!(matches!(kind, FailureKind::Deadlock(_)), "{kind:?}");
    }
}
