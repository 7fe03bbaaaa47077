//! Real threads that live through all rounds and start each together.

use std::cell::UnsafeCell;
use std::hint;
use std::sync::Barrier;
pub(crate) use std::sync::atomic::{AtomicU64, fence};
use std::thread;

use model_tests::engine::Job;
use prop_tests::outcome::Ends;

use crate::programs::Program;
use crate::slot::Slot;

const ROUNDS: u64 = 2_000;

pub(crate) struct Cell<T>(UnsafeCell<T>);

// SAFETY: the protocol orders all accesses.
unsafe impl<T: Send + Sync> Sync for Cell<T> {}

impl<T> Cell<T> {
    pub(crate) fn new(value: T) -> Self {
        Cell(UnsafeCell::new(value))
    }

    pub(crate) fn look<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        // SAFETY: as for `Sync`.
        look(unsafe { &*self.0.get() })
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut T)) {
        // SAFETY: as for `Sync`.
        change(unsafe { &mut *self.0.get() });
    }
}

pub(crate) fn retry() {
    hint::spin_loop();
}

pub(crate) fn job(program: &Program) -> Job {
    Job::threads(program.text.to_owned(), Ends::Dropped, ROUNDS)
}

/// Nothing is traced on real threads.
pub(crate) fn traced(_job: &Job) -> Option<Job> {
    None
}

/// Runs the program by hand, and counts its rounds.
pub(crate) fn bare(program: &'static Program) -> u64 {
    // One slot for each round: nothing is reset, and so nothing is waited for
    // but the start.
    let slots: Vec<Slot> = (0..ROUNDS).map(|_| (program.start)()).collect();
    let start = Barrier::new(program.threads.len());
    thread::scope(|scope| {
        for thread in program.threads {
            scope.spawn(|| {
                for slot in &slots {
                    start.wait();
                    thread(slot);
                }
            });
        }
    });
    ROUNDS
}
