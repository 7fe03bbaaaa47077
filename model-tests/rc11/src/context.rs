//! How the operations of a model reach the execution that they are part of.

use std::alloc::Layout;
use std::any::Any;
use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::panic::resume_unwind;
use std::sync::atomic::Ordering;

use crate::graph::{Operation, ReadMode, ThreadId, Update};
use crate::race::Place;
use crate::run::fiber;
use crate::run::{Cancelled, Pause, Phase, Run};

thread_local! {
    /// The execution whose thread runs on this OS thread. Never dropped: it is
    /// there only while a thread runs.
    static RUN: ManuallyDrop<Cell<Option<Box<Run>>>> = const { ManuallyDrop::new(Cell::new(None)) };
}

/// The size of a word that the explorer alone knows: there is no memory at its address.
pub(crate) const NO_MEMORY: usize = 0;

/// Lets a thread of `run` run by `resume`.
#[inline(always)]
pub(crate) fn enter(run: Box<Run>, resume: impl FnOnce()) -> Box<Run> {
    RUN.with(|slot| slot.set(Some(run)));
    resume();
    let run = RUN.with(|slot| slot.take());
    run.expect("a thread leaves the execution where it was")
}

/// The thread that runs has come to its end, or unwound.
pub(crate) fn ended(result: Result<(), Box<dyn Any + Send>>) {
    with(|run| run.ended(result));
}

/// Leaves the execution on this OS thread, whose thread is at its end.
pub(crate) fn stay(run: Box<Run>) {
    RUN.with(|slot| slot.set(Some(run)));
}

/// Takes the execution off this OS thread.
pub(crate) fn leave() -> Option<Box<Run>> {
    RUN.with(|slot| slot.take())
}

/// Looks at the execution; `None` outside of one.
#[inline(always)]
fn with<R>(look: impl FnOnce(&mut Run) -> R) -> Option<R> {
    // Two small visits, which the compiler puts here.
    let mut run = RUN.with(|slot| slot.take())?;
    let result = look(&mut run);
    RUN.with(|slot| slot.set(Some(run)));
    Some(result)
}

/// Performs an operation of the thread that runs: as often as it has to wait, and
/// in the end once. `None` outside of an execution, and in destructors while one
/// is given up. One is given up here if a thread that unwinds has to wait, where
/// it cannot: other OS threads can do it.
fn perform<R>(mut operation: impl FnMut(&mut Run) -> Result<R, Pause>) -> Option<R> {
    loop {
        match with(&mut operation)? {
            Ok(result) => return Some(result),
            Err(Pause::Suspend) if fiber::can_suspend() => fiber::suspend(),
            Err(Pause::Suspend) => {
                with(Run::give_up);
                return None;
            }
            Err(Pause::Unwind) if !fiber::can_unwind() => return None,
            // Not a panic: the hook has nothing to report.
            Err(Pause::Unwind) => resume_unwind(Box::new(Cancelled)),
        }
    }
}

/// The memory of an atomic.
pub trait Memory {
    /// Where it is.
    fn address(&self) -> usize;

    /// How many bytes it has.
    fn size(&self) -> usize;

    /// What lies there: the newest value that was written.
    fn value(&self) -> u64;

    /// Puts a newer value there.
    fn set_value(&self, value: u64);
}

/// What an operation has read.
#[derive(Clone, Copy, Debug)]
pub struct Read {
    /// The value.
    pub value: u64,
    /// Whether a compare-and-swap has succeeded.
    pub exchanged: bool,
}

/// A word that the explorer alone knows, by an address that no memory has.
struct NoMemory(usize);

impl Memory for NoMemory {
    fn address(&self) -> usize {
        self.0
    }

    fn size(&self) -> usize {
        NO_MEMORY
    }

    fn value(&self) -> u64 {
        0
    }

    fn set_value(&self, _: u64) {}
}

/// Inlined: one call less to return from after a switch.
#[inline(always)]
pub(crate) fn read(
    memory: &impl Memory,
    mode: &ReadMode,
    weak: bool,
    place: Place,
) -> Option<Read> {
    if weak
        && let ReadMode::Exchange { failure, .. } = *mode
        && with(|run| run.rules.spurious)?
        && choose(2, place)? == 1
    {
        return read(memory, &ReadMode::Load { order: failure }, false, place);
    }
    perform(|run| {
        let (address, size) = (memory.address(), memory.size());
        // Its parts one by one: a copy of the whole waits for them to be written.
        let done = run.read_memory(address, size, memory.value(), mode, weak, place)?;
        if let Some(value) = done.store {
            memory.set_value(value);
        }
        Ok(Read {
            value: done.read,
            exchanged: done.exchanged,
        })
    })
}

