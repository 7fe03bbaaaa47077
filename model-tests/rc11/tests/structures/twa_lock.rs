//! GenMC's `twalock`, 4 executions: two threads take the lock once each, and write
//! and read plain data.
//!
//! A ticket lock with an array to wait in: who is more than one ticket away waits
//! for a counter there to change (acquire), and only then for the grant. The
//! ticket is drawn with a relaxed increment, the grant read with acquire loads.
//! Unlocking passes the grant on by a relaxed load and a release store, and
//! increments the counter (release) of who comes next but one.

use rc11::hint::spin_loop;
use rc11::sync::atomic::AtomicI64;
use rc11::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::{Plain, executions};

/// The farthest ticket that waits for the grant itself.
const NEAR: i64 = 1;
/// So many that two threads share none.
const COUNTERS: usize = 8;

struct TwaLock {
    ticket: AtomicI64,
    grant: AtomicI64,
    counters: [AtomicI64; COUNTERS],
    data: Plain,
}

impl TwaLock {
    fn new() -> TwaLock {
        TwaLock {
            ticket: AtomicI64::new(0),
            grant: AtomicI64::new(0),
            counters: std::array::from_fn(|_| AtomicI64::new(0)),
            data: Plain::new(0),
        }
    }

    fn counter(&self, ticket: i64) -> &AtomicI64 {
        &self.counters[ticket as usize % COUNTERS]
    }

    fn lock(&self) {
        let ticket = self.ticket.fetch_add(1, Relaxed);
        let distance = ticket - self.grant.load(Acquire);
        if distance == 0 {
            return;
        }
        if distance > NEAR {
            self.wait_far(ticket);
        }
        while self.grant.load(Acquire) != ticket {
            spin_loop();
        }
    }

    fn wait_far(&self, ticket: i64) {
        let counter = self.counter(ticket);
        let mut seen = counter.load(Acquire);
        while ticket - self.grant.load(Relaxed) > NEAR {
            seen = loop {
                let now = counter.load(Acquire);
                if now != seen {
                    break now;
                }
                spin_loop();
            };
        }
    }

    fn unlock(&self) {
        let next = self.grant.load(Relaxed) + 1;
        self.grant.store(next, Release);
        self.counter(next + NEAR).fetch_add(1, Release);
    }
}

fn thread(id: u64) -> impl Fn(&TwaLock) + Clone + Send {
    move |lock: &TwaLock| {
        lock.lock();
        lock.data.set(id);
        assert_eq!(lock.data.get(), id);
        lock.unlock();
    }
}

#[test]
fn two_threads_have_4() {
    assert_eq!(executions(TwaLock::new, vec![thread(0), thread(1)]), 4);
}
