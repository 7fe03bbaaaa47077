//! Threads of a model as coroutines: all the switching there is.
//!
//! A fiber runs one job after the other, and keeps its stack: addresses on the
//! stack of a thread are the same in each execution.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, CoroutineResult, Yielder};

/// What a thread does, from its first step to its last.
pub(crate) type Job = Box<dyn FnOnce()>;

/// What a thread that stops for the moment has to say.
pub(crate) enum Signal {
    /// It goes on later.
    Suspended,
    /// It is done, or unwound with this payload.
    Finished(Result<(), Box<dyn Any + Send>>),
}

/// A coroutine, or room for one.
pub(crate) struct Fiber(Coroutine<Option<Job>, Signal, ()>);

thread_local! {
    /// How the coroutine that runs on this OS thread suspends itself.
    static YIELDER: Cell<*const Yielder<Option<Job>, Signal>> = const { Cell::new(ptr::null()) };
}

impl Fiber {
    /// A fiber with a stack of so many bytes.
    ///
    /// # Panics
    ///
    /// If the system has no memory for it.
    pub(crate) fn new(stack_size: usize) -> Self {
        let stack = DefaultStack::new(stack_size).expect("no memory for the stack of a thread");
        Fiber(Coroutine::with_stack(stack, |yielder, mut job| {
            loop {
                YIELDER.set(yielder);
                let job_now = job.take().expect("a fiber that is done is given a job");
                let result = catch_unwind(AssertUnwindSafe(job_now));
                job = yielder.suspend(Signal::Finished(result));
            }
        }))
    }

    /// Runs a job up to its first suspension.
    pub(crate) fn start(&mut self, job: Job) -> Signal {
        self.resume(Some(job))
    }

    /// Runs on from the last suspension to the next.
    pub(crate) fn go_on(&mut self) -> Signal {
        self.resume(None)
    }

    fn resume(&mut self, job: Option<Job>) -> Signal {
        match self.0.resume(job) {
            CoroutineResult::Yield(signal) => signal,
            CoroutineResult::Return(()) => unreachable!("a fiber has no end"),
        }
    }
}

/// Suspends the fiber that calls.
///
/// # Panics
///
/// Outside a fiber.
pub(crate) fn suspend() {
    let yielder = YIELDER.get();
    assert!(!yielder.is_null(), "only a thread of a model can wait");
    // SAFETY: the pointer was set by the coroutine that runs now, which is the
    // one that calls: each sets it when it starts and again, below, whenever it
    // goes on. The yielder lives as long as the coroutine.
    unsafe { &*yielder }.suspend(Signal::Suspended);
    YIELDER.set(yielder);
}
