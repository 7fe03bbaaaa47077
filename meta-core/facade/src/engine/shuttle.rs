//! shuttle: sequentially consistent, scheduled at random or exhaustively.
//! Orderings are recorded, not modelled.
//!
//! One of shuttle's own atomics is a scheduling point, a cell, and a vector clock
//! that nobody here asks for. What is left without the clock stands here: the value is
//! in memory alone.

use ::core::cell::RefCell;
use ::core::mem::ManuallyDrop;
use ::core::sync::atomic::Ordering;
use ::core::time::Duration;
use std::thread_local;
use std::vec::Vec;

use super::sizes::Words;
use super::{Place, Plain, is_on};
use crate::access::Exchange;
use crate::model::{self, Probe, Violation, ViolationKind};
use crate::named::Access;
use crate::update::{self, Fetch};
use crate::word::{Memory, Word};

pub use shuttle::thread;

/// Explores a closure, in all orders of the steps of its threads.
///
/// # Panics
///
/// If one of them fails.
pub fn check(model: impl Fn() + Send + Sync + 'static) {
    let model = move || {
        model::start();
        model::begin_execution();
        model();
    };
    shuttle::check_dfs(model, None);
    model::stop();
}

thread_local! {
    /// Never dropped, so that an access need not ask whether they were.
    static WORDS: ManuallyDrop<RefCell<Words>> =
        const { ManuallyDrop::new(RefCell::new(Words::new())) };
    /// The plain accesses under way, by address: of each thread one at most.
    static UNDER_WAY: ManuallyDrop<RefCell<Vec<(usize, Use)>>> =
        const { ManuallyDrop::new(RefCell::new(Vec::new())) };
}

/// What a plain access does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    Reads,
    Writes,
    /// Nobody has said that it only reads.
    MayWrite,
}

pub(crate) fn start() {
    WORDS.with(|words| words.borrow_mut().clear());
    UNDER_WAY.with(|under_way| under_way.borrow_mut().clear());
}

/// Lets the scheduler choose who goes on. shuttle models no time: to sleep is a
/// context switch and nothing else.
fn scheduling_point() {
    thread::sleep(Duration::ZERO);
}

/// A step on a word, as one on an atomic of shuttle's is: others run before it, none in
/// it. Gives the old value.
#[inline]
fn step<W: Word>(word: &W, place: Place, change: impl FnOnce(u64) -> Option<u64>) -> Option<u64> {
    if !is_on() {
        return None;
    }
    scheduling_point();
    let old = word.value();
    let new = change(old);
    let met = WORDS.with(|words| {
        let words = &mut *words.borrow_mut();
        match words.find(word.address(), W::SIZE, old)? {
            Some(met) => met.value = new.unwrap_or(old),
            None => words.bind(word.address(), W::SIZE, new.unwrap_or(old), 0),
        }
        Ok::<_, super::sizes::Overlaps>(())
    });
    if met.is_err() {
        super::fail(ViolationKind::MixedSizes, place);
    }
    if let Some(new) = new {
        word.set_value(new);
    }
    Some(old)
}

#[inline]
pub(crate) fn load<W: Word>(word: &W, _: Ordering, _: Probe, place: Place) -> Option<u64> {
    step(word, place, |_| None)
}

#[inline]
pub(crate) fn store<W: Word>(word: &W, value: u64, _: Ordering, place: Place) -> Option<()> {
    step(word, place, |_| Some(value)).map(|_| ())
}

#[inline]
pub(crate) fn update<W: Word>(
    word: &W,
    operation: Fetch,
    operand: u64,
    _: Ordering,
    place: Place,
) -> Option<u64> {
    let update = update::of::<W>(operation, operand);
    step(word, place, |old| Some(update.apply(old)))
}

#[inline]
pub(crate) fn exchange<W: Word>(
    word: &W,
    exchange: Exchange,
    _weak: bool,
    place: Place,
) -> Option<Result<u64, u64>> {
    let succeeds = |old| old == exchange.current;
    let old = step(word, place, |old| succeeds(old).then_some(exchange.new))?;
    Some(if succeeds(old) { Ok(old) } else { Err(old) })
}

/// A spurious failure reads like any load.
pub(crate) fn fail_to_exchange<W: Word>(word: &W, order: Ordering, place: Place) -> Option<u64> {
    load(word, order, Probe::Load, place)
}

/// No step: with one order of all steps there is nothing left to order.
pub(crate) fn fence(_: Ordering, _: Place) -> Option<()> {
    is_on().then_some(())
}

/// Draws from the scheduler, so that a replay draws the same.
pub(crate) fn draw_one_in(n: u64) -> bool {
    use shuttle::rand::RngCore;
    shuttle::rand::thread_rng().next_u64().is_multiple_of(n)
}

/// The number of the thread that runs.
#[inline]
pub(crate) fn running() -> Option<usize> {
    shuttle::current::try_get_current_task().map(usize::from)
}

pub(crate) fn spin(_: Place) {
    if is_on() {
        shuttle::hint::spin_loop();
    } else {
        ::core::hint::spin_loop();
    }
}

/// shuttle cannot leave an execution; the retry goes on.
pub(crate) fn retry(_: Place) {}

/// Accesses that overlap are noticed: each one spans a scheduling point.
pub(crate) fn plain(memory: Memory, kind: Plain, location: Place) {
    if !model::overlap() {
        return;
    }
    let Plain {
        access,
        writes,
        sure,
        cell,
        ..
    } = kind;
    let this = match (access, sure) {
        (Access::Read, _) => Use::Reads,
        (_, true) => Use::Writes,
        (_, false) => Use::MayWrite,
    };
    let address = memory.address;
    let found = UNDER_WAY.with(|under_way| {
        let mut under_way = under_way.borrow_mut();
        let others = under_way.iter().filter(|(at, _)| *at == address);
        let (mut races, mut may_race) = (false, false);
        for (_, other) in others {
            // As if what is not known to write read.
            races |= *other == Use::Writes || writes && sure;
            may_race |= *other == Use::MayWrite || writes;
        }
        if !races && !may_race {
            under_way.push((address, this));
        }
        (races, may_race)
    });
    let kind = match found {
        (true, _) => ViolationKind::Overlap,
        (_, true) => ViolationKind::Unclassified,
        _ => {
            scheduling_point();
            UNDER_WAY.with(|under_way| {
                let mut under_way = under_way.borrow_mut();
                let found = under_way.iter().position(|one| *one == (address, this));
                if let Some(position) = found {
                    under_way.swap_remove(position);
                }
            });
            return;
        }
    };
    model::violate(Violation {
        kind,
        cell,
        access,
        location,
    });
}

pub(crate) fn own<W: Word>(word: &W, _: Place) {
    forget(word);
}

pub(crate) fn forget<W: Word>(word: &W) {
    if model::is_running() {
        WORDS.with(|words| words.borrow_mut().forget(word.address()));
    }
}
