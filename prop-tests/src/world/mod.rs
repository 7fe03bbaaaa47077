//! The world a program runs in: what the protocol shares, and a register of every
//! metadata value, so that each engine sees leaks and double drops.

mod host;
mod mailbox;
mod meta;
mod register;
mod teardown;

use std::any::Any;
use std::cell::UnsafeCell;
use std::ops::Range;
use std::ptr;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use self::teardown::{Teardown, Teardowns};
use crate::program::{MAX_THREADS, Program, StartKind};
use crate::protocol::{Protocol, SlotState, Start};

pub use host::{Aborted, Host, LocalHost, abort};
pub use mailbox::{Flag, Gift, Mailbox};
pub use meta::{KindA, KindB, Tag, Tracked, freed, tag_of};
pub use register::{Counts, Fault, FaultKind, Register};

/// The start state of a program: worked out once, for all of its executions.
#[derive(Clone, Debug)]
pub struct StartState {
    pub(crate) kind: StartKind,
    /// The handles to the first slot, forgotten ones included.
    pub(crate) handles: u64,
    threads: usize,
    slots: usize,
    /// By slot, how often its mailbox can be given to, if there is one.
    gives: Vec<Option<usize>>,
}

impl StartState {
    /// That of a program.
    pub fn of(program: &Program) -> Self {
        StartState {
            kind: program.start.kind,
            handles: program.start_count(),
            threads: program.threads.len(),
            slots: program.slots(),
            gives: mailbox::gives(program),
        }
    }

    /// How many slots there are.
    #[inline]
    pub fn slots(&self) -> usize {
        self.slots
    }
}

/// What the threads of a program share.
#[derive(Debug)]
pub struct World {
    memory: OnceLock<Box<dyn Any + Send + Sync>>,
    /// For hosts without a register of their own.
    register: Mutex<Register>,
    teardowns: Teardowns,
    /// By slot, for hosts without mailboxes of their own. A slot whose mailbox
    /// the program does not name has none.
    mailboxes: UnsafeCell<Vec<Option<Mailbox<AtomicU64>>>>,
}

// SAFETY: `mailboxes` changes only in `reset`, whose caller promises that nobody
// else uses the world; everything else is `Sync`.
unsafe impl Sync for World {}

