//! How the operations of a model reach the execution that they are part of.

use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::panic::resume_unwind;
use std::sync::atomic::Ordering;

use crate::graph::{ReadMode, ThreadId};
use crate::race::Place;
use crate::run::fiber::{self, Job};
use crate::run::{Cancelled, Done, Pause, Phase, Run};

thread_local! {
    /// The execution whose thread runs on this OS thread. Never dropped: it is
    /// there only while a thread runs.
    static RUN: ManuallyDrop<Cell<Option<Box<Run>>>> = const { ManuallyDrop::new(Cell::new(None)) };
}

/// Lets a thread of `run` run by `resume`.
pub(crate) fn enter<R>(run: Box<Run>, resume: impl FnOnce() -> R) -> (Box<Run>, R) {
    RUN.with(|slot| slot.set(Some(run)));
    let result = resume();
    let run = RUN.with(|slot| slot.take());
    (
        run.expect("a thread leaves the execution where it was"),
        result,
    )
}

/// Looks at the execution; `None` outside of one.
fn with<R>(look: impl FnOnce(&mut Run) -> R) -> Option<R> {
    RUN.with(|slot| {
        let mut run = slot.take()?;
        let result = look(&mut run);
        slot.set(Some(run));
        Some(result)
    })
}

/// Performs an operation of the thread that runs: as often as it has to wait, and
/// in the end once. `None` outside of an execution, and in destructors while one
/// is given up.
fn perform<R>(mut operation: impl FnMut(&mut Run) -> Result<R, Pause>) -> Option<R> {
    loop {
        match with(&mut operation)? {
            Ok(result) => return Some(result),
            Err(Pause::Suspend) => fiber::suspend(),
            Err(Pause::Unwind) if std::thread::panicking() => return None,
            // Not a panic: the hook has nothing to report.
            Err(Pause::Unwind) => resume_unwind(Box::new(Cancelled)),
        }
    }
}

pub(crate) fn read(
    address: usize,
    initial: impl Fn() -> u64,
    mode: ReadMode,
    weak: bool,
    place: Place,
) -> Option<Done> {
    if weak && with(|run| run.rules.spurious)? && choose(2, place)? == 1 {
        let load = match mode {
            ReadMode::Exchange { failure, .. } => ReadMode::Load { order: failure },
            mode => mode,
        };
        return perform(|run| run.read(address, initial(), load, false, place));
    }
    perform(|run| run.read(address, initial(), mode, weak, place))
}

pub(crate) fn write(
    address: usize,
    initial: impl Fn() -> u64,
    order: Ordering,
    value: u64,
    place: Place,
) -> Option<Option<u64>> {
    perform(|run| run.write(address, initial(), order, value, place))
}

pub(crate) fn fence(order: Ordering, place: Place) -> Option<()> {
    perform(|run| run.fence(order, place))
}

pub(crate) fn choose(of: u64, place: Place) -> Option<u64> {
    perform(|run| run.choose(of, place))
}

pub(crate) fn plain(address: usize, writes: bool, place: Place) {
    perform(|run| run.plain(address, writes, place));
}

/// The thread that has this memory for itself takes it out of the model.
pub(crate) fn own(address: usize, place: Place) {
    perform(|run| run.own(address, place));
}

/// Memory is about to be used for something else.
pub(crate) fn forget(address: usize) {
    with(|run| run.forget(address));
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
pub(crate) fn spawn(job: Box<dyn FnOnce()>, place: Place) -> Option<ThreadId> {
    let child = perform(|run| run.spawn(place))?;
    with(|run| run.threads[child].job = Some(Job::Spawned(job)))?;
    Some(child)
}

pub(crate) fn join(child: ThreadId, place: Place) -> Option<()> {
    perform(|run| run.join(child, place))
}

/// The number of the thread that runs.
pub(crate) fn current() -> Option<ThreadId> {
    with(|run| run.current)
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
    if !std::thread::panicking() {
        resume_unwind(Box::new(Cancelled));
    }
}