/// An operation on a word that the explorer alone knows.
pub(crate) fn read_word(address: usize, mode: &ReadMode, place: Place) -> Option<Read> {
    read(&NoMemory(address), mode, false, place)
}

pub(crate) fn write(memory: &impl Memory, order: Ordering, value: u64, place: Place) -> Option<()> {
    perform(|run| {
        let (address, size) = (memory.address(), memory.size());
        let store = run.write_memory(address, size, memory.value(), order, value, place)?;
        if let Some(value) = store {
            memory.set_value(value);
        }
        Ok(())
    })
}

pub(crate) fn fence(order: Ordering, place: Place) -> Option<()> {
    perform(|run| run.fence(order, place))
}

pub(crate) fn choose(of: u64, place: Place) -> Option<u64> {
    perform(|run| run.choose(of, place))
}

pub(crate) fn plain(address: usize, writes: bool, place: Place) {
    perform(|run| run.plain_memory(address, writes, place));
}

/// The thread that has this memory for itself takes it out of the model.
pub(crate) fn own(address: usize, place: Place) {
    perform(|run| run.own(address, place));
}

/// Memory is about to be used for something else.
pub(crate) fn forget(address: usize) {
    with(|run| run.forget(address));
}

/// Memory for the thread that runs; none if it has to come from the system.
pub(crate) fn allocate(layout: Layout) -> Option<usize> {
    with(|run| run.allocate(layout))?
}

/// Frees memory of an arena. Outside of an execution nothing is to be done: it is
/// used again anyway.
pub(crate) fn free(address: usize) {
    with(|run| run.free(address));
}

/// The memory of the thread that runs comes from the system until
/// [`track`] is called as often.
pub(crate) fn untrack() {
    with(|run| run.threads[run.current].untracked += 1);
}

/// Undoes [`untrack`].
pub(crate) fn track() {
    with(|run| run.threads[run.current].untracked -= 1);
}

/// How many events the thread that runs has made.
pub(crate) fn events() -> Option<usize> {
    with(|run| run.threads[run.current].performed)
}

/// Whether there is a thread of a model that runs.
pub(crate) fn is_in_thread() -> bool {
    with(|_| ()).is_some()
}

/// Starts a thread. `None` outside of an execution.
pub(crate) fn spawn(job: Box<dyn FnOnce() + Send>, place: Place) -> Option<ThreadId> {
    let child = perform(|run| run.spawn(place))?;
    with(|run| run.threads[child].job = Some(job))?;
    Some(child)
}

pub(crate) fn join(child: ThreadId, place: Place) -> Option<()> {
    perform(|run| run.join(child, place))
}

/// Waits for the end of a thread that uses what the one that runs has on its
/// stack: also while the execution is given up. Others can run meanwhile, so the
/// thread must not be unwinding then, unless the other has not started.
pub(crate) fn join_borrower(child: ThreadId, place: Place) {
    loop {
        let joined = with(|run| match run.join(child, place) {
            Err(Pause::Unwind) if run.is_gone(child) => Ok(()),
            Err(Pause::Unwind) => {
                run.wait_in_vain();
                Err(Pause::Suspend)
            }
            joined => joined,
        });
        match joined {
            None | Some(Ok(())) => return,
            Some(Err(_)) if fiber::can_suspend() => fiber::suspend(),
            Some(Err(_)) => {
                // The other has not started.
                with(Run::give_up);
                drop(with(|run| run.drop_job(child)));
                return;
            }
        }
    }
}

/// Ends the thread that runs if its execution is given up.
pub(crate) fn check_cancelled() {
    if is_cancelled() {
        unwind();
    }
}

/// The number of the thread that runs.
#[inline]
pub(crate) fn current() -> Option<ThreadId> {
    with(|run| run.current)
}

/// How many events of the graph the thread that runs has performed.
#[inline]
pub(crate) fn performed() -> Option<usize> {
    with(|run| run.threads[run.current].performed)
}