impl World {
    /// A world with nothing in it, which lives for ever.
    pub fn leak() -> &'static World {
        Box::leak(Box::new(World {
            memory: OnceLock::new(),
            register: Mutex::default(),
            teardowns: Teardowns::default(),
            mailboxes: UnsafeCell::default(),
        }))
    }

    /// What the protocol keeps in this world, made when it is first asked for.
    ///
    /// # Panics
    ///
    /// If something of another type was asked for before.
    #[inline]
    pub fn memory<M: Default + Send + Sync + 'static>(&self) -> &M {
        let memory = self.memory.get_or_init(|| Box::new(M::default()));
        memory.downcast_ref().expect("a world has one protocol")
    }

    /// Puts the world into the start state of a program. The handles of the start
    /// are made by [`Holdings::of_start`](crate::driver::Holdings::of_start).
    ///
    /// # Panics
    ///
    /// If it is not the world of `P`, or has no room for the program.
    ///
    /// # Safety
    ///
    /// Handles to slots and borrows of them from before the call are never used
    /// again, and no other thread uses the world during the call.
    pub unsafe fn reset<P: Protocol>(&self, start: &StartState) {
        self.forget_all::<P>(start.threads, start.slots);
        // SAFETY: promised by the caller.
        unsafe { self.furnish::<P>(start.slots, Start::of(start), &start.gives) };
    }

    /// Makes all of the first `count` slots unused, and a mailbox for slot 0
    /// that can be given to as often as `gives` says.
    ///
    /// # Panics
    ///
    /// As [`reset`](Self::reset).
    ///
    /// # Safety
    ///
    /// As [`reset`](Self::reset).
    pub(crate) unsafe fn reset_unused<P: Protocol>(&self, count: usize, gives: Option<usize>) {
        self.forget_all::<P>(MAX_THREADS, count);
        // SAFETY: promised by the caller.
        unsafe { self.furnish::<P>(count, Start::Unused, &[gives]) };
    }

    /// Forgets the last execution, as far as this many threads come to look and
    /// this many slots are concerned.
    fn forget_all<P: Protocol>(&self, threads: usize, slots: usize) {
        P::Host::register().reset(slots);
        self.teardowns.forget(threads);
    }

    /// # Safety
    ///
    /// As [`reset`](Self::reset).
    unsafe fn furnish<P: Protocol>(&self, count: usize, first: Start<P>, gives: &[Option<usize>]) {
        assert!(ptr::eq(self, P::Host::world()), "the world of another host");
        // SAFETY: promised by the caller.
        unsafe {
            P::reset(count, first);
            P::Host::reset_mailboxes(gives);
        }
    }

    /// Empties the mailboxes.
    ///
    /// # Safety
    ///
    /// No other thread uses the world during the call.
    unsafe fn reset_mailboxes(&self, gives: &[Option<usize>]) {
        // SAFETY: nobody else uses the world.
        let mailboxes = unsafe { &mut *self.mailboxes.get() };
        mailboxes.clear();
        mailboxes.extend(Mailbox::of(gives));
    }

    /// The mailbox of a slot.
    fn mailbox(&self, slot: usize) -> &Mailbox<AtomicU64> {
        // SAFETY: changed only while nobody uses the world.
        let mailboxes = unsafe { &*self.mailboxes.get() };
        mailboxes[slot]
            .as_ref()
            .expect("the program names the mailbox")
    }

    /// What is known of the metadata, where the host has no other register.
    #[inline]
    pub(crate) fn register(&self) -> MutexGuard<'_, Register> {
        // A panic under the lock ends the execution; the next one resets.
        self.register.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An operation of `thread` begins, which may tear down the metadata of
    /// this slot in this state.
    #[inline]
    pub(crate) fn begin_operation(&self, thread: usize, teardown: Option<(usize, SlotState)>) {
        let teardown = teardown.map_or_else(Teardown::default, |(slot, state)| {
            Teardown::of(slot..slot + 1, state)
        });
        self.teardowns.begin(thread, teardown);
    }

    /// An operation of `thread` begins, which may give up handles to any frame
    /// of this row.
    pub(crate) fn begin_row(&self, thread: usize, row: Range<usize>) {
        self.teardowns
            .begin(thread, Teardown::of(row, SlotState::Busy));
    }

    /// Whether the operation of `thread` tore down metadata of `slot`.
    #[inline]
    pub(crate) fn tore_down(&self, thread: usize, slot: usize) -> bool {
        self.teardowns.get(thread).has_done(slot)
    }

    /// Whether `thread` may be tearing down metadata of `slot`, which is in this
    /// state now.
    #[inline]
    fn may_tear_down(&self, thread: usize, slot: usize, state: SlotState) -> bool {
        self.teardowns.get(thread).allows(slot, state)
    }

    /// `thread` has torn down metadata of `slot`.
    #[inline]
    fn torn_down(&self, thread: usize, slot: usize) {
        self.teardowns.done(thread, slot);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SlotState::{Busy, Shared, Unique, Unused};

    #[test]
    fn an_operation_tears_down_what_it_may_and_nothing_else() {
        let world = World::leak();
        let allowed = || {
            let all = (0..2).flat_map(|thread| (0..2).map(move |slot| (thread, slot)));
            let all = all.flat_map(|at| [Unused, Busy, Unique, Shared(1)].map(|state| (at, state)));
            all.filter(|&((thread, slot), state)| world.may_tear_down(thread, slot, state))
                .collect::<Vec<_>>()
        };
        assert_eq!(allowed(), []);
        world.begin_operation(1, Some((0, Unique)));
        assert_eq!(allowed(), [((1, 0), Unique)]);
        world.begin_row(1, 0..2);
        assert_eq!(allowed(), [((1, 0), Busy), ((1, 1), Busy)]);
        world.torn_down(1, 1);
        assert!(world.tore_down(1, 1) && !world.tore_down(1, 0) && !world.tore_down(0, 1));
        world.begin_operation(1, None);
        assert_eq!((allowed(), world.tore_down(1, 1)), (vec![], false));
    }
}
