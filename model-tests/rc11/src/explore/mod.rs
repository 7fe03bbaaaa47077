//! The exploration of a program: one execution after the other.

mod parallel;
mod pool;
mod progress;
mod replay;
mod sample;
mod split;

use std::time::Duration;

use crate::failure::{Failure, FailureKind};
use crate::graph::{Graph, ThreadId};
use crate::run::fiber::{self, Fiber, Job};
use crate::run::{Phase, Rules, Run, State};
use pool::{Books, Pool};
use progress::Observer;
pub use progress::Progress;
pub use sample::Sample;
pub use split::Parts;

/// Threads that run at once, with what comes before and after.
///
/// [`model`](crate::model) is all that most need. This is for harnesses: threads
/// that are there from the start cost no events.
pub trait Program {
    /// How many threads there are from the start.
    fn threads(&self) -> usize;

    /// Makes the start state, before each execution. Accesses here are plain: what
    /// they leave in memory is what the threads find.
    fn start(&self) {}

    /// What a thread does. Threads are counted from 0.
    fn run(&self, thread: usize);

    /// [`run`](Program::run) in a form that other OS threads can call, one at a
    /// time, if there is one. A thread that waits while it unwinds from a panic
    /// needs that.
    fn across_threads(&self) -> Option<&(dyn Fn(usize) + Sync)> {
        None
    }

    /// Looks at an execution that came to its end, in which memory holds the
    /// newest values. Threads that wait for ever never come here.
    fn finish(&self, execution: &Execution<'_>) -> Flow {
        let _ = execution;
        Flow::GoOn
    }

    /// Looks at an execution in which a thread waits that another execution shows
    /// going on.
    fn blocked(&self) {}
}

/// An execution that came to its end.
#[derive(Debug)]
pub struct Execution<'a> {
    graph: &'a Graph,
    sample: Option<Sample>,
}

impl Execution<'_> {
    /// Its graph.
    pub fn graph(&self) -> &Graph {
        self.graph
    }

    /// The sample that it is, if executions are sampled.
    pub fn sample(&self) -> Option<Sample> {
        self.sample
    }
}

/// Whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// With the next execution.
    GoOn,
    /// No more: the exploration is cut off.
    Stop,
}

/// How programs are explored.
#[derive(Clone, Debug)]
pub struct Builder {
    max_executions: Option<u64>,
    max_duration: Option<Duration>,
    stack_size: usize,
    forget_blocked: bool,
    os_threads: bool,
    observer: Option<Observer>,
    rules: Rules,
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

/// What an exploration saw.
#[derive(Debug, Default)]
pub struct Report {
    /// Executions that ended.
    pub complete: u64,
    /// Executions that were abandoned because a thread waits in them that another
    /// execution shows to continue.
    pub blocked: u64,
    /// What ended it early, if something did.
    pub failure: Option<Failure>,
    /// Whether a limit ended it, or the program.
    pub cut_off: bool,
    /// What is left to explore, if it was cut off.
    pub left: Vec<Graph>,
    /// How many samples were drawn, if executions were [sampled](Builder::sample)
    /// and not explored. Each is complete, blocked, or the failure.
    pub sampled: Option<u64>,
}

impl Report {
    /// Whether every execution was explored, and none failed.
    pub fn is_complete(&self) -> bool {
        self.failure.is_none() && !self.cut_off && self.sampled.is_none()
    }
}

impl Builder {
    /// Without limits but one: 10,000 events in an execution.
    pub fn new() -> Self {
        Builder {
            max_executions: None,
            max_duration: None,
            stack_size: 256 << 10,
            forget_blocked: false,
            os_threads: false,
            observer: None,
            rules: Rules {
                max_events: 10_000,
                spurious: false,
                weak_waits: false,
                spurious_wakeups: false,
                check_leaks: false,
            },
        }
    }

    /// The most executions, blocked ones included.
    pub fn max_executions(&mut self, most: u64) -> &mut Self {
        self.max_executions = Some(most);
        self
    }

    /// The longest time.
    pub fn max_duration(&mut self, longest: Duration) -> &mut Self {
        self.max_duration = Some(longest);
        self
    }

    /// The most events in one execution; more end the exploration.
    pub fn max_events(&mut self, most: usize) -> &mut Self {
        self.rules.max_events = most;
        self
    }

    /// The stack of each thread, in bytes.
    pub fn stack_size(&mut self, bytes: usize) -> &mut Self {
        self.stack_size = bytes;
        self
    }

