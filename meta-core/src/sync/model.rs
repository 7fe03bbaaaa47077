//! What a harness may see and change in a model build.
//!
//! One job at a time per operating-system thread: explorers run all program
//! threads as coroutines of one OS thread, so this state is a `std`
//! thread-local, invisible to the explorer.

extern crate std;

use core::cell::{Cell, RefCell};
use core::fmt::Display;
use core::mem::ManuallyDrop;
use core::panic::Location;
use core::sync::atomic::Ordering;
use std::boxed::Box;
use std::string::{String, ToString};
use std::thread_local;
use std::vec::Vec;

use super::Access;
use crate::ordering::{SITES, Site};
use crate::state::SlotState;

/// How a model performs the loads of a slot's word.
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
    pub orderings: Vec<(Site, Option<Ordering>)>,
    /// How loads are performed under loom. Shuttle always loads.
    pub probe: Probe,
    /// The weak compare-and-swap that fails spuriously: the n-th of this site
    /// in each execution, counted from 1.
    pub inject: Option<(Site, u32)>,
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
        /// Where in the protocol.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViolationKind {
    /// The value is gone, or was never there.
    UseAfterDrop,
    /// The value was dropped or moved already.
    DoubleDrop,
    /// A live value is overwritten without being dropped.
    Overwrite,
    /// Another thread is in the middle of an access to the same memory.
    Overlap,
    /// A transition starts from a state that its caller's handle rules out.
    WrongState {
        /// The state.
        found: SlotState,
        /// What it starts from.
        expected: &'static str,
    },
}

struct Control {
    orderings: RefCell<Vec<Option<Ordering>>>,
    changed: Cell<bool>,
    probe: Cell<Probe>,
    inject: Cell<Option<(Site, u32)>>,
    weak_seen: Cell<u32>,
    cut_retries: Cell<bool>,
    cut: Cell<bool>,
    spurious_one_in: Cell<Option<u64>>,
    overlap: Cell<bool>,
    steps: Cell<u64>,
    tracing: Cell<bool>,
    trace: RefCell<Vec<Event>>,
    thread: Cell<usize>,
}

thread_local! {
    /// Never dropped, so that an access need not ask whether it was. What it has
    /// on the heap is lost with its OS thread, and workers have few.
    static CONTROL: ManuallyDrop<Control> = const {
        ManuallyDrop::new(Control {
            orderings: RefCell::new(Vec::new()),
            changed: Cell::new(false),
            probe: Cell::new(Probe::Load),
            inject: Cell::new(None),
            weak_seen: Cell::new(0),
            cut_retries: Cell::new(false),
            cut: Cell::new(false),
            spurious_one_in: Cell::new(None),
            overlap: Cell::new(false),
            steps: Cell::new(0),
            tracing: Cell::new(false),
            trace: RefCell::new(Vec::new()),
            thread: Cell::new(0),
        })
    };
}

/// Prepares this OS thread for a job.
///
/// # Panics
///
/// If an ordering is not one that the site's operation admits.
pub fn configure(config: &Config) {
    CONTROL.with(|c| {
        let mut orderings: Vec<_> = SITES.iter().map(|s| Some(s.ordering)).collect();
        for &(site, ordering) in &config.orderings {
            assert!(
                site.info().operation.admits(ordering),
                "{site} cannot be {ordering:?}"
            );
            orderings[site.index()] = ordering;
        }
        c.changed.set(!config.orderings.is_empty());
        c.orderings.replace(orderings);
        c.probe.set(config.probe);
        c.inject.set(config.inject);
        c.cut_retries.set(config.cut_retries);
        c.spurious_one_in.set(config.spurious_one_in);
        c.overlap.set(config.overlap);
        c.tracing.set(config.trace);
    });
    begin_execution();
}

/// Forgets what the last execution left behind.
pub fn begin_execution() {
    CONTROL.with(|c| {
        c.trace.borrow_mut().clear();
        c.weak_seen.set(0);
        c.steps.set(0);
        c.cut.set(false);
        c.thread.set(0);
    });
}

/// Says which thread of the program runs from here on.
///
/// The primitives keep this up to date across the switches they cause.
#[inline]
pub fn enter_thread(thread: usize) {
    CONTROL.with(|c| c.thread.set(thread));
}

/// The thread of the program that runs now, counted from 0.
#[inline]
pub fn current_thread() -> usize {
    CONTROL.with(|c| c.thread.get())
}

/// Records that an operation of the program begins.
#[inline]
pub fn begin_operation(op: usize) {
    record(0, || EventKind::Begin { op });
}

