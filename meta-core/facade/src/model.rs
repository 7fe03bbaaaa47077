//! What a harness may see and change in a model build.
//!
//! [`check`] explores a closure. A harness that drives the explorer by itself calls
//! [`start`] first in each execution, and [`stop`] after the last; [`configure`] before
//! all of them.
//!
//! One job at a time per operating-system thread: explorers run all program
//! threads as coroutines of one OS thread, so this state is a `std`
//! thread-local, invisible to the explorer.

use ::core::cell::{Cell, RefCell};
use ::core::fmt::Display;
use ::core::mem::ManuallyDrop;
use ::core::panic::Location;
use ::core::sync::atomic::Ordering;
use std::boxed::Box;
use std::string::{String, ToString};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread_local;
use std::vec::Vec;

use rustc_hash::FxHashMap;

use crate::named::Access;
use crate::{engine, places, statics};

pub use crate::engine::{check, thread};
pub use crate::places::{Change, Operation, Site, SiteSpec};

/// How loom performs loads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// As a load: stale values are explored, but loom's partial-order
    /// reduction overlooks some interleavings.
    Load,
    /// As a compare-and-swap that cannot succeed, with the load's ordering as
    /// its failure ordering: no interleaving is overlooked, but only the
    /// newest value is read.
    FailingCas,
}

/// What a job changes, and how it looks at the protocol.
#[derive(Clone, Debug)]
pub struct Config {
    /// Sites with another ordering than the code's; `None` removes a fence.
    pub orderings: Vec<Change>,
    /// How loads are performed under loom. Shuttle always loads.
    pub probe: Probe,
    /// The weak compare-and-swap that fails spuriously: the n-th of this site
    /// in each execution, counted from 1.
    pub inject: Option<(SiteSpec, u32)>,
    /// Whether a failed weak compare-and-swap ends the branch under loom. The
    /// interleaving in which the lookup starts later shows the same outcomes.
    pub cut_retries: bool,
    /// One in this many weak compare-and-swaps fails spuriously under shuttle,
    /// drawn from its scheduler.
    pub spurious_one_in: Option<u64>,
    /// Whether shuttle may switch in the middle of a plain access, so that
    /// overlapping ones are noticed. loom needs no such thing.
    pub overlap: bool,
    /// Whether events are recorded.
    pub trace: bool,
    /// Whether the sites that are met are collected: see [`sites`].
    pub sites: bool,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            orderings: Vec::new(),
            probe: Probe::Load,
            inject: None,
            cut_retries: false,
            spurious_one_in: None,
            overlap: false,
            trace: false,
            sites: false,
        }
    }
}

/// One step of one thread.
#[derive(Clone, Debug)]
pub struct Event {
    /// The program's thread, counted from 0.
    pub thread: usize,
    /// The memory touched; 0 where none is.
    pub address: usize,
    /// How many events of the execution graph the thread had performed then, where the
    /// explorer makes one.
    pub performed: usize,
    /// What happened.
    pub kind: EventKind,
}

/// What a step did.
#[derive(Clone, Debug)]
pub enum EventKind {
    /// An operation of the program begins; counted from 0 in its thread.
    Begin {
        /// The position of the operation in its thread.
        op: usize,
    },
    /// The operation of this thread is over. Not a step of its own.
    End {
        /// What came of it.
        result: String,
    },
    /// An atomic access, or a fence if it reads and writes nothing.
    Atomic {
        /// Where in the code.
        site: Site,
        /// The ordering it was performed with; `None` for a removed fence.
        ordering: Option<Ordering>,
        /// The value read.
        read: Option<u64>,
        /// The value written.
        written: Option<u64>,
        /// A weak compare-and-swap that was made to fail.
        spurious: bool,
    },
    /// An access to plain memory.
    Plain {
        /// The field.
        cell: &'static str,
        /// What for.
        access: Access,
        /// Where in the source.
        location: &'static Location<'static>,
    },
    /// A handle was put into a mailbox of the harness or taken out of it, or
    /// was not because the mailbox was full or empty.
    Mailbox {
        /// Whose mailbox.
        slot: usize,
        /// Into it, or out of it.
        give: bool,
        /// Whether a handle moved.
        ok: bool,
    },
}

