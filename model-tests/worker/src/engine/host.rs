//! The host of both explorers: they run all threads of a program as coroutines
//! of one OS thread, which has a world of its own.

use std::cell::{Cell, RefCell};
use std::ops::DerefMut;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::thread::LocalKey;

#[cfg(loom)]
use ::loom::sync::atomic::AtomicU64;
#[cfg(rc11)]
use ::rc11::sync::atomic::AtomicU64;
#[cfg(shuttle)]
use ::shuttle::sync::atomic::AtomicU64;
use meta_core::model;
use programs::outcome::OpResult;
use programs::program::Op;
use prop_tests::protocol::SlotState;
use prop_tests::world::{Flag, Gift, Host, Mailbox, Register, World};

use super::coverage;

/// The host of an explorer.
#[derive(Debug)]
pub struct ModelHost;

/// By slot.
type Mailboxes = Vec<Option<Mailbox<ModelFlag>>>;

thread_local! {
    /// Made when it is first asked for, and never dropped; asked for in every
    /// step.
    static WORLD: Cell<Option<&'static World>> = const { Cell::new(None) };
    /// The same. It is that of one OS thread, and takes no lock.
    static REGISTER: Cell<Option<&'static RefCell<Register>>> = const { Cell::new(None) };
    /// Never destroyed, like the world: an explorer's atomics must not be
    /// touched outside its executions.
    static MAILBOXES: &'static RefCell<Rc<Mailboxes>> = Box::leak(Box::default());
}

/// An atomic of the explorer.
#[derive(Debug)]
struct ModelFlag(AtomicU64);

impl Flag for ModelFlag {
    const ORDERED: bool = !cfg!(shuttle);

    fn new(value: u64) -> Self {
        ModelFlag(AtomicU64::new(value))
    }

    fn exchange(&self, current: u64, new: u64, success: Ordering) -> Result<u64, u64> {
        self.0
            .compare_exchange(current, new, success, Ordering::Relaxed)
    }
}

/// Makes what this OS thread does not have yet.
#[cold]
fn first<T: Copy>(own: &'static LocalKey<Cell<Option<T>>>, make: impl FnOnce() -> T) -> T {
    let made = make();
    own.set(Some(made));
    made
}

/// Performs a step on a mailbox. Other threads run meanwhile, and perform
/// theirs: the mailboxes are not borrowed.
fn mailbox<R>(slot: usize, step: impl FnOnce(&Mailbox<ModelFlag>) -> R) -> R {
    let mailboxes = MAILBOXES.with(|mailboxes| mailboxes.borrow().clone());
    step(
        mailboxes[slot]
            .as_ref()
            .expect("the program names the mailbox"),
    )
}

// SAFETY: all threads of a model run on one OS thread, and so in one world;
// its mailboxes are as good as the world's own.
unsafe impl Host for ModelHost {
    #[inline]
    fn world() -> &'static World {
        WORLD.get().unwrap_or_else(|| first(&WORLD, World::leak))
    }

    #[inline]
    fn register() -> impl DerefMut<Target = Register> {
        let made = || first(&REGISTER, || Box::leak(Box::default()));
        REGISTER.get().unwrap_or_else(made).borrow_mut()
    }

    #[inline]
    fn thread() -> usize {
        model::current_thread()
    }

    #[inline]
    fn begin_operation(op: usize) {
        model::begin_operation(op);
    }

    #[inline(always)]
    fn end_operation(op: Op, result: OpResult, state: impl FnOnce() -> SlotState) {
        coverage::finished(op, result, state);
        model::end_operation(result);
    }

    unsafe fn reset_mailboxes(gives: &[Option<usize>]) {
        // Programs without mailboxes do not pay for them.
        if gives.iter().any(Option::is_some) {
            let mailboxes = Rc::new(Mailbox::of(gives).collect());
            MAILBOXES.with(|all| all.replace(mailboxes));
        }
    }

    fn give(slot: usize, gift: Gift) -> bool {
        let given = mailbox(slot, |mailbox| mailbox.give(gift));
        model::mailbox(slot, true, given);
        given
    }

    fn take(slot: usize) -> Option<Gift> {
        let taken = mailbox(slot, Mailbox::take);
        model::mailbox(slot, false, taken.is_some());
        taken
    }
}
