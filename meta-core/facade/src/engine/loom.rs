//! loom: every interleaving and every reads-from choice, bounded memory of old
//! stores.
//!
//! loom's objects count as accessed by the thread that makes them. A word that is a
//! constant, or zeroed memory, was made by nobody in particular: its object must have been
//! made before any thread started. So [`start`] makes some, for whatever words will be met.
//! An object holds the difference from the value that the word had when it was met.

use ::core::cell::RefCell;
use ::core::mem::ManuallyDrop;
use ::core::sync::atomic::Ordering;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::thread_local;
use std::vec::Vec;

use loom::cell::UnsafeCell;
use loom::sync::atomic::AtomicU64;
use rustc_hash::{FxBuildHasher, FxHashMap};

use super::sizes::Words;
use super::{Place, Plain, is_on};
use crate::access::Exchange;
use crate::model::{self, Probe, Violation, ViolationKind};
use crate::update::{self, Fetch};
use crate::word::{Memory, Word};

pub use loom::thread;

/// How many objects of each kind are made for the first execution.
const AT_FIRST: usize = 32;

/// A difference that no word has: programs add and subtract little, and values that
/// mean something special are near the ends.
const IMPOSSIBLE: u64 = 0x4bad_4bad_4bad_4bad;

/// Explores a closure, in the executions that loom's reduction leaves. The variables that
/// bound loom (`LOOM_MAX_PREEMPTIONS` and others) and its checkpoints bound nothing here: what
/// they leave out would pass.
///
/// # Panics
///
/// If one of them fails, or is too long.
pub fn check(model: impl Fn() + Send + Sync + 'static) {
    let model = std::sync::Arc::new(model);
    loop {
        let model = model.clone();
        let mut builder = loom::model::Builder::new();
        builder.max_branches = 10_000;
        builder.max_permutations = None;
        builder.max_duration = None;
        builder.preemption_bound = None;
        builder.checkpoint_file = None;
        let ended = catch_unwind(AssertUnwindSafe(|| {
            builder.check(move || {
                model::start();
                model::begin_execution();
                model();
            });
        }));
        model::stop();
        match ended {
            Ok(()) => return,
            Err(_) if model::needs_another_run() => {}
            Err(payload) => resume_unwind(payload),
        }
    }
}

struct Objects {
    /// Those of the execution under way. They are nothing but numbers to loom.
    atomics: Vec<Rc<AtomicU64>>,
    cells: Vec<Rc<UnsafeCell<()>>>,
    words: Words,
    /// The value that each word had when it was met, by object.
    bases: Vec<u64>,
    /// The object of each cell, by its address.
    plain: FxHashMap<usize, usize>,
    /// The threads of the execution under way, as far as somebody asked.
    threads: Vec<thread::ThreadId>,
    /// How many atomics and cells were in use at most, if an execution has shown it.
    most: Option<[usize; 2]>,
}

thread_local! {
    /// Never dropped: what is left belongs to an execution that is over.
    static OBJECTS: ManuallyDrop<RefCell<Objects>> = const {
        ManuallyDrop::new(RefCell::new(Objects {
            atomics: Vec::new(),
            cells: Vec::new(),
            words: Words::new(),
            bases: Vec::new(),
            plain: FxHashMap::with_hasher(FxBuildHasher),
            threads: Vec::new(),
            most: None,
        }))
    };
}

/// Makes the objects of an execution.
pub(crate) fn start() {
    OBJECTS.with(|objects| {
        let objects = &mut *objects.borrow_mut();
        objects.note_use();
        let room = objects.most.unwrap_or([AT_FIRST; 2]);
        objects.words.clear();
        objects.bases.clear();
        objects.plain.clear();
        objects.threads.clear();
        objects.atomics.clear();
        objects
            .atomics
            .extend((0..room[0]).map(|_| Rc::new(AtomicU64::new(0))));
        objects.cells.clear();
        objects
            .cells
            .extend((0..room[1]).map(|_| Rc::new(UnsafeCell::new(()))));
    });
}

impl Objects {
    fn note_use(&mut self) {
        let used = [self.bases.len(), self.plain.len()];
        let most = self.most.unwrap_or_default();
        // Before the first execution nothing is known.
        if !self.atomics.is_empty() || self.most.is_some() {
            self.most = Some([0, 1].map(|kind| most[kind].max(used[kind])));
        }
    }

