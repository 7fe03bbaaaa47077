//! GenMC's `linuxrwlocks`, 14 executions: two threads, each of which takes Linux's
//! old reader-writer lock for reading, then for writing; plain data is read and
//! written within.
//!
//! The lock is a number that readers lower by one, writers by all (acquire). Who
//! got too little puts it back (relaxed), waits until there seems to be enough
//! (relaxed loads), and tries again. Unlocking puts it back with release.
//!
//! GenMC gives up executions in which an attempt fails, as in the end it changes
//! nothing. Those without: the reads are first, each before the other (2) or not
//! (4), then the writes in either order (2), or one thread is before the other
//! (2): 6 * 2 + 2.

use rc11::hint::spin_loop;
use rc11::sync::atomic::AtomicI64;
use rc11::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::{Plain, executions};

const ALL: i64 = 0x0010_0000;

struct RwLock {
    left: AtomicI64,
    data: Plain,
}

impl RwLock {
    fn new() -> RwLock {
        RwLock {
            left: AtomicI64::new(ALL),
            data: Plain::new(0),
        }
    }

    fn take(&self, amount: i64, enough: impl Fn(i64) -> bool, failed: fn()) {
        while !enough(self.left.fetch_sub(amount, Acquire)) {
            self.left.fetch_add(amount, Relaxed);
            while !enough(self.left.load(Relaxed)) {
                spin_loop();
            }
            failed();
        }
    }

    fn give_back(&self, amount: i64) {
        self.left.fetch_add(amount, Release);
    }

    fn read(&self, failed: fn()) -> u64 {
        self.take(1, |left| left > 0, failed);
        let value = self.data.get();
        self.give_back(1);
        value
    }

    fn write(&self, value: u64, failed: fn()) {
        self.take(ALL, |left| left == ALL, failed);
        self.data.set(value);
        self.give_back(ALL);
    }
}

fn executions_if(failed: fn()) -> u64 {
    let thread = move |lock: &RwLock| {
        lock.read(failed);
        lock.write(1, failed);
    };
    executions(RwLock::new, vec![thread, thread])
}

#[test]
fn two_readers_that_write_have_222() {
    assert_eq!(executions_if(|| {}), 222);
}

#[test]
fn two_readers_that_write_have_14_if_no_attempt_fails() {
    assert_eq!(executions_if(|| spin_loop()), 14);
}