/// A loop was gone round in vain.
pub(crate) fn spin(place: Place) {
    wait(|run| run.spin(place));
}

pub(crate) fn yields(place: Place) {
    wait(|run| run.yields(place));
}

/// Waits until the execution is over, or until the thread goes on, or is asked
/// whether it would.
fn wait(pause: impl FnOnce(&mut Run) -> Result<(), Pause>) {
    match with(pause) {
        None | Some(Ok(())) => {}
        Some(Err(Pause::Suspend)) if !fiber::can_suspend() => {
            with(Run::give_up);
        }
        Some(Err(Pause::Suspend)) => {
            fiber::suspend();
            if with(|run| run.phase) == Some(Phase::Cancel) {
                unwind();
            }
        }
        Some(Err(Pause::Unwind)) => unwind(),
    }
}

fn unwind() {
    if fiber::can_unwind() {
        resume_unwind(Box::new(Cancelled));
    }
    wait_in_vain();
}

/// Lets time pass where there is no model, or none any more.
///
/// # Panics
///
/// If a destructor waits without end while its execution is given up, and no other
/// thread can run: this ends the process.
pub(crate) fn wait_in_vain() {
    let stuck = with(|run| {
        run.wait_in_vain();
        run.is_stuck(run.current)
    });
    match stuck {
        None => std::thread::yield_now(),
        Some(_) if fiber::can_suspend() => fiber::suspend(),
        Some(stuck) => assert!(
            !stuck,
            "a destructor waits for another thread while its execution is given up; \
             explore the program with `Builder::os_threads`"
        ),
    }
}

/// Whether the execution is given up.
pub(crate) fn is_cancelled() -> bool {
    with(|run| run.phase) == Some(Phase::Cancel)
}

/// Whether a thread that is about to wait for a notification wakes up without.
pub(crate) fn wakes_spuriously(place: Place) -> bool {
    with(|run| run.rules.spurious_wakeups) == Some(true) && choose(2, place) == Some(1)
}

/// The thread that runs waits for a notification from now on.
pub(crate) fn begin_to_wait(address: usize, place: Place) -> Option<()> {
    let pass = ReadMode::Acquire {
        expected: 0,
        new: 0,
    };
    read_word(address, &pass, place)?;
    with(|run| run.add_waiter(address))
}

/// What wakes up a thread that waits for a notification: an address that no
/// memory has.
fn bell(thread: ThreadId) -> usize {
    usize::MAX - (1 << 16) - thread
}

/// Waits for the notification. Others need not count on it if the waiting may
/// end without.
pub(crate) fn wait_for_notification(may_end: bool, place: Place) {
    let ring = ReadMode::Acquire {
        expected: 1,
        new: 0,
    };
    perform(|run| match run.phase {
        Phase::Recheck if may_end => Err(run.would_go_on()),
        _ => run.read(bell(run.current), NO_MEMORY, 0, &ring, false, place),
    });
}

fn wake(thread: ThreadId, place: Place) {
    let ring = ReadMode::Update {
        order: Ordering::Relaxed,
        update: Update {
            operation: Operation::Swap,
            operand: 1,
            bits: u64::BITS,
        },
    };
    read_word(bell(thread), &ring, place);
}

/// Wakes one of the threads that wait for a notification. The choice is part of
/// what others depend on who come later: so they have to wait for it.
pub(crate) fn notify_one(address: usize, place: Place) -> Option<()> {
    let begin = ReadMode::Acquire {
        expected: 0,
        new: 1,
    };
    read_word(address, &begin, place)?;
    let waiters = with(|run| run.count_waiters(address))?;
    let which = match waiters {
        0 | 1 => 0,
        _ => choose(waiters as u64, place)?,
    };
    let waiter = with(|run| run.take_waiter(address, which as usize))?;
    write(&NoMemory(address), Ordering::Relaxed, 0, place)?;
    if let Some(waiter) = waiter {
        wake(waiter, place);
    }
    Some(())
}

/// Wakes all threads that wait for a notification.
pub(crate) fn notify_all(address: usize, place: Place) -> Option<()> {
    let pass = ReadMode::Acquire {
        expected: 0,
        new: 0,
    };
    read_word(address, &pass, place)?;
    for waiter in with(|run| run.take_waiters(address))? {
        wake(waiter, place);
    }
    Some(())
}
