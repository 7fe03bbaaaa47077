//! GenMC's `ticketlock`, 2 executions: two threads take the lock once each, and
//! write and read plain data.
//!
//! The ticket is drawn with a relaxed increment; the owner is awaited with acquire
//! loads, and passed on by a relaxed load and a release store.

use rc11::hint::spin_loop;
use rc11::sync::atomic::AtomicU64;
use rc11::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::{Plain, executions};

struct TicketLock {
    next: AtomicU64,
    owner: AtomicU64,
    data: Plain,
}

impl TicketLock {
    fn new() -> TicketLock {
        TicketLock {
            next: AtomicU64::new(0),
            owner: AtomicU64::new(0),
            data: Plain::new(0),
        }
    }

    fn lock(&self) {
        let ticket = self.next.fetch_add(1, Relaxed);
        while self.owner.load(Acquire) != ticket {
            spin_loop();
        }
    }

    fn unlock(&self) {
        let owner = self.owner.load(Relaxed);
        self.owner.store(owner + 1, Release);
    }
}

#[test]
fn two_threads_have_2() {
    let thread = |id| {
        move |lock: &TicketLock| {
            lock.lock();
            lock.data.set(id);
            assert_eq!(lock.data.get(), id);
            lock.unlock();
        }
    };
    assert_eq!(executions(TicketLock::new, vec![thread(0), thread(1)]), 2);
}