    /// The object of a word that holds `value`.
    fn atomic(&mut self, address: usize, size: usize, value: u64) -> Result<Object, ViolationKind> {
        let met = self.words.find(address, size, value);
        let index = match met.map_err(|_| ViolationKind::MixedSizes)? {
            Some(met) => met.object,
            None => {
                let index = self.bases.len();
                self.bases.push(value);
                self.words.bind(address, size, value, index);
                index
            }
        };
        let atomic = self.atomics.get(index).ok_or(ViolationKind::TooManyWords)?;
        Ok(Object {
            atomic: atomic.clone(),
            base: self.bases[index],
        })
    }

    /// The object of a cell.
    fn cell(&mut self, address: usize) -> Result<Rc<UnsafeCell<()>>, ViolationKind> {
        let next = self.plain.len();
        let index = *self.plain.entry(address).or_insert(next);
        self.cells
            .get(index)
            .cloned()
            .ok_or(ViolationKind::TooManyWords)
    }
}

/// Ends the execution. An object that is missing is not made here: it would be this
/// thread's. The next exploration has more.
#[cold]
fn fail(kind: ViolationKind, location: Place) -> ! {
    if kind == ViolationKind::TooManyWords {
        OBJECTS.with(|objects| {
            let mut objects = objects.borrow_mut();
            objects.note_use();
            objects.most = objects.most.map(|most| most.map(|most| 2 * most));
        });
        model::ask_for_another_run();
    }
    super::fail(kind, location)
}

/// The object of a word, and the value that it had when it was met.
struct Object {
    atomic: Rc<AtomicU64>,
    base: u64,
}

impl Object {
    /// A value as it stands in the object.
    fn inward(&self, value: u64) -> u64 {
        value.wrapping_sub(self.base)
    }

    /// The other way round.
    fn outward(&self, value: u64) -> u64 {
        value.wrapping_add(self.base)
    }
}

/// Performs a step on a word. `perform` gives what was read and what was written, as
/// they stand in the object.
#[inline]
fn step<W: Word>(
    word: &W,
    place: Place,
    perform: impl FnOnce(&Object) -> (u64, Option<u64>),
) -> Option<u64> {
    if !is_on() {
        return None;
    }
    let (address, size) = (word.address(), W::SIZE);
    let find = |objects: &ManuallyDrop<RefCell<Objects>>| {
        objects.borrow_mut().atomic(address, size, word.value())
    };
    let object = OBJECTS.with(find).unwrap_or_else(|kind| fail(kind, place));
    let (read, written) = perform(&object);
    if let Some(written) = written {
        // In loom the order in which stores are executed is their modification order.
        let written = object.outward(written);
        OBJECTS.with(|objects| objects.borrow_mut().words.wrote(address, written));
        word.set_value(written);
    }
    Some(object.outward(read))
}

/// Loads as the job asks.
#[inline]
pub(crate) fn load<W: Word>(word: &W, order: Ordering, probe: Probe, place: Place) -> Option<u64> {
    match probe {
        Probe::Load => step(word, place, |object| (object.atomic.load(order), None)),
        Probe::FailingCas => fail_to_exchange(word, order, place),
    }
}

/// Reads the newest value as a read-modify-write that fails.
pub(crate) fn fail_to_exchange<W: Word>(word: &W, order: Ordering, place: Place) -> Option<u64> {
    step(word, place, |object| {
        let failed =
            object
                .atomic
                .compare_exchange(IMPOSSIBLE, IMPOSSIBLE, Ordering::Relaxed, order);
        match failed {
            Err(read) => (read, None),
            Ok(_) => unreachable!("a word changed by {IMPOSSIBLE:#x}, which stands for no value"),
        }
    })
}

#[inline]
pub(crate) fn store<W: Word>(word: &W, value: u64, order: Ordering, place: Place) -> Option<()> {
    let stored = step(word, place, |object| {
        let value = object.inward(value);
        object.atomic.store(value, order);
        (0, Some(value))
    });
    stored.map(|_| ())
}