/// A plain access or a transition that the protocol must never make. The payload
/// of the panic that ends the execution before the memory is touched.
#[derive(Clone, Debug)]
pub struct Violation {
    /// What is wrong.
    pub kind: ViolationKind,
    /// The field.
    pub cell: &'static str,
    /// What for.
    pub access: Access,
    /// Where in the source.
    pub location: &'static Location<'static>,
}

/// What is wrong with an access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ViolationKind {
    /// The value is gone, or was never there.
    UseAfterDrop,
    /// The value was dropped or moved already.
    DoubleDrop,
    /// A live value is overwritten without being dropped.
    Overwrite,
    /// Another thread is in the middle of an access to the same memory.
    Overlap,
    /// The access races only as long as it counts as a write, for want of an entry
    /// in the table of [`classify`]; or the other one does, at `location`.
    Unclassified,
    /// The explorer has no room for another word. The next exploration has.
    TooManyWords,
    /// Two atomics of different sizes share memory.
    MixedSizes,
    /// A transition starts from a state that its caller rules out.
    WrongState {
        /// The state.
        found: String,
        /// What it starts from.
        expected: &'static str,
    },
}

struct Control {
    orderings: RefCell<Vec<Change>>,
    changed: Cell<bool>,
    probe: Cell<Probe>,
    inject: RefCell<Option<SiteSpec>>,
    /// The number of the one that is injected; 0 if none is.
    injected: Cell<u32>,
    weak_seen: Cell<u32>,
    cut_retries: Cell<bool>,
    cut: Cell<bool>,
    spurious_one_in: Cell<Option<u64>>,
    overlap: Cell<bool>,
    steps: Cell<u64>,
    running: Cell<bool>,
    aside: Cell<bool>,
    again: Cell<bool>,
    watched: Cell<bool>,
    tracing: Cell<bool>,
    collecting: Cell<bool>,
    sites: RefCell<FxHashMap<Site, (Operation, Ordering)>>,
    table: RefCell<Vec<Classified>>,
    looked_up: RefCell<FxHashMap<usize, Option<Access>>>,
    /// By address. They are few.
    lives: RefCell<Vec<(usize, Life)>>,
    /// Before [`begin_execution`].
    setting_up: Cell<bool>,
    /// The cells that were given a value then, by address and name.
    set_up: RefCell<Vec<(usize, &'static str)>>,
    trace: RefCell<Vec<Event>>,
    /// The program's thread, outside of the explorer's.
    thread: Cell<usize>,
    /// The program's threads, by the explorer's numbers.
    threads: RefCell<Vec<Option<usize>>>,
}

thread_local! {
    /// Never dropped, so that an access need not ask whether it was. What it has
    /// on the heap is lost with its OS thread, and workers have few.
    static CONTROL: ManuallyDrop<Control> = const {
        ManuallyDrop::new(Control {
            orderings: RefCell::new(Vec::new()),
            changed: Cell::new(false),
            probe: Cell::new(Probe::Load),
            inject: RefCell::new(None),
            injected: Cell::new(0),
            weak_seen: Cell::new(0),
            cut_retries: Cell::new(false),
            cut: Cell::new(false),
            spurious_one_in: Cell::new(None),
            overlap: Cell::new(false),
            steps: Cell::new(0),
            running: Cell::new(false),
            aside: Cell::new(false),
            again: Cell::new(false),
            watched: Cell::new(false),
            tracing: Cell::new(false),
            collecting: Cell::new(false),
            sites: RefCell::new(FxHashMap::with_hasher(rustc_hash::FxBuildHasher)),
            table: RefCell::new(Vec::new()),
            looked_up: RefCell::new(FxHashMap::with_hasher(rustc_hash::FxBuildHasher)),
            lives: RefCell::new(Vec::new()),
            setting_up: Cell::new(false),
            set_up: RefCell::new(Vec::new()),
            trace: RefCell::new(Vec::new()),
            thread: Cell::new(0),
            threads: RefCell::new(Vec::new()),
        })
    };
}

/// Prepares this OS thread for a job.
///
/// Whether an ordering is one that its access can have shows when it is met.
pub fn configure(config: &Config) {
    CONTROL.with(|c| {
        c.changed.set(!config.orderings.is_empty());
        c.orderings.replace(config.orderings.clone());
        c.probe.set(config.probe);
        let (site, n) = config
            .inject
            .clone()
            .map_or((None, 0), |(site, n)| (Some(site), n));
        c.inject.replace(site);
        c.injected.set(n);
        c.cut_retries.set(config.cut_retries);
        c.spurious_one_in.set(config.spurious_one_in);
        c.overlap.set(config.overlap);
        c.tracing.set(config.trace);
        c.collecting.set(config.sites);
        c.watched.set(config.trace || config.sites);
        c.sites.borrow_mut().clear();
    });
    begin_execution();
}

/// Starts an execution: called in it, by its first thread, before anything that the
/// look-alikes stand in is touched. What is set up then may be moved, as a whole, until
/// [`begin_execution`].
///
/// Statics have their first bytes back: those that an atomic or a cell of theirs had
/// when it was first used in an execution. What the explorer knew by addresses is
/// forgotten.
pub fn start() {
    statics::restore();
    CONTROL.with(|c| {
        c.lives.borrow_mut().clear();
        c.set_up.borrow_mut().clear();
        c.threads.borrow_mut().fill(None);
        c.setting_up.set(true);
        c.running.set(true);
    });
    engine::start();
}

/// The last execution is over: from here on the look-alikes are the real ones.
pub fn stop() {
    CONTROL.with(|c| c.running.set(false));
}

/// The exploration has to be done again, from the beginning.
#[allow(dead_code, reason = "only loom learns what it needs")]
pub(crate) fn ask_for_another_run() {
    CONTROL.with(|c| c.again.set(true));
}

/// Whether the exploration that has ended must be done again: it has learnt how many
/// words there are ([`ViolationKind::TooManyWords`]). Asking answers once.
pub fn needs_another_run() -> bool {
    CONTROL.with(|c| c.again.replace(false))
}

/// Whether an execution has been started.
#[inline]
pub(crate) fn is_running() -> bool {
    CONTROL.with(|c| c.running.get())
}

/// Whether accesses to atomics are no steps now.
#[inline]
pub(crate) fn is_aside() -> bool {
    CONTROL.with(|c| c.aside.get())
}

/// See [`named::aside`](crate::named::aside).
pub(crate) fn aside<R>(act: impl FnOnce() -> R) -> R {
    /// An end by unwinding is one, too.
    struct End(bool);
    impl Drop for End {
        fn drop(&mut self) {
            CONTROL.with(|c| c.aside.set(self.0));
        }
    }
    let _end = End(CONTROL.with(|c| c.aside.replace(true)));
    act()
}

/// Forgets what the last execution left behind.
pub fn begin_execution() {
    CONTROL.with(|c| {
        c.trace.borrow_mut().clear();
        c.setting_up.set(false);
        c.weak_seen.set(0);
        c.steps.set(0);
        c.cut.set(false);
        c.thread.set(0);
    });
}

/// Declares that the explorer's thread that runs now is this thread of the program, and
/// stays it whenever it continues after others.
#[inline]
pub fn enter_thread(thread: usize) {
    let number = running();
    CONTROL.with(|c| match number {
        None => c.thread.set(thread),
        Some(number) => {
            let mut threads = c.threads.borrow_mut();
            match threads.get_mut(number) {
                Some(entered) => *entered = Some(thread),
                None => {
                    threads.resize(number, None);
                    threads.push(Some(thread));
                }
            }
        }
    });
}

/// The thread of the program that runs now, counted from 0: that of [`enter_thread`], or
/// the explorer's number of one that nobody has named.
#[inline]
pub fn current_thread() -> usize {
    let number = running();
    CONTROL.with(|c| match number {
        None => c.thread.get(),
        Some(number) => {
            let named = c.threads.borrow().get(number).copied().flatten();
            named.unwrap_or(number)
        }
    })
}

/// The explorer's number of the thread that runs.
#[inline]
fn running() -> Option<usize> {
    is_running().then(engine::running).flatten()
}

/// Records that an operation of the program begins.
#[inline]
pub fn begin_operation(op: usize) {
    record(0, || EventKind::Begin { op });
}

/// Records what came of the operation that this thread is in.
#[inline]
pub fn end_operation(result: impl Display) {
    // By value, for nobody else is to need the address of a result.
    #[cold]
    fn end(result: impl Display) -> EventKind {
        let result = result.to_string();
        EventKind::End { result }
    }
    trace(0, || end(result));
}

/// Records what came of a step to a mailbox of the harness.
pub fn mailbox(slot: usize, give: bool, ok: bool) {
    record(0, || EventKind::Mailbox { slot, give, ok });
}

/// Whether the execution was cut at a failed weak compare-and-swap, and must
/// not be judged.
#[inline]
pub fn was_cut() -> bool {
    CONTROL.with(|c| c.cut.get())
}

/// Whether the spurious failure that the job asked for has happened in this
/// execution.
#[inline]
pub fn was_injected() -> bool {
    CONTROL.with(|c| c.injected.get() > 0 && c.weak_seen.get() >= c.injected.get())
}

/// Looks at the events of the execution so far.
pub fn with_trace<R>(look: impl FnOnce(&[Event]) -> R) -> R {
    CONTROL.with(|c| look(&c.trace.borrow()))
}

/// How many steps this execution has made: atomic and plain accesses.
#[inline]
pub fn steps() -> u64 {
    CONTROL.with(|c| c.steps.get())
}

#[inline]
pub(crate) fn record(address: usize, kind: impl FnOnce() -> EventKind) {
    CONTROL.with(|c| c.steps.set(c.steps.get() + 1));
    trace(address, kind);
}

#[inline]
fn trace(address: usize, kind: impl FnOnce() -> EventKind) {
    // Most runs are not traced: what follows is not worth being inlined.
    if CONTROL.with(|c| c.watched.get()) {
        push(address, kind());
    }
}

#[cold]
#[inline(never)]
fn push(address: usize, kind: EventKind) {
    if !CONTROL.with(|c| c.tracing.get()) {
        return;
    }
    // Asked now: others may have run since the step began.
    let thread = current_thread();
    CONTROL.with(|c| {
        c.trace.borrow_mut().push(Event {
            thread,
            address,
            performed: engine::performed(),
            kind,
        });
    });
}

/// The sites that were met since [`configure`], with what they do and the ordering
/// in the code; of a compare-and-swap both ways.
pub fn sites() -> Vec<(Site, Operation, Ordering)> {
    let mut sites: Vec<_> = CONTROL.with(|c| {
        let sites = c.sites.borrow();
        sites
            .iter()
            .map(|(&site, &(operation, code))| (site, operation, code))
            .collect()
    });
    sites.sort_unstable_by_key(|&(site, ..)| site);
    sites
}

/// Notes that a site was met.
#[inline]
pub(crate) fn met(site: Site, operation: Operation, code: Ordering) {
    CONTROL.with(|c| {
        if c.collecting.get() {
            c.sites.borrow_mut().insert(site, (operation, code));
        }
    });
}

/// The ordering to perform `site` with, which has `code` in the code.
#[inline]
pub(crate) fn ordering(site: Site, code: Ordering) -> Option<Ordering> {
    CONTROL.with(|c| match c.changed.get() {
        true => changed(c, site, code),
        false => Some(code),
    })
}

#[cold]
fn changed(control: &Control, site: Site, code: Ordering) -> Option<Ordering> {
    let changes = control.orderings.borrow();
    let change = changes.iter().find(|change| change.site.matches(&site));
    change.map_or(Some(code), |change| change.ordering)
}

/// The ordering of an access that cannot be removed.
#[inline]
pub(crate) fn access_ordering(site: Site, code: Ordering) -> Ordering {
    ordering(site, code).expect("only a fence can be removed")
}

#[inline]
#[allow(dead_code, reason = "loom's alone")]
pub(crate) fn probe() -> Probe {
    CONTROL.with(|c| c.probe.get())
}

/// Whether the weak compare-and-swap that is about to run must fail.
#[inline]
pub(crate) fn fails_spuriously(site: Site) -> bool {
    CONTROL.with(|c| c.injected.get() > 0 && is_injected(c, site))
}

#[cold]
fn is_injected(control: &Control, site: Site) -> bool {
    let injected = control.inject.borrow();
    if !injected
        .as_ref()
        .is_some_and(|injected| injected.matches(&site))
    {
        return false;
    }
    control.weak_seen.set(control.weak_seen.get() + 1);
    control.weak_seen.get() == control.injected.get()
}

/// How often a weak compare-and-swap is to be drawn to fail: one in this many.
#[inline]
pub(crate) fn spurious_one_in() -> Option<u64> {
    CONTROL.with(|c| c.spurious_one_in.get())
}

/// Whether a plain access spans a scheduling point.
#[inline]
#[allow(dead_code, reason = "shuttle's alone")]
pub(crate) fn overlap() -> bool {
    CONTROL.with(|c| c.overlap.get())
}

/// Marks the execution as cut if the job asks for it.
#[allow(dead_code, reason = "only some explorers can leave an execution")]
pub(crate) fn cut_here() -> bool {
    CONTROL.with(|c| {
        let cut = c.cut_retries.get();
        c.cut.set(c.cut.get() || cut);
        cut
    })
}

/// Ends the execution. Nothing is wrong any more while its thread unwinds.
pub fn violate(violation: Violation) -> ! {
    // `resume_unwind` keeps the panic hook quiet: this is a result, not a bug
    // of the harness.
    std::panic::resume_unwind(Box::new(violation))
}

/// Whether this OS thread is unwinding. loom and shuttle must not be entered then:
/// their coroutines cannot switch in the middle of a panic.
#[inline]
pub fn is_unwinding() -> bool {
    std::thread::panicking()
}

/// What the pointers that `UnsafeCell` hands out at a line are used for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classified {
    /// The last components of the file's path.
    pub path_end: String,
    /// The line of the call, counted from 1.
    pub line: u32,
    /// What the pointers are used for.
    pub access: Access,
}

