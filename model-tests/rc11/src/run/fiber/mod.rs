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

use crate::explore::Program;
use crate::graph::ThreadId;

/// What a thread does, from its first step to its last.
pub(crate) enum Job {
    /// A thread of the start.
    Start(&'static dyn Program, ThreadId),
    /// One that another thread has started.
    Spawned(Box<dyn FnOnce()>),
}

impl Job {
    /// What a thread of the start does.
    ///
    /// # Safety
    ///
    /// The fiber that is given the job is resumed until it is done, or
    /// [forgotten](Fiber::forget), before the borrow ends.
    pub(crate) unsafe fn of_start(program: &dyn Program, thread: ThreadId) -> Self {
        // SAFETY: only the lifetime changes, and the caller promises that nobody
        // uses the program after it.
        Job::Start(
            unsafe { std::mem::transmute::<&dyn Program, &'static dyn Program>(program) },
            thread,
        )
    }

    fn run(self) {
        match self {
            Job::Start(program, thread) => program.run(thread),
            Job::Spawned(run) => run(),
        }
    }
}

/// What a thread that stops for the moment has to say.
pub(crate) enum Signal {
    /// It goes on later.
    Suspended,
    /// It is done, or unwound with this payload.
    Finished(Result<(), Box<dyn Any + Send>>),
}

/// A coroutine, or room for one.
pub(crate) struct Fiber(Option<Jobs>);

/// Does one job after the other.
type Jobs = Coroutine<Option<Job>, Signal, ()>;

fn coroutine(stack: DefaultStack) -> Jobs {
    Coroutine::with_stack(stack, |yielder, mut job: Option<Job>| {
        loop {
            YIELDER.set(yielder);
            let now = job.take().expect("a fiber that is done is given a job");
            let result = catch_unwind(AssertUnwindSafe(|| now.run()));
            job = yielder.suspend(Signal::Finished(result));
        }
    })
}

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
        Fiber(Some(coroutine(stack)))
    }

    /// Forgets the job under way. Nothing on its stack is dropped.
    ///
    /// # Safety
    ///
    /// Nothing may depend on the destructors of what the job has on its stack.
    pub(crate) unsafe fn forget(&mut self) {
        let mut coroutine = self.0.take().expect("a fiber has a coroutine");
        // SAFETY: promised by the caller.
        unsafe { coroutine.force_reset() };
        self.0 = Some(self::coroutine(coroutine.into_stack()));
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
        match self
            .0
            .as_mut()
            .expect("a fiber has a coroutine")
            .resume(job)
        {
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