#[inline]
pub(crate) fn update<W: Word>(
    word: &W,
    operation: Fetch,
    operand: u64,
    order: Ordering,
    place: Place,
) -> Option<u64> {
    let update = update::of::<W>(operation, operand);
    step(word, place, |object| match operation {
        Fetch::Swap => {
            let new = object.inward(operand);
            (object.atomic.swap(new, order), Some(new))
        }
        Fetch::Add if W::BITS == u64::BITS => {
            let old = object.atomic.fetch_add(operand, order);
            (old, Some(old.wrapping_add(operand)))
        }
        Fetch::Sub if W::BITS == u64::BITS => {
            let old = object.atomic.fetch_sub(operand, order);
            (old, Some(old.wrapping_sub(operand)))
        }
        // loom performs no other one on a difference. It reads the newest value, and
        // others may run before it: it is tried until none has changed it.
        _ => loop {
            let newest = word.value();
            let (old, new) = (object.inward(newest), object.inward(update.apply(newest)));
            let exchanged = object
                .atomic
                .compare_exchange(old, new, order, Ordering::Relaxed);
            if exchanged.is_ok() {
                break (old, Some(new));
            }
        },
    })
}

#[inline]
pub(crate) fn exchange<W: Word>(
    word: &W,
    exchange: Exchange,
    _weak: bool,
    place: Place,
) -> Option<Result<u64, u64>> {
    let mut exchanged = false;
    let old = step(word, place, |object| {
        let (current, new) = (object.inward(exchange.current), object.inward(exchange.new));
        let result =
            object
                .atomic
                .compare_exchange(current, new, exchange.success, exchange.failure);
        exchanged = result.is_ok();
        match result {
            Ok(old) => (old, Some(new)),
            Err(old) => (old, None),
        }
    })?;
    Some(if exchanged { Ok(old) } else { Err(old) })
}

pub(crate) fn fence(order: Ordering, _: Place) -> Option<()> {
    is_on().then(|| loom::sync::atomic::fence(order))
}

/// loom draws nothing; spurious failures are injected one by one.
pub(crate) fn draw_one_in(_n: u64) -> bool {
    false
}

/// The number of the thread that runs: loom's threads are numbered as they come here.
pub(crate) fn running() -> Option<usize> {
    let id = thread::current().id();
    OBJECTS.with(|objects| {
        let threads = &mut objects.borrow_mut().threads;
        let known = threads.iter().position(|known| *known == id);
        Some(known.unwrap_or_else(|| {
            threads.push(id);
            threads.len() - 1
        }))
    })
}

pub(crate) fn spin(_: Place) {
    if is_on() {
        loom::hint::spin_loop();
    } else {
        ::core::hint::spin_loop();
    }
}

/// Ends the branch, if the job asks for it. A loop of tries needs no yield: it goes
/// round again only after another thread made a step, or once for an injected
/// failure.
pub(crate) fn retry(_: Place) {
    if is_on() && model::cut_here() {
        loom::skip_branch();
    }
}

/// What an unnamed cell is judged by a second time: as if each access wrote that may.
const POSSIBLE: usize = 1 << (usize::BITS - 1);

/// loom orders the accesses by happens-before.
pub(crate) fn plain(memory: Memory, kind: Plain, location: Place) {
    let cell = |address| {
        let find = |objects: &ManuallyDrop<RefCell<Objects>>| objects.borrow_mut().cell(address);
        OBJECTS
            .with(find)
            .unwrap_or_else(|kind| fail(kind, location))
    };
    touch(&cell(memory.address), kind.writes && kind.sure);
    if kind.named {
        return;
    }
    let possible = cell(memory.address | POSSIBLE);
    if catch_unwind(AssertUnwindSafe(|| touch(&possible, kind.writes))).is_err() {
        model::violate(Violation {
            kind: ViolationKind::Unclassified,
            cell: kind.cell,
            access: kind.access,
            location,
        });
    }
}

fn touch(cell: &UnsafeCell<()>, writes: bool) {
    if writes {
        cell.with_mut(|_| ());
    } else {
        cell.with(|_| ());
    }
}

/// No store must be concurrent.
pub(crate) fn own<W: Word>(word: &W, place: Place) {
    step(word, place, |object| {
        // SAFETY: the thread that runs has the word for itself.
        let value = unsafe { object.atomic.unsync_load() };
        (value, None)
    });
    forget(word);
}

pub(crate) fn forget<W: Word>(word: &W) {
    if model::is_running() {
        OBJECTS.with(|objects| objects.borrow_mut().words.forget(word.address()));
    }
}