/// Records what came of the operation that this thread is in.
#[inline]
pub fn end_operation(result: &dyn Display) {
    trace(0, || EventKind::End {
        result: result.to_string(),
    });
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
    CONTROL.with(|c| c.inject.get().is_some_and(|(_, n)| c.weak_seen.get() >= n))
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

/// Performs a step of the thread that runs, and records it when it is over:
/// others may run in between.
#[inline]
pub(super) fn step<R>(
    address: usize,
    perform: impl FnOnce() -> R,
    kind: impl FnOnce(&R) -> EventKind,
) -> R {
    let me = current_thread();
    let result = perform();
    enter_thread(me);
    record(address, || kind(&result));
    result
}

/// Records a step of the thread that runs, and performs it: others may run in
/// the middle of it.
#[inline]
pub(super) fn recorded<R>(
    address: usize,
    kind: impl FnOnce() -> EventKind,
    perform: impl FnOnce() -> R,
) -> R {
    record(address, kind);
    let me = current_thread();
    let result = perform();
    enter_thread(me);
    result
}

#[inline]
fn record(address: usize, kind: impl FnOnce() -> EventKind) {
    CONTROL.with(|c| c.steps.set(c.steps.get() + 1));
    trace(address, kind);
}

#[inline]
fn trace(address: usize, kind: impl FnOnce() -> EventKind) {
    // Most runs are not traced: what follows is not worth being inlined.
    if CONTROL.with(|c| c.tracing.get()) {
        push(address, kind());
    }
}

#[cold]
#[inline(never)]
fn push(address: usize, kind: EventKind) {
    CONTROL.with(|c| {
        let thread = c.thread.get();
        c.trace.borrow_mut().push(Event {
            thread,
            address,
            kind,
        });
    });
}

/// The ordering to perform `site` with.
#[inline]
pub(super) fn ordering(site: Site) -> Option<Ordering> {
    CONTROL.with(|c| {
        if c.changed.get() {
            c.orderings.borrow()[site.index()]
        } else {
            Some(site.ordering())
        }
    })
}

/// The ordering of an access that cannot be removed.
#[inline]
pub(super) fn access_ordering(site: Site) -> Ordering {
    ordering(site).expect("only a fence can be removed")
}

#[inline]
pub(super) fn probe() -> Probe {
    CONTROL.with(|c| c.probe.get())
}

/// Whether the weak compare-and-swap that is about to run must fail.
#[inline]
pub(super) fn fails_spuriously(site: Site) -> bool {
    CONTROL.with(|c| match c.inject.get() {
        Some((injected, n)) if injected == site => {
            c.weak_seen.set(c.weak_seen.get() + 1);
            c.weak_seen.get() == n
        }
        _ => false,
    })
}

/// How often a weak compare-and-swap is to be drawn to fail: one in this many.
#[inline]
pub(super) fn spurious_one_in() -> Option<u64> {
    CONTROL.with(|c| c.spurious_one_in.get())
}

/// Whether a plain access spans a scheduling point.
#[inline]
pub(super) fn overlap() -> bool {
    CONTROL.with(|c| c.overlap.get())
}

/// Marks the execution as cut if the job asks for it.
#[allow(dead_code, reason = "only some explorers can leave an execution")]
pub(super) fn cut_here() -> bool {
    CONTROL.with(|c| {
        let cut = c.cut_retries.get();
        c.cut.set(c.cut.get() || cut);
        cut
    })
}

/// Ends the execution.
pub(super) fn violate(violation: Violation) -> ! {
    // `resume_unwind` keeps the panic hook quiet: this is a result, not a bug
    // of the harness.
    std::panic::resume_unwind(Box::new(violation))
}

/// Whether this OS thread is unwinding. An explorer must not be entered then:
/// its coroutines cannot switch in the middle of a panic.
#[inline]
pub(super) fn unwinding() -> bool {
    std::thread::panicking()
}

/// The life of the value in a plain cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Never,
    Live,
    Gone,
}

/// The liveness mark of a plain cell.
pub(super) struct Liveness(Cell<Life>);

impl Liveness {
    pub(super) const fn uninit() -> Self {
        Liveness(Cell::new(Life::Never))
    }

    /// Checks that `access` is possible and makes it.
    pub(super) fn mark(
        &self,
        cell: &'static str,
        access: Access,
        location: &'static Location<'static>,
    ) {
        let kind = match (access, self.0.get()) {
            (Access::Init, Life::Live) => ViolationKind::Overwrite,
            (Access::Init, _) => return self.0.set(Life::Live),
            (Access::Take, Life::Live) => return self.0.set(Life::Gone),
            (Access::Take, Life::Gone) => ViolationKind::DoubleDrop,
            (_, Life::Live) => return,
            _ => ViolationKind::UseAfterDrop,
        };
        violate(Violation {
            kind,
            cell,
            access,
            location,
        })
    }
}
