//! What an access goes through: other orderings, the explorer, the trace.

use ::core::panic::Location;
use ::core::sync::atomic::{self, Ordering};

use crate::model::{self, EventKind};
use crate::named::Access;
use crate::places::{Operation, Site};
use crate::update::{self, Fetch};
use crate::word::{Memory, Word};
use crate::{engine, statics};

/// How a compare-and-swap can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strength {
    /// For a reason.
    Strong,
    /// For none, too.
    Weak,
    /// For none, too; then its thread calls [`engine::retry`], and tries again.
    Retried,
}

/// A compare-and-swap with the orderings to perform it with.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(shuttle, allow(dead_code, reason = "orderings mean nothing to it"))]
pub(crate) struct Exchange {
    pub(crate) current: u64,
    pub(crate) new: u64,
    pub(crate) success: Ordering,
    pub(crate) failure: Ordering,
}

/// What one step did.
struct Done {
    site: Site,
    operation: Operation,
    code: Ordering,
    ordering: Option<Ordering>,
    read: Option<u64>,
    written: Option<u64>,
    spurious: bool,
}

/// Performs a step on an atomic, and records it when it is over: others may run in
/// between. `None` outside of a model.
#[inline]
fn step<W: Word, R>(
    word: &W,
    perform: impl FnOnce() -> Option<R>,
    done: impl FnOnce(&R) -> Done,
) -> Option<R> {
    if model::is_aside() {
        return None;
    }
    let address = word.address();
    // SAFETY: these are the bytes of `word`, and one thread runs at a time.
    unsafe { statics::meet(address, W::SIZE) };
    recorded(address, perform, done)
}

#[inline]
fn recorded<R>(
    address: usize,
    perform: impl FnOnce() -> Option<R>,
    done: impl FnOnce(&R) -> Done,
) -> Option<R> {
    let result = perform()?;
    model::record(address, || {
        let done = done(&result);
        model::met(done.site, done.operation, done.code);
        EventKind::Atomic {
            site: done.site,
            ordering: done.ordering,
            read: done.read,
            written: done.written,
            spurious: done.spurious,
        }
    });
    Some(result)
}

#[inline]
pub(crate) fn load<W: Word>(word: &W, code: Ordering, site: Site) -> Option<u64> {
    let ordering = model::access_ordering(site, code);
    step(
        word,
        || engine::load(word, ordering, model::probe(), site.place),
        |&value| Done {
            site,
            operation: Operation::Load,
            code,
            ordering: Some(ordering),
            read: Some(value),
            written: None,
            spurious: false,
        },
    )
}

#[inline]
pub(crate) fn store<W: Word>(word: &W, value: u64, code: Ordering, site: Site) -> Option<()> {
    let ordering = model::access_ordering(site, code);
    step(
        word,
        || engine::store(word, value, ordering, site.place),
        |()| Done {
            site,
            operation: Operation::Store,
            code,
            ordering: Some(ordering),
            read: None,
            written: Some(value),
            spurious: false,
        },
    )
}

#[inline]
pub(crate) fn fetch<W: Word>(
    word: &W,
    operation: Fetch,
    operand: u64,
    code: Ordering,
    site: Site,
) -> Option<u64> {
    let ordering = model::access_ordering(site, code);
    step(
        word,
        || engine::update(word, operation, operand, ordering, site.place),
        |&old| Done {
            site,
            operation: Operation::Update,
            code,
            ordering: Some(ordering),
            read: Some(old),
            written: Some(update::of::<W>(operation, operand).apply(old)),
            spurious: false,
        },
    )
}

