//! rc11, as one would write it by hand.

use std::cell::RefCell;
use std::sync::Arc;

use ::rc11::Builder;
pub(crate) use ::rc11::hint::spin_loop as retry;
pub(crate) use ::rc11::sync::atomic::{AtomicU64, fence};
use pipe::{Job, Record};
use programs::outcome::Ends;

use crate::Member;
use crate::programs::Program;
use crate::slot::Slot;

pub(crate) struct Cell<T>(::rc11::cell::UnsafeCell<T>);

// SAFETY: rc11 lets one thread run at a time, and looks at every access.
unsafe impl<T> Sync for Cell<T> {}

impl<T> Cell<T> {
    pub(crate) fn new(value: T) -> Self {
        Cell(::rc11::cell::UnsafeCell::new(value))
    }

    pub(crate) fn look<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        // SAFETY: rc11 ends the execution if another thread changes it.
        self.0.with(|value| look(unsafe { &*value }))
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut T)) {
        // SAFETY: rc11 ends the execution if another thread touches it.
        self.0.with_mut(|value| change(unsafe { &mut *value }));
    }
}

pub(crate) fn job(program: &Program) -> Job {
    Job::rc11(program.parsed(), Ends::Dropped)
}

pub(crate) fn traced(job: &Job) -> Option<Job> {
    Some(job.clone().recording(Record::STEPS))
}

/// What the harness does without, for comparison: nothing.
pub(crate) fn wasteful(_program: &'static Program) -> Vec<Member> {
    Vec::new()
}

/// The program by hand, with a slot for each execution.
struct ByHand {
    program: &'static Program,
    slot: RefCell<Option<Arc<Slot>>>,
}

impl ::rc11::Program for ByHand {
    fn threads(&self) -> usize {
        self.program.threads.len()
    }

    fn start(&self) {
        self.slot.replace(Some(Arc::new((self.program.start)())));
    }

    fn run(&self, thread: usize) {
        let slot = self.slot.borrow().clone().expect("an execution has begun");
        (self.program.threads[thread])(&slot);
    }
}

/// Explores the program by hand, and counts its executions.
pub(crate) fn bare(program: &'static Program) -> u64 {
    let by_hand = ByHand {
        program,
        slot: RefCell::default(),
    };
    let mut builder = Builder::new();
    builder.failed_weak_waits(true);
    let report = builder.explore_program(&by_hand);
    assert!(report.is_complete(), "{:?}", report.failure);
    report.complete
}
