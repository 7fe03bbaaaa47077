//! rc11: every execution graph, once, with stale reads and any ordering.

use ::core::sync::atomic::Ordering;

use rc11::graph::ReadMode;
use rc11::raw;

use super::{Place, Plain};
use crate::access::Exchange;
use crate::model::{self, Probe};
use crate::update::{self, Fetch};
use crate::word::{Memory, Word};

pub use rc11::thread;

/// Explores a closure, in all executions that there are.
///
/// # Panics
///
/// If one of them fails, or is too long.
pub fn check(model: impl Fn() + Send + Sync + 'static) {
    rc11::model(move || {
        model::start();
        model::begin_execution();
        model();
    });
    model::stop();
}

/// What the explorer keeps begins anew by itself.
pub(crate) fn start() {}

/// The explorer knows by itself whether one of its threads runs.
#[inline]
pub(crate) fn is_on() -> bool {
    true
}

/// How many events of the execution graph the thread that runs has performed.
pub(crate) fn performed() -> usize {
    raw::performed().unwrap_or(0)
}

/// A word, as rc11 sees it.
struct InMemory<'a, W>(&'a W);

impl<W: Word> raw::Memory for InMemory<'_, W> {
    #[inline]
    fn address(&self) -> usize {
        self.0.address()
    }

    #[inline]
    fn size(&self) -> usize {
        W::SIZE
    }

    #[inline]
    fn value(&self) -> u64 {
        self.0.value()
    }

    #[inline]
    fn set_value(&self, value: u64) {
        self.0.set_value(value);
    }
}

/// A load as the code has it: which values it may read is what rc11 explores.
#[inline]
pub(crate) fn load<W: Word>(word: &W, order: Ordering, _: Probe, place: Place) -> Option<u64> {
    let mode = ReadMode::Load { order };
    raw::read(&InMemory(word), mode, false, place).map(|read| read.value)
}

#[inline]
pub(crate) fn store<W: Word>(word: &W, value: u64, order: Ordering, place: Place) -> Option<()> {
    raw::write(&InMemory(word), order, value, place)
}

/// The operation comes in parts: to copy it as a whole is to wait for its parts.
#[inline]
pub(crate) fn update<W: Word>(
    word: &W,
    operation: Fetch,
    operand: u64,
    order: Ordering,
    place: Place,
) -> Option<u64> {
    let mode = ReadMode::Update {
        order,
        update: update::of::<W>(operation, operand),
    };
    raw::read(&InMemory(word), mode, false, place).map(|read| read.value)
}

#[inline]
pub(crate) fn exchange<W: Word>(
    word: &W,
    exchange: Exchange,
    weak: bool,
    place: Place,
) -> Option<Result<u64, u64>> {
    let mode = ReadMode::Exchange {
        expected: exchange.current,
        new: exchange.new,
        success: exchange.success,
        failure: exchange.failure,
    };
    let read = raw::read(&InMemory(word), mode, weak, place)?;
    Some(match read.exchanged {
        true => Ok(read.value),
        false => Err(read.value),
    })
}

/// A spurious failure reads like any load.
pub(crate) fn fail_to_exchange<W: Word>(word: &W, order: Ordering, place: Place) -> Option<u64> {
    load(word, order, Probe::Load, place)
}

pub(crate) fn fence(order: Ordering, place: Place) -> Option<()> {
    raw::fence(order, place)
}

/// rc11 draws nothing; spurious failures are choices that it explores.
pub(crate) fn draw_one_in(_n: u64) -> bool {
    false
}

/// The number of the thread that runs.
#[inline]
pub(crate) fn running() -> Option<usize> {
    raw::thread()
}

pub(crate) fn spin(place: Place) {
    if raw::spin(place).is_none() {
        ::core::hint::spin_loop();
    }
}

pub(crate) fn retry(place: Place) {
    spin(place);
}

#[inline]
pub(crate) fn plain(memory: Memory, kind: Plain, place: Place) {
    raw::plain(memory.address, kind.writes, place);
}

pub(crate) fn own<W: Word>(word: &W, place: Place) {
    raw::own(word.address(), place);
}

#[inline]
pub(crate) fn forget<W: Word>(word: &W) {
    raw::forget(word.address());
}