    /// Whether weak compare-and-swaps also fail without a reason. Every way in
    /// which they do is explored; a loop that tries again without end has then
    /// executions without end.
    pub fn spurious_failures(&mut self, fail: bool) -> &mut Self {
        self.rules.spurious = fail;
        self
    }

    /// Whether threads also wake up from a [`Condvar`](crate::sync::Condvar)
    /// without a notification. Every way in which they do is explored; a loop that
    /// waits again without end has then executions without end.
    pub fn spurious_wakeups(&mut self, wake: bool) -> &mut Self {
        self.rules.spurious_wakeups = wake;
        self
    }

    /// Declares that every weak compare-and-swap that fails is followed by a spin
    /// hint, and tried again with the value found then. One that fails waits: the
    /// execution in which the thread came later shows what the next try does.
    /// This saves the executions that differ in failed tries alone. Code that does
    /// otherwise is reported as a failure.
    pub fn failed_weak_waits(&mut self, waits: bool) -> &mut Self {
        self.rules.weak_waits = waits;
        self
    }

    /// Forgets the threads of blocked executions, where others unwind: their
    /// destructors do not run, which saves a quarter of the time and more.
    ///
    /// # Safety
    ///
    /// Nothing may depend on the destructors of what threads have on their stacks
    /// when they wait: scopes of real threads do, for one.
    pub unsafe fn forget_blocked(&mut self, forget: bool) -> &mut Self {
        self.forget_blocked = forget;
        self
    }

    /// Whether memory that is left at the end of a complete execution is a failure.
    /// This takes an [`Allocator`](crate::alloc::Allocator).
    pub fn check_leaks(&mut self, check: bool) -> &mut Self {
        self.rules.check_leaks = check;
        self
    }

    /// Whether each thread of a model has an OS thread of its own, for the time of
    /// one execution: that is slow, and for code with `thread_local!` values, which
    /// all threads share otherwise, from one execution to the next. The destructors
    /// of these values are part of the program.
    ///
    /// An execution in which a thread depends on others while it unwinds from a
    /// panic is done in this way anyway. Its first attempt is given up, in which the
    /// destructors run to their end without the others: a destructor that goes round
    /// a loop until another thread has done something needs `os_threads` from the
    /// start.
    pub fn os_threads(&mut self, own: bool) -> &mut Self {
        self.os_threads = own;
        self
    }

    /// Explores a model, as [`model`](crate::model) does, and reports.
    pub fn explore(&self, model: impl Fn() + Sync) -> Report {
        self.explore_each(|_| Flow::GoOn, model)
    }

    /// Explores a model; looks at each execution that came to its end.
    pub fn explore_each(
        &self,
        look: impl Fn(&Execution<'_>) -> Flow,
        model: impl Fn() + Sync,
    ) -> Report {
        let run = |_| model();
        self.explore_program(&Model { run, look })
    }

    /// Explores a program.
    ///
    /// # Panics
    ///
    /// If it is to run on OS threads, and [`Program::across_threads`] gives nothing.
    pub fn explore_program(&self, program: &dyn Program) -> Report {
        self.go_on_from(vec![Graph::start(program.threads())], program)
    }

    /// Explores what another exploration has [left](Report::left), in this process
    /// or in another one: with the feature `serde` graphs can be saved and loaded.
    ///
    /// In another process memory has other addresses. A program whose atomics hold
    /// pointers does not behave there as its graphs record, which is the failure
    /// [`NotDeterministic`](FailureKind::NotDeterministic); pointers to what its
    /// threads allocate from an [`Allocator`](crate::alloc::Allocator) excepted.
    pub fn go_on_from(&self, left: Vec<Graph>, program: &dyn Program) -> Report {
        if let Some(report) = refuse(&left, program) {
            return report;
        }
        let pool = Pool::new(self, 1, left);
        let mut report = Exploration::new(self, program, &pool).run();
        pool.finish(&mut report);
        report
    }
}

struct Model<R, L> {
    run: R,
    look: L,
}

impl<R: Fn(usize) + Sync, L: Fn(&Execution<'_>) -> Flow> Program for Model<R, L> {
    fn threads(&self) -> usize {
        1
    }

    fn run(&self, thread: usize) {
        (self.run)(thread);
    }

    fn across_threads(&self) -> Option<&(dyn Fn(usize) + Sync)> {
        Some(&self.run)
    }

    fn finish(&self, execution: &Execution<'_>) -> Flow {
        (self.look)(execution)
    }
}

/// A failed report, if one of the graphs cannot be of this program.
fn refuse(graphs: &[Graph], program: &dyn Program) -> Option<Report> {
    let statics = program.threads();
    let other = graphs.iter().find(|graph| !graph.fits(statics))?;
    let kind = FailureKind::NotDeterministic("another number of threads");
    Some(Report {
        failure: Some(Failure::new(kind, other.clone(), Vec::new())),
        ..Report::default()
    })
}

/// What one OS thread explores.
struct Exploration<'a> {
    builder: &'a Builder,
    program: &'a dyn Program,
    pool: &'a Pool<'a>,
    /// Taken while a thread runs.
    run: Option<Box<Run>>,
    fibers: Vec<Fiber>,
    /// Whether threads that start now have OS threads.
    on_os_threads: bool,
    complete: u64,
    blocked: u64,
    books: Books,
}

impl<'a> Exploration<'a> {
    fn new(builder: &'a Builder, program: &'a dyn Program, pool: &'a Pool<'a>) -> Self {
        assert!(
            !builder.os_threads || program.across_threads().is_some(),
            "a program on OS threads has to implement `across_threads`"
        );
        Exploration {
            builder,
            program,
            pool,
            run: Some(Box::new(Run::new(builder.rules, program.threads()))),
            fibers: fiber::take_spare(builder.stack_size),
            on_os_threads: builder.os_threads,
            complete: 0,
            blocked: 0,
            books: Books::default(),
        }
    }