/// Gives this OS thread the table of what [`UnsafeCell`](crate::cell::UnsafeCell)s are used
/// for, in place of the one before. A call of `get` or `raw_get` that is not in it counts as a
/// write.
pub fn classify(table: Vec<Classified>) {
    CONTROL.with(|c| {
        c.table.replace(table);
        c.looked_up.borrow_mut().clear();
    });
}

/// The table that this OS thread has, for the others that an explorer uses.
pub fn classification() -> Vec<Classified> {
    CONTROL.with(|c| c.table.borrow().clone())
}

/// What a pointer that is asked for at this place is used for, by the table.
pub fn classified(place: &'static Location<'static>) -> Option<Access> {
    CONTROL.with(|c| {
        // Two places in the source may share an address only if they are equal.
        let key = ::core::ptr::from_ref(place).addr();
        *c.looked_up.borrow_mut().entry(key).or_insert_with(|| {
            let found = look_up(c, place);
            if found.is_none() {
                unknown().push(key);
            }
            found
        })
    })
}

fn look_up(control: &Control, place: &Location<'_>) -> Option<Access> {
    let table = control.table.borrow();
    let row = table
        .iter()
        .find(|row| row.line == place.line() && places::ends_with(place.file(), &row.path_end));
    row.map(|row| row.access)
}

