//! loom, with plain loads, as one would write it by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64 as Counter, Ordering};

pub(crate) use ::loom::sync::atomic::{AtomicU64, fence};
use pipe::{Job, Probe, Record};
use programs::outcome::Ends;

use crate::Member;
use crate::programs::Program;
use crate::slot::Slot;

pub(crate) struct Cell<T>(::loom::cell::UnsafeCell<T>);

// SAFETY: loom runs all threads on one, and looks at every access.
unsafe impl<T> Sync for Cell<T> {}

impl<T> Cell<T> {
    pub(crate) fn new(value: T) -> Self {
        Cell(::loom::cell::UnsafeCell::new(value))
    }

    pub(crate) fn look<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        // SAFETY: loom ends the execution if another thread changes it.
        self.0.with(|value| look(unsafe { &*value }))
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut T)) {
        // SAFETY: loom ends the execution if another thread touches it.
        self.0.with_mut(|value| change(unsafe { &mut *value }));
    }
}

/// With three threads the harness ends a branch here, and so does this.
pub(crate) fn retry() {
    if THREADS.with(std::cell::Cell::get) >= 3 {
        ::loom::skip_branch();
    }
}

thread_local! {
    static THREADS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

pub(crate) fn job(program: &Program) -> Job {
    Job::loom(program.parsed(), Ends::Dropped, Probe::Load)
}

pub(crate) fn traced(job: &Job) -> Option<Job> {
    Some(job.clone().recording(Record::STEPS))
}

/// What the harness does without, for comparison.
pub(crate) fn wasteful(program: &'static Program) -> Vec<Member> {
    let mut members: Vec<Member> = Vec::new();
    #[cfg(all(target_os = "linux", target_pointer_width = "64"))]
    {
        let job = job(program);
        members.push((
            "harness, fresh stacks",
            Box::new(move || {
                worker::engine::stacks::keep(false);
                let executions = crate::explored(&job).executions;
                worker::engine::stacks::keep(true);
                executions
            }),
        ));
    }
    // With three threads, seconds of it.
    if program.threads.len() == 2 {
        members.push(("bare, all threads joined", Box::new(move || naive(program))));
    }
    members
}

/// Explores the program by hand, and counts its executions.
pub(crate) fn bare(program: &'static Program) -> u64 {
    check(program, move || {
        let slot = Arc::new((program.start)());
        for thread in &program.threads[1..] {
            let slot: Arc<Slot> = slot.clone();
            ::loom::thread::spawn(move || thread(&slot));
        }
        (program.threads[0])(&slot);
    })
}

/// As most models are written: a thread for each, all of them joined, and loom's
/// own `Arc` between them.
fn naive(program: &'static Program) -> u64 {
    check(program, move || {
        let slot = ::loom::sync::Arc::new((program.start)());
        let threads: Vec<_> = program
            .threads
            .iter()
            .map(|thread| {
                let slot = slot.clone();
                ::loom::thread::spawn(move || thread(&slot))
            })
            .collect();
        for thread in threads {
            thread.join().expect("it does not panic");
        }
    })
}

fn check(program: &Program, model: impl Fn() + Send + Sync + 'static) -> u64 {
    THREADS.set(program.threads.len());
    let executions = Arc::new(Counter::new(0));
    let counted = executions.clone();
    let mut builder = ::loom::model::Builder::new();
    builder.max_branches = 4_000;
    builder.preemption_bound = None;
    builder.check(move || {
        // ORDERING: loom runs everything on one thread.
        counted.fetch_add(1, Ordering::Relaxed);
        model();
    });
    // ORDERING: as above.
    executions.load(Ordering::Relaxed)
}