    fn state(&mut self) -> &mut Run {
        self.run.as_mut().expect("no thread runs now")
    }

    /// Explores what the pool has, until that is all.
    fn run(mut self) -> Report {
        let pool = self.pool;
        let mut flow = Flow::GoOn;
        while flow == Flow::GoOn
            && !self.is_over(64)
            && let Some(graph) = pool.next(&mut self.state().work)
        {
            flow = self.step(graph);
        }
        self.report(flow)
    }

    /// Explores a graph; what it leaves is put with the rest.
    fn step(&mut self, mut graph: Box<Graph>) -> Flow {
        let run = self.state();
        std::mem::swap(&mut run.graph, &mut graph);
        run.work.give_back(graph);
        self.execute()
    }

    /// What was seen until now; ends all.
    fn report(mut self, flow: Flow) -> Report {
        let run = self.state();
        let failure = run.failure.take();
        let left = run.work.take_left();
        if failure.is_some() || flow == Flow::Stop {
            self.pool.stop();
        }
        self.book();
        fiber::leave_spare(self.builder.stack_size, std::mem::take(&mut self.fibers));
        Report {
            complete: self.complete,
            blocked: self.blocked,
            cut_off: flow == Flow::Stop || failure.as_ref().is_some_and(Failure::is_cut_off),
            failure,
            left,
            sampled: None,
        }
    }

    /// Whether there was a failure, or a limit is reached. Time is looked at after
    /// so many executions.
    fn is_over(&mut self, often: u64) -> bool {
        let executions = self.complete + self.blocked;
        if executions.is_multiple_of(often) {
            self.book();
        }
        let all = self.books.all + executions - self.books.own();
        if self.builder.max_executions.is_some_and(|most| all >= most) {
            self.pool.stop();
        }
        self.pool.is_stopped() || self.state().failure.is_some()
    }

    /// Tells the others what was seen.
    fn book(&mut self) {
        let left = self.state().work.len();
        let (complete, blocked) = (self.complete, self.blocked);
        self.pool.book(&mut self.books, complete, blocked, left);
    }

    /// Runs one execution to its end, and leaves what else there is.
    fn execute(&mut self) -> Flow {
        self.program.start();
        self.state().begin();
        self.replay();
        self.extend();
        if self.state().needs_os_threads {
            return self.on_os_threads(Self::execute);
        }
        self.judge(None)
    }

    /// Looks at an execution in which nobody goes on.
    fn judge(&mut self, sample: Option<Sample>) -> Flow {
        let run = self.state();
        if run.failure.is_some() || run.dead {
            self.cancel();
            return Flow::GoOn;
        }
        let waiting = run.waiting().next().is_some();
        if !waiting && !run.redundant {
            if run.rules.check_leaks {
                run.check_leaks();
                if run.failure.is_some() {
                    return Flow::GoOn;
                }
            }
            self.complete += 1;
            let run = self.run.take().expect("no thread runs now");
            let graph = &run.graph;
            let flow = self.program.finish(&Execution { graph, sample });
            self.run = Some(run);
            return flow;
        }
        // Who is alone has seen all changes before it waits.
        if !run.redundant && (run.forward.is_some() || run.all_saw_the_newest()) {
            self.recheck();
        }
        self.cancel();
        if self.state().failure.is_none() {
            self.blocked += 1;
            self.program.blocked();
        }
        Flow::GoOn
    }

