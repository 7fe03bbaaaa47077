//! Threads of a model as coroutines: all the switching there is.
//!
//! A fiber runs one job after the other, and keeps its stack: addresses on the
//! stack of a thread are the same in each execution. A job runs on the OS thread
//! of the explorer, or on one of its own ([`os_thread`]).
//!
//! A processor foresees where a call returns to, but not after a switch of stacks:
//! what lies between a switch and the loop that makes it is inlined into that.

mod os_thread;

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::thread::panicking;

use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, CoroutineResult, Yielder};

use super::Run;
use crate::context;
use crate::explore::Program;
use crate::graph::ThreadId;
use os_thread::OsThread;

/// What a thread does, from its first step to its last, on whatever OS thread.
pub(crate) enum Job {
    /// A thread of the start.
    Start(&'static (dyn Fn(ThreadId) + Sync), ThreadId),
    /// One that another thread has started.
    Spawned(Box<dyn FnOnce() + Send>),
}

impl Job {
    /// What a thread of the start does.
    ///
    /// # Safety
    ///
    /// The fiber that is given the job is resumed until it is done, or
    /// [forgotten](Fiber::forget), before the borrow ends.
    pub(crate) unsafe fn of_start(run: &(dyn Fn(ThreadId) + Sync), thread: ThreadId) -> Self {
        // SAFETY: only the lifetime changes, and the caller promises that nobody
        // uses the closure after it.
        let run = unsafe {
            std::mem::transmute::<&(dyn Fn(ThreadId) + Sync), &'static (dyn Fn(ThreadId) + Sync)>(
                run,
            )
        };
        Job::Start(run, thread)
    }
}

/// A job, or one for the OS thread of the explorer alone.
enum AnyJob {
    Program(&'static dyn Program, ThreadId),
    Job(Job),
}

impl AnyJob {
    fn run(self) {
        match self {
            AnyJob::Program(program, thread) => program.run(thread),
            AnyJob::Job(Job::Start(run, thread)) => run(thread),
            AnyJob::Job(Job::Spawned(run)) => run(),
        }
    }
}

/// Room for a thread.
pub(crate) struct Fiber(Option<Host>);

/// Where the job runs. It is a coroutine between two jobs.
enum Host {
    Coroutine(Jobs),
    OsThread(OsThread),
}

/// Does one [`JOB`] after the other.
type Jobs = Coroutine<(), (), ()>;

/// What a job came to: its end, or a panic.
type Ended = Result<(), Box<dyn Any + Send>>;

/// A coroutine without a job, which says so when one has ended.
fn coroutine(stack: DefaultStack, ended: fn(Ended)) -> Jobs {
    Coroutine::with_stack(stack, move |yielder, ()| {
        loop {
            YIELDER.set(yielder);
            let job = JOB.with(|slot| slot.take());
            let job = job.expect("a fiber that is done is given a job");
            let result = catch_unwind(AssertUnwindSafe(|| job.run()));
            YIELDER.set(ptr::null());
            ended(result);
            yielder.suspend(());
        }
    })
}

/// Takes the stack of a coroutine. Nothing on it is dropped.
///
/// # Safety
///
/// Nothing may depend on the destructors of what the job has on the stack.
unsafe fn take_stack(mut jobs: Jobs) -> DefaultStack {
    // SAFETY: promised by the caller.
    unsafe { jobs.force_reset() };
    jobs.into_stack()
}

#[inline(always)]
fn run_on(jobs: &mut Jobs, run: Box<Run>) -> Box<Run> {
    context::enter(run, || match jobs.resume(()) {
        CoroutineResult::Yield(()) => {}
        CoroutineResult::Return(()) => unreachable!("a fiber has no end"),
    })
}

thread_local! {
    /// How the coroutine that runs on this OS thread suspends itself.
    static YIELDER: Cell<*const Yielder<(), ()>> = const { Cell::new(ptr::null()) };

    /// What the coroutine that goes on next begins to do. Never dropped: it is taken
    /// at once.
    static JOB: ManuallyDrop<Cell<Option<AnyJob>>> = const { ManuallyDrop::new(Cell::new(None)) };
}

/// Gives the coroutine that goes on next a job, whose last one is done.
fn start_next(job: AnyJob) {
    JOB.with(|slot| slot.set(Some(job)));
}

/// Fibers between two explorations: to make one takes system calls.
#[derive(Default)]
struct Spare {
    stack_size: usize,
    fibers: Vec<Fiber>,
}

thread_local! {
    static SPARE: RefCell<Spare> = RefCell::default();
}

/// The fibers that the last exploration on this OS thread left, if their stacks are of
/// this size.
pub(crate) fn take_spare(stack_size: usize) -> Vec<Fiber> {
    let spare = SPARE.take();
    if spare.stack_size == stack_size {
        spare.fibers
    } else {
        Vec::new()
    }
}

/// Leaves fibers whose jobs are done to the next exploration on this OS thread.
pub(crate) fn leave_spare(stack_size: usize, mut fibers: Vec<Fiber>) {
    fibers.retain(|fiber| !fiber.is_os_thread());
    SPARE.set(Spare { stack_size, fibers });
}

impl Fiber {
    /// A fiber with a stack of so many bytes.
    ///
    /// # Panics
    ///
    /// If the system has no memory for it.
    pub(crate) fn new(stack_size: usize) -> Self {
        let stack = DefaultStack::new(stack_size).expect("no memory for the stack of a thread");
        Fiber::of(stack)
    }

