//! GenMC's `ttaslock`, 4 executions: two threads take the lock once each, and
//! write and read plain data.
//!
//! The lock is awaited with relaxed loads, then taken with an acquire swap; one
//! that comes too late starts again. It is given back by a release store.
//!
//! GenMC gives up executions in which a swap comes too late, as it changes
//! nothing: whichever thread is second, it has waited for the first or has not
//! seen it yet. With those that it gives up there is a third.

use rc11::hint::spin_loop;
use rc11::sync::atomic::AtomicU64;
use rc11::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::{Plain, executions};

struct TtasLock {
    taken: AtomicU64,
    data: Plain,
}

impl TtasLock {
    fn new() -> TtasLock {
        TtasLock {
            taken: AtomicU64::new(0),
            data: Plain::new(0),
        }
    }

    fn lock(&self, too_late: fn()) {
        loop {
            while self.taken.load(Relaxed) != 0 {
                spin_loop();
            }
            if self.taken.swap(1, Acquire) == 0 {
                return;
            }
            too_late();
        }
    }

    fn unlock(&self) {
        self.taken.store(0, Release);
    }
}

fn executions_if(too_late: fn()) -> u64 {
    let thread = |id| {
        move |lock: &TtasLock| {
            lock.lock(too_late);
            lock.data.set(id);
            assert_eq!(lock.data.get(), id);
            lock.unlock();
        }
    };
    executions(TtasLock::new, vec![thread(0), thread(1)])
}

#[test]
fn two_threads_have_6() {
    assert_eq!(executions_if(|| {}), 6);
}

#[test]
fn two_threads_have_4_if_none_is_too_late() {
    assert_eq!(executions_if(|| spin_loop()), 4);
}