/// The addresses of the places that were met without a row: on any OS thread, for an
/// explorer may use several.
fn unknown() -> MutexGuard<'static, Vec<usize>> {
    static UNKNOWN: Mutex<Vec<usize>> = Mutex::new(Vec::new());
    UNKNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Of a race between two plain accesses, given where they are and whether they count as
/// writes: the place that has to be in the table before it can be called one.
///
/// `None` if one of them writes for certain. loom and shuttle find that out by themselves, and
/// report [`ViolationKind::Unclassified`]; this is for rc11, which reports two accesses.
pub fn to_classify(
    accesses: [(&'static Location<'static>, bool); 2],
) -> Option<&'static Location<'static>> {
    let mut writes = accesses
        .into_iter()
        .filter(|&(_, writes)| writes)
        .map(|(place, _)| place);
    match writes.clone().all(is_unclassified) {
        true => writes.next(),
        false => None,
    }
}

/// Whether a pointer was asked for at this place, which has no row in the table.
fn is_unclassified(place: &'static Location<'static>) -> bool {
    let key = ::core::ptr::from_ref(place).addr();
    CONTROL.with(|c| look_up(c, place).is_none()) && unknown().contains(&key)
}

/// The life of the value in a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Live,
    Gone,
}

/// Lets cells that were set up be where they were moved to, if the one at `address` is one
/// of them.
#[cold]
fn follow(
    lives: &mut Vec<(usize, Life)>,
    set_up: &[(usize, &'static str)],
    address: usize,
    cell: &'static str,
) {
    let from = set_up.iter().find(|(_, name)| *name == cell);
    if let Some((from, _)) = from {
        let by = address.wrapping_sub(*from);
        let is_set_up = |address| set_up.iter().any(|&(at, _)| at == address);
        // What lay there before is no more.
        lives.retain(|&(at, _)| is_set_up(at) || !is_set_up(at.wrapping_sub(by)));
        for (at, _) in lives.iter_mut().filter(|(at, _)| is_set_up(*at)) {
            *at = at.wrapping_add(by);
        }
    }
}

/// The life of the value at an address.
#[inline]
fn find(lives: &mut [(usize, Life)], address: usize) -> Option<&mut Life> {
    let mut newest_first = lives.iter_mut().rev();
    let found = newest_first.find(|(at, _)| *at == address);
    found.map(|(_, life)| life)
}

/// Checks that the value of a cell that begins without one can be accessed so, and
/// notes what becomes of it.
pub(crate) fn mark(
    address: usize,
    cell: &'static str,
    access: Access,
    location: &'static Location<'static>,
) {
    let kind = CONTROL.with(|c| {
        if !c.running.get() {
            return None;
        }
        let mut lives = c.lives.borrow_mut();
        let mut life = find(&mut lives, address).copied();
        if access == Access::Init && c.setting_up.get() {
            c.set_up.borrow_mut().push((address, cell));
        } else if access != Access::Init && !c.setting_up.get() && !c.set_up.borrow().is_empty() {
            // Set up, the cells may have been moved: all of them together. A new value
            // does not tell where they are, nor does one that was made since.
            let mut set_up = c.set_up.borrow_mut();
            if set_up.iter().any(|(at, _)| *at == address) {
                set_up.clear();
            } else if life.is_none() {
                follow(&mut lives, &set_up, address, cell);
                life = find(&mut lives, address).copied();
                set_up.clear();
            }
        }
        match (access, life) {
            (Access::Init, Some(Life::Live)) => Some(ViolationKind::Overwrite),
            (Access::Init, _) => {
                match find(&mut lives, address) {
                    Some(life) => *life = Life::Live,
                    None => lives.push((address, Life::Live)),
                }
                None
            }
            (Access::Take, Some(Life::Live)) => {
                if let Some(life) = find(&mut lives, address) {
                    *life = Life::Gone;
                }
                None
            }
            (Access::Take, Some(Life::Gone)) => Some(ViolationKind::DoubleDrop),
            (_, Some(Life::Live)) => None,
            _ => Some(ViolationKind::UseAfterDrop),
        }
    });
    if let Some(kind) = kind {
        violate(Violation {
            kind,
            cell,
            access,
            location,
        })
    }
}