    fn of(stack: DefaultStack) -> Self {
        let jobs = coroutine(stack, context::ended);
        Fiber(Some(Host::Coroutine(jobs)))
    }

    /// Whether the job has an OS thread of its own.
    pub(crate) fn is_os_thread(&self) -> bool {
        matches!(self.0, Some(Host::OsThread(_)))
    }

    /// Forgets the job under way, which must not be on an OS thread of its own.
    /// Nothing on its stack is dropped.
    ///
    /// # Safety
    ///
    /// Nothing may depend on the destructors of what the job has on its stack.
    pub(crate) unsafe fn forget(&mut self) {
        let Some(Host::Coroutine(jobs)) = self.0.take() else {
            unreachable!("an OS thread cannot be forgotten");
        };
        // SAFETY: promised by the caller.
        let stack = unsafe { take_stack(jobs) };
        *self = Fiber::of(stack);
    }

    /// Leaves an OS thread behind that never runs again, with all that it has.
    pub(crate) fn abandon(&mut self, stack_size: usize) {
        *self = Fiber::new(stack_size);
    }

    /// Runs a job up to its first suspension.
    pub(crate) fn start(&mut self, run: Box<Run>, job: Job) -> Box<Run> {
        self.start_coroutine(run, AnyJob::Job(job))
    }

    /// Runs a thread of a program up to its first suspension.
    ///
    /// # Safety
    ///
    /// The fiber is resumed until it is done, or [forgotten](Fiber::forget),
    /// before the borrow ends.
    #[inline(always)]
    pub(crate) unsafe fn start_program(
        &mut self,
        run: Box<Run>,
        program: &dyn Program,
        thread: ThreadId,
    ) -> Box<Run> {
        // SAFETY: only the lifetime changes, and the caller promises that nobody
        // uses the program after it.
        let program = unsafe { std::mem::transmute::<&dyn Program, &'static dyn Program>(program) };
        self.start_coroutine(run, AnyJob::Program(program, thread))
    }

    /// The same on an OS thread that ends with the job.
    pub(crate) fn start_on_os_thread(&mut self, run: Box<Run>, job: Job) -> Box<Run> {
        let Some(Host::Coroutine(jobs)) = self.0.take() else {
            unreachable!("a job begins where another has ended");
        };
        // SAFETY: between two jobs there is nothing on the stack.
        let stack = unsafe { take_stack(jobs) };
        self.0 = Some(Host::OsThread(OsThread::new(stack)));
        self.os_thread(run, Some(job))
    }

    /// Runs on from the last suspension to the next.
    #[inline(always)]
    pub(crate) fn go_on(&mut self, run: Box<Run>) -> Box<Run> {
        if self.is_os_thread() {
            self.os_thread(run, None)
        } else {
            self.coroutine(run)
        }
    }

    #[inline(always)]
    fn start_coroutine(&mut self, run: Box<Run>, job: AnyJob) -> Box<Run> {
        start_next(job);
        self.coroutine(run)
    }

    #[inline(always)]
    fn coroutine(&mut self, run: Box<Run>) -> Box<Run> {
        let Some(Host::Coroutine(jobs)) = &mut self.0 else {
            unreachable!("a job stays on its OS thread");
        };
        run_on(jobs, run)
    }

    #[inline(never)]
    fn os_thread(&mut self, run: Box<Run>, job: Option<Job>) -> Box<Run> {
        let Some(Host::OsThread(thread)) = &mut self.0 else {
            unreachable!("a job stays on its OS thread");
        };
        let run = thread.resume(run, job);
        if run.is_finished()
            && let Some(Host::OsThread(thread)) = self.0.take()
        {
            *self = Fiber::of(thread.join());
        }
        run
    }
}

/// Suspends the thread that calls.
///
/// # Panics
///
/// Outside a thread of a model.
pub(crate) fn suspend() {
    let yielder = YIELDER.get();
    if yielder.is_null() {
        os_thread::suspend_at_exit();
        return;
    }
    // SAFETY: the pointer was set by the coroutine that runs now, which is the
    // one that calls: each sets it when it starts and again, below, whenever it
    // goes on. The yielder lives as long as the coroutine.
    unsafe { &*yielder }.suspend(());
    YIELDER.set(yielder);
}

/// Whether the thread that calls may be suspended. An OS thread counts the panics
/// under way on it: one that unwinds must not let another thread run on it.
#[inline]
pub(crate) fn can_suspend() -> bool {
    !panicking() || os_thread::is_own()
}

/// Whether the thread that calls can be unwound. In destructors while it unwinds,
/// and in those of its `thread_local!` values, it cannot.
pub(crate) fn can_unwind() -> bool {
    !panicking() && !YIELDER.get().is_null()
}
