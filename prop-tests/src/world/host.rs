//! Who runs the threads of a program: a host for each engine.

use std::cell::Cell;
use std::ops::DerefMut;
use std::panic::resume_unwind;

use super::{Gift, Register, World};
use crate::outcome::OpResult;
use crate::program::Op;
use crate::protocol::SlotState;

/// What an engine tells the driver about the thread that is running, and how
/// its threads pass handles on.
///
/// # Safety
///
/// [`world`](Host::world) gives every thread that shares handles the same
/// world. [`take`](Host::take) gives back what was given, and that once; when
/// handles may move between OS threads, the give happens before the take.
pub unsafe trait Host: Sized + Send + Sync + 'static {
    /// The world of this program.
    fn world() -> &'static World;

    /// The thread of the program that is running, counted from 0.
    fn thread() -> usize;

    /// What is known of the metadata, for nobody else meanwhile: no step of the
    /// protocol is made before it is let go.
    #[inline]
    fn register() -> impl DerefMut<Target = Register> {
        Self::world().register()
    }

    /// Called before each operation, and before each drop at the end, counted
    /// from 0 in its thread.
    fn begin_operation(op: usize) {
        let _ = op;
    }

    /// Called after each operation, one that was skipped included, and after
    /// each drop at the end; `state` looks at the slot.
    fn end_operation(op: Op, result: OpResult, state: impl FnOnce() -> SlotState) {
        let _ = (op, result, state);
    }

    /// Makes mailboxes, all of them empty: by slot, one that can be given to so
    /// many times, or none. Part of [`World::reset`].
    ///
    /// # Safety
    ///
    /// No other thread uses the world during the call.
    unsafe fn reset_mailboxes(gives: &[Option<usize>]) {
        // SAFETY: promised by the caller.
        unsafe { Self::world().reset_mailboxes(gives) };
    }

    /// Puts a handle into the mailbox of a slot; false if it is full.
    fn give(slot: usize, gift: Gift) -> bool {
        Self::world().mailbox(slot).give(gift)
    }

    /// Takes the handle that is in the mailbox of a slot; `None` if it is
    /// empty.
    fn take(slot: usize) -> Option<Gift> {
        Self::world().mailbox(slot).take()
    }
}

/// The payload of the unwinding that stands for the end of the system.
#[derive(Clone, Copy, Debug)]
pub struct Aborted;

/// What the protocol calls where it would end the system: it unwinds into the
/// driver, which forgets all handles of the thread.
pub fn abort() -> ! {
    // Not a panic: the hook has nothing to report.
    resume_unwind(Box::new(Aborted))
}

/// Everything on one thread, which has a world of its own.
///
/// Handles of this host must stay on the OS thread that made them.
#[derive(Debug)]
pub struct LocalHost;

std::thread_local! {
    static WORLD: &'static World = World::leak();
    static THREAD: Cell<usize> = const { Cell::new(0) };
}

impl LocalHost {
    /// Says which thread of the program the next operations belong to.
    pub fn enter_thread(thread: usize) {
        THREAD.set(thread);
    }
}

// SAFETY: handles of this host stay on the thread that made them: the driver
// runs there, and hands none out; the mailboxes are those of the world.
unsafe impl Host for LocalHost {
    fn world() -> &'static World {
        WORLD.with(|world| *world)
    }

    fn thread() -> usize {
        THREAD.get()
    }
}
