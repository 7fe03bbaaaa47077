//! Explores every execution of a concurrent program under the RC11 memory model,
//! each exactly once.
//!
//! A model is a closure that starts threads. [`model`] runs it again and again, and
//! each time it lets reads read from other writes and writes take other places,
//! until nothing is left that the memory model allows:
//!
//! ```
//! use std::sync::Arc;
//! use rc11::sync::atomic::{AtomicU64, Ordering::{Acquire, Relaxed, Release}};
//! use rc11::thread;
//!
//! rc11::model(|| {
//!     let data = Arc::new(AtomicU64::new(0));
//!     let ready = Arc::new(AtomicU64::new(0));
//!     let (to_data, to_ready) = (data.clone(), ready.clone());
//!     let writer = thread::spawn(move || {
//!         to_data.store(1, Relaxed);
//!         to_ready.store(1, Release);
//!     });
//!     if ready.load(Acquire) == 1 {
//!         // With `Relaxed` above, this fails in the fourth execution.
//!         assert_eq!(data.load(Relaxed), 1);
//!     }
//!     writer.join().unwrap();
//! });
//! ```
//!
//! [`Builder`] sets limits and reports how many executions there were. Replace
//! `core`'s atomics by those of [`sync::atomic`], threads by [`thread`], plain shared
//! memory by [`cell::UnsafeCell`], and call [`hint::spin_loop`] in loops that wait. There
//! are locks and condition variables in [`sync`], and [`thread::scope`] for threads that
//! borrow. A program that allocates nodes and passes pointers around needs an
//! [`alloc::Allocator`].
//!
//! # What is found
//!
//! - Panics, such as assertions that fail.
//! - Data races: two accesses to plain memory, one of them a write, without
//!   happens-before between them; also of an atomic access with plain ones.
//! - Deadlocks: threads that wait for one another, or for something that no thread
//!   does any more, such as a wake-up that was lost.
//! - With an [`alloc::Allocator`]: uses of memory that was freed, second frees, memory
//!   that one thread passes on before others may see what is in it, and leaks.
//! - Programs that are not deterministic: replayed with the same values, they behave
//!   differently. What a model does may depend on what it reads, and on nothing
//!   else: no clock, no random numbers, no addresses that change.
//!
//! # The memory model
//!
//! RC11 (1): C11 with its accepted repairs. An execution is a graph.
//! Its events are the atomic accesses and fences of the threads, in *program order*.
//! Each read *reads from* one write. The writes to a location stand in *modification
//! order*. A graph is consistent, and so an execution of the program, if
//!
//! - *coherence*: what happens before a read or write limits what it may read or
//!   where it may stand. A read never reads from a write that is older than one that
//!   happens before it, or than one that was read before it.
//! - *atomicity*: nothing comes between a write and the read-modify-write that reads
//!   from it.
//! - *sequential consistency*: `SeqCst` accesses and fences agree with one order; to
//!   be exact, the partial order `psc` has no cycle.
//! - *no thin air*: program order and reads-from together have no cycle.
//!
//! An acquiring read that reads from a releasing write, or from a read-modify-write in
//! its *release sequence* (C++20: those that read from the write, one after the
//! other), *synchronises* with it. Fences take part as C11 has it. Happens-before is
//! program order and synchronisation together, with the start and the end of threads.
//!
//! What this leaves out: *load buffering*. C11 allows two threads to read what the
//! other writes afterwards; RC11 does not, nor do x86 and, where a dependency orders
//! the accesses, Arm and POWER. A compiler may not keep what RC11 demands of relaxed
//! accesses there.
//!
//! # Threads and panics
//!
//! Threads are coroutines of one OS thread. They share its `thread_local!` values, unless
//! [`Builder::os_threads`] gives each thread of a model an OS thread of its own.
//!
//! A panic that a thread does not catch is a failure. One that it catches is a part of
//! the program: what destructors do meanwhile is explored as anything else. An OS thread
//! counts its panics, so an execution in which a thread depends on others while it unwinds is
//! abandoned, and repeated on OS threads.
//!
//! When an execution is over before its threads are, they are unwound, the last one that was
//! started first. Operations in destructors reach the real memory then, and are not explored.
//!
//! [`std::sync::Arc`] is not a part of the model: the explorer does not know that the
//! last handle is dropped after all others. Join the threads that have handles, or let them
//! borrow in a scope, before something is dropped whose destructor uses atomics or frees
//! memory.
//!
//! # How it works
//!
//! The algorithm is TruSt (2). It keeps no set of executions that it has seen, and
//! still it sees none twice.
//!
//! The program runs, thread by thread, and builds a graph, event by event. A new
//! read may read from several writes, a new write may stand in several places: the
//! run goes on with the newest write and the last place, and a copy of the graph for
//! each of the others goes to a work list. When the run is over, the next graph of the
//! list is replayed by running the program again, and then extended.
//!
//! That alone would miss reads from writes that come later in the run. So a new write
//! also *revisits* earlier reads of its location. Here the reads of `x` and `y` came
//! first, and the write of T2 revisits the read of T1:
//!
//! ```text
//!   before                                  after the revisit
//!
//!   T1           T2           T3            T1           T2
//!   1 x → 0      3 x := 1     2 y → 0       1 x → 1 ◀──── 2 x := 1
//!   (from init)                             (from T2)
//! ```
//!
//! Numbers are the order in which events were added. What was added after the revisited
//! read (the read of T3) is taken out, unless the write comes after it by program
//! order and reads-from; it will be added again. The read is moved to where it was, its
//! thread goes on from there with another value.
//!
//! Here is a whole graph, of message passing with a stale read. Arrows go along
//! program order (down) and reads-from (across); `x` and `y` have one write each, beside
//! the initial one:
//!
//! ```text
//!        init: x = 0, y = 0 ────────────┐
//!   T1                     T2           │
//!   x := 1 (Relaxed)       y → 1 ◀──┐   │
//!     │                      │      │   │
//!     ▼                      ▼      │   │
//!   y := 1 (Relaxed) ────────│──────┘   │
//!                          x → 0 ◀──────┘
//! ```
//!
//! **Why every graph comes.** Take a consistent graph and put its events into an order in
//! which each comes after what it follows and reads from. Each event of it can be added
//! to those before it: a read finds its write, because that is there already or will
//! revisit it; a write finds its place. Nothing that the memory model forbids is needed
//! on the way, because a part of a consistent graph that is closed under program order and
//! reads-from is consistent itself.
//!
//! **Why each comes once.** A write may revisit a read in many graphs that differ only in
//! events that the revisit takes out. So it is done in one of them only: where everything
//! that is taken out, and the read itself, was added *maximally*: a read from the
//! newest write, a write at the end of modification order, judged among the events added
//! before and those that the new write depends on. There is exactly one such graph,
//! and the run goes there first. So a graph determines how it was reached,
//! step by step, back to the empty one.
//!
//! The conditions for this, each of which is tested:
//!
//! - Which thread goes on is a function of the graph: the lowest one that can.
//! - The order in which events were added is a part of the graph, and survives revisits.
//! - Whether an event is maximal is decided again for each revisit.
//! - A read-modify-write is two events, and the writing half follows at once. A read whose
//!   write has been updated by another read-modify-write is a dead end, but what the
//!   writing half would revisit is not.
//! - An event that comes last everywhere never makes a graph inconsistent. It does not for
//!   RC11: nothing leads from it, by any of the orders.
//!
//! The number of executions is the number of graphs; the memory needed is a few graphs for
//! each event of the longest execution.
//!
//! # Waiting
//!
//! A thread that calls [`hint::spin_loop`], fails a weak compare-and-swap and tries the
//! same again, or waits for a lock, is *blocked*: all it could do is to read again, and
//! the execution in which it reads something else is explored anyway. Executions that end
//! with such a thread are counted separately. If every thread that is left has seen the newest
//! writes and would wait on, it is a deadlock.
//!
//! # What takes long
//!
//! - [`Builder::explore_parallel`] explores on several OS threads, and
//!   [`Builder::split`] makes parts for several processes: each graph of the work list
//!   stands for executions of its own.
//! - An exploration that a limit cuts off goes on from [what is left](Report::left). With
//!   the feature `serde`, graphs can be saved.
//! - [`Builder::on_progress`] reports progress.
//! - [`Builder::sample`] draws executions at random, of a program that has too many. They
//!   run only forward, each with a chance for every graph. A failing one is drawn again
//!   by its number, or [replayed](Builder::replay) from its graph.
//!
//! # Sources
//!
//! 1. O. Lahav, V. Vafeiadis, J. Kang, C.-K. Hur, D. Dreyer: Repairing Sequential
//!    Consistency in C/C++11. PLDI 2017.
//! 2. M. Kokologiannakis, I. Marmanis, V. Gladstein, V. Vafeiadis: Truly Stateless, Optimal
//!    Dynamic Partial Order Reduction. POPL 2022.

/// The examples of the README are tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub mod alloc;
pub mod cell;
mod context;
mod explore;
mod failure;
pub mod graph;
pub mod hint;
mod race;
pub mod raw;
mod run;
pub mod sync;
pub mod thread;
mod work;

pub use alloc::untracked;
pub use explore::{Builder, Execution, Flow, Parts, Program, Progress, Report, Sample};
pub use failure::{Failure, FailureKind, Leaked, Waiting};
pub use graph::Graph;
pub use race::{Access, AccessKind};

/// Explores every execution of a model.
///
/// # Panics
///
/// If one of them fails, or is too long.
pub fn model(model: impl Fn() + Sync) {
    let report = Builder::new().explore(model);
    if let Some(failure) = report.failure {
        panic!("{failure}");
    }
}