    /// Runs an execution that was given up from its start, on OS threads. What it
    /// has added to the graph stays, and is not added again.
    fn on_os_threads(&mut self, execute: impl FnOnce(&mut Self) -> Flow) -> Flow {
        self.cancel();
        if self.program.across_threads().is_none() {
            self.state().fail(FailureKind::UnwindingWaits);
            return Flow::GoOn;
        }
        self.on_os_threads = true;
        let flow = execute(self);
        self.on_os_threads = self.builder.os_threads;
        flow
    }

    /// Performs the events of the graph again.
    fn replay(&mut self) {
        while self.goes_on()
            && let Some(thread) = self.state().next_thread()
        {
            self.resume(thread);
        }
        let goes_on = self.goes_on();
        let run = self.state();
        if goes_on && !run.is_replayed() {
            run.fail(FailureKind::NotDeterministic("fewer events"));
        }
    }

    /// Adds events until nobody can go on.
    fn extend(&mut self) {
        if !self.goes_on() {
            return;
        }
        self.state().phase = Phase::Extend;
        if self.goes_on()
            && let Some(thread) = self.state().half_done()
        {
            self.resume(thread);
        }
        while self.goes_on()
            && let Some(thread) = self.state().next_thread()
        {
            self.resume(thread);
        }
    }

    fn goes_on(&mut self) -> bool {
        let run = self.state();
        run.failure.is_none() && !run.redundant && !run.dead && !run.needs_os_threads
    }

    /// Lets each thread that waits see the newest values. If none goes on then,
    /// this is a deadlock.
    fn recheck(&mut self) {
        let waiting: Vec<_> = self.state().waiting().collect();
        for waiting in waiting.iter().filter(|waiting| waiting.joins.is_none()) {
            self.state().phase = Phase::Recheck;
            self.resume(waiting.thread);
            let run = self.state();
            if run.goes_on || run.failure.is_some() {
                return;
            }
        }
        self.state().fail(FailureKind::Deadlock(waiting));
    }

    /// Unwinds the threads that are left.
    fn cancel(&mut self) {
        self.state().phase = Phase::Cancel;
        for thread in 0..self.state().threads.len() {
            drop(self.state().drop_job(thread));
        }
        let forget = self.builder.forget_blocked && self.state().failure.is_none();
        while let Some(thread) = self.state().next_to_unwind() {
            if forget && !self.fibers[thread].is_os_thread() {
                // SAFETY: promised to the builder.
                unsafe { self.fibers[thread].forget() };
                self.state().threads[thread].state = State::Finished;
            } else if self.state().is_stuck(thread) {
                self.fibers[thread].abandon(self.builder.stack_size);
                self.state().threads[thread].state = State::Finished;
            } else {
                self.resume(thread);
            }
        }
    }

    /// Lets a thread run until it suspends itself or is done.
    #[inline(always)]
    fn resume(&mut self, thread: ThreadId) {
        let mut run = self.run.take().expect("no thread runs now");
        run.current = thread;
        let state = &mut run.threads[thread];
        state.state = State::Ready;
        self.run = Some(match state.started {
            true => self.fibers[thread].go_on(run),
            false => self.start(run),
        });
    }

    /// Lets the current thread run from its start.
    #[inline(always)]
    fn start(&mut self, mut run: Box<Run>) -> Box<Run> {
        let thread = run.current;
        while self.fibers.len() <= thread {
            self.fibers.push(Fiber::new(self.builder.stack_size));
        }
        let state = &mut run.threads[thread];
        state.started = true;
        let fiber = &mut self.fibers[thread];
        match state.job.take().map(Job::Spawned) {
            spawned if self.on_os_threads => {
                let job = spawned.unwrap_or_else(|| {
                    let job = self.program.across_threads();
                    let job = job.expect("the program was asked before");
                    // SAFETY: as below.
                    unsafe { Job::of_start(job, thread) }
                });
                fiber.start_on_os_thread(run, job)
            }
            Some(job) => fiber.start(run, job),
            // SAFETY: `cancel` resumes or forgets all fibers before the
            // exploration, which borrows the program, is over.
            None => unsafe { fiber.start_program(run, self.program, thread) },
        }
    }
}