#[inline]
pub(crate) fn exchange<W: Word>(
    word: &W,
    (current, new): (u64, u64),
    code: [Ordering; 2],
    sites: [Site; 2],
    strength: Strength,
) -> Option<Result<u64, u64>> {
    let success = model::access_ordering(sites[0], code[0]);
    let failure = model::access_ordering(sites[1], code[1]);
    let place = sites[0].place;
    let exchange = Exchange {
        current,
        new,
        success,
        failure,
    };
    let spurious = strength != Strength::Strong
        && engine::is_on()
        && (model::fails_spuriously(sites[0])
            || model::spurious_one_in().is_some_and(engine::draw_one_in));
    let perform = || {
        if spurious {
            engine::fail_to_exchange(word, failure, place).map(Err)
        } else {
            engine::exchange(word, exchange, strength == Strength::Weak, place)
        }
    };
    step(word, perform, |result| {
        let (way, operation) = match result {
            Ok(_) => (0, Operation::CasSuccess),
            Err(_) => (1, Operation::CasFailure),
        };
        // A place is one access with two orderings, whichever way it goes.
        model::met(sites[1 - way], other(operation), code[1 - way]);
        Done {
            site: sites[way],
            operation,
            code: code[way],
            ordering: Some([success, failure][way]),
            read: Some(result.unwrap_or_else(|old| old)),
            written: result.ok().map(|_| new),
            spurious,
        }
    })
}

const fn other(operation: Operation) -> Operation {
    match operation {
        Operation::CasSuccess => Operation::CasFailure,
        _ => Operation::CasSuccess,
    }
}

/// A fence.
///
/// # Panics
///
/// If it is relaxed.
#[track_caller]
pub(crate) fn fence(code: Ordering, site: Site) {
    assert!(
        code != Ordering::Relaxed,
        "there is no such thing as a relaxed fence"
    );
    let ordering = model::ordering(site, code);
    let perform = || match ordering {
        Some(ordering) => engine::fence(ordering, site.place),
        None => engine::is_on().then_some(()),
    };
    let fenced = recorded(0, perform, |()| Done {
        site,
        operation: Operation::Fence,
        code,
        ordering,
        read: None,
        written: None,
        spurious: false,
    });
    if fenced.is_none() {
        atomic::fence(code);
    }
}

/// The thread that runs has an atomic for itself.
pub(crate) fn own<W: Word>(word: &W, place: &'static Location<'static>) {
    // SAFETY: as in `step`.
    unsafe { statics::meet(word.address(), W::SIZE) };
    engine::own(word, place);
}

/// A plain access that states what it does. A race is reported before a dead value:
/// where both hold, the missing happens-before edge is the cause.
#[inline]
pub(crate) fn plain(
    memory: Memory,
    access: Access,
    name: &'static str,
    place: &'static Location<'static>,
) {
    record_plain(memory, access, name, place, access != Access::Read, true);
    model::mark(memory.address, name, access, place);
}

/// A pointer to the value of a cell is asked for.
#[inline]
pub(crate) fn cell(memory: Memory, place: &'static Location<'static>) {
    let classified = model::classified(place);
    let access = classified.unwrap_or(Access::Write);
    let writes = access != Access::Read;
    record_plain(memory, access, UNNAMED, place, writes, classified.is_some());
}

/// The thread that runs has a cell for itself.
#[inline]
pub(crate) fn own_cell(memory: Memory, place: &'static Location<'static>) {
    record_plain(memory, Access::Write, UNNAMED, place, true, true);
}

/// The name of a field whose accesses have none.
const UNNAMED: &str = "cell";

#[inline]
fn record_plain(
    memory: Memory,
    access: Access,
    cell: &'static str,
    location: &'static Location<'static>,
    writes: bool,
    sure: bool,
) {
    if memory.size == 0 || !engine::is_on() {
        return;
    }
    // SAFETY: the cell is there, and one thread runs at a time.
    unsafe { statics::meet(memory.address, memory.size) };
    model::record(memory.address, || EventKind::Plain {
        cell,
        access,
        location,
    });
    let kind = engine::Plain {
        access,
        writes,
        sure,
        named: cell != UNNAMED,
        cell,
    };
    engine::plain(memory, kind, location);
}
