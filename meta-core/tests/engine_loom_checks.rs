//! What transitions check of the state they start from is no step of a model:
//! loom makes the executions of the same steps without checks, and sees the
//! same results and events. A check that fails ends the execution.

#![cfg(loom)]

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::{Arc, Mutex};

use loom::sync::atomic::AtomicU64;
use loom::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use loom::sync::atomic::fence;

use meta_core::model::{self, Config, EventKind, Probe, Violation, ViolationKind};
use meta_core::{Dropped, MaxPaddr, MetaSlot, Paddr, Platform, SlotState, TryUnique};
use meta_core::{REF_COUNT_BUSY, REF_COUNT_UNIQUE, impl_frame_meta_for};

struct Plain;
impl_frame_meta_for!(Plain);

/// A platform that is never asked: no count comes near its limit.
enum Nowhere {}

// SAFETY: there are no frames.
unsafe impl Platform for Nowhere {
    fn slots() -> NonNull<MetaSlot> {
        unreachable!()
    }
    fn max_paddr() -> &'static MaxPaddr {
        unreachable!()
    }
    fn page(_: Paddr) -> *mut u8 {
        unreachable!()
    }
    unsafe fn free_frame(_: Paddr) {
        unreachable!()
    }
    fn abort() -> ! {
        unreachable!()
    }
}

/// The transitions of a slot, with their checks or by hand.
trait Slot: Send + Sync + 'static {
    fn shared(handles: u64) -> Self;
    fn inc(&self);
    /// Whether it was the last.
    fn dec(&self) -> bool;
    /// Whether it is unique now.
    fn try_unique(&self) -> bool;
    fn make_shared(&self);
    fn end_by_drop(&self);
    fn end_by_reset(&self);
    /// The newest count.
    fn count(&self) -> u64;
}

impl Slot for MetaSlot {
    fn shared(handles: u64) -> Self {
        MetaSlot::new_in_use(Plain, SlotState::Shared(handles))
    }
    fn inc(&self) {
        // SAFETY: handles are counted and never made, here and below.
        unsafe { self.inc_ref_count::<Nowhere>() };
    }
    fn dec(&self) -> bool {
        // SAFETY: as above.
        unsafe { self.dec_ref_count() == Dropped::Last }
    }
    fn try_unique(&self) -> bool {
        // SAFETY: as above.
        unsafe { self.try_make_unique() == TryUnique::Unique }
    }
    fn make_shared(&self) {
        // SAFETY: as above.
        unsafe { self.share() };
    }
    fn end_by_drop(&self) {
        // SAFETY: as above.
        unsafe { self.begin_unique_drop() };
    }
    fn end_by_reset(&self) {
        // SAFETY: as above.
        unsafe { self.begin_reset() };
    }
    fn count(&self) -> u64 {
        self.reference_count()
    }
}

impl Slot for AtomicU64 {
    fn shared(handles: u64) -> Self {
        AtomicU64::new(handles)
    }
    fn inc(&self) {
        self.fetch_add(1, Relaxed);
    }
    fn dec(&self) -> bool {
        let last = self.fetch_sub(1, Release) == 1;
        if last {
            fence(Acquire);
        }
        last
    }
    fn try_unique(&self) -> bool {
        self.compare_exchange(1, REF_COUNT_UNIQUE, Acquire, Relaxed)
            .is_ok()
    }
    fn make_shared(&self) {
        self.store(1, Release);
    }
    fn end_by_drop(&self) {
        self.store(REF_COUNT_BUSY, Relaxed);
    }
    fn end_by_reset(&self) {
        self.store(REF_COUNT_BUSY, Relaxed);
    }
    fn count(&self) -> u64 {
        // As a model loads where it must overlook nothing.
        const NEVER: u64 = 1 << 62;
        let failed = self.compare_exchange(NEVER, NEVER, Relaxed, Relaxed);
        failed.unwrap_err()
    }
}

/// Gives a handle up, and looks on.
fn leaves<S: Slot>(slot: &S) -> [u64; 3] {
    [u64::from(slot.dec()), slot.count(), slot.count()]
}

/// Becomes the owner if the other handle is gone, shares, and ends so.
fn stays<S: Slot>(slot: &S, end: fn(&S)) -> u64 {
    slot.inc();
    slot.dec();
    if !slot.try_unique() {
        return u64::from(slot.dec());
    }
    slot.make_shared();
    if slot.try_unique() {
        end(slot);
    }
    2
}

/// How many executions showed each result.
fn explored<S: Slot>(end: fn(&S)) -> BTreeMap<(u64, [u64; 3]), u64> {
    let seen = Arc::new(Mutex::new(BTreeMap::new()));
    let tally = seen.clone();
    loom::model(move || {
        model::start();
        let slot = Arc::new(S::shared(2));
        let other = slot.clone();
        let thread = loom::thread::spawn(move || leaves(&*other));
        let results = (stays(&*slot, end), thread.join().unwrap());
        *tally.lock().unwrap().entry(results).or_insert(0) += 1;
    });
    Arc::into_inner(seen).unwrap().into_inner().unwrap()
}

#[test]
fn executions_and_results_are_those_without_checks() {
    // A check that loads would be a compare-and-swap, which loom never overlooks.
    let config = Config {
        probe: Probe::FailingCas,
        ..Config::default()
    };
    model::configure(&config);
    for (checked, by_hand) in [
        (
            MetaSlot::end_by_drop as fn(&MetaSlot),
            AtomicU64::end_by_drop as fn(&AtomicU64),
        ),
        (MetaSlot::end_by_reset, AtomicU64::end_by_reset),
    ] {
        let checked = explored::<MetaSlot>(checked);
        assert!(checked.len() > 3, "{checked:?}");
        assert_eq!(checked, explored::<AtomicU64>(by_hand));
    }
}

#[test]
fn each_transition_is_the_events_of_its_sites() {
    let config = Config {
        trace: true,
        ..Config::default()
    };
    model::configure(&config);
    loom::model(|| {
        model::start();
        let slot = MetaSlot::shared(1);
        model::begin_execution();
        slot.inc();
        slot.try_unique();
        slot.dec();
        slot.try_unique();
        slot.make_shared();
        slot.dec();
        let sites = model::with_trace(|events| {
            let site = |kind: &EventKind| match kind {
                EventKind::Atomic { site, .. } => site.to_string(),
                other => panic!("{other:?}"),
            };
            events
                .iter()
                .map(|event| site(&event.kind))
                .collect::<Vec<_>>()
        });
        let expected = [
            "INC",
            "TRY_UNIQUE_FAIL",
            "DEC",
            "TRY_UNIQUE",
            "SHARE",
            "DEC",
            "LAST_FENCE",
        ];
        assert_eq!(sites, expected);
        assert_eq!(model::steps(), expected.len() as u64);
    });
}

#[test]
fn a_wrong_start_ends_the_execution_and_says_where() {
    model::configure(&Config::default());
    for step in [Slot::make_shared, Slot::end_by_drop, Slot::end_by_reset] {
        let step: fn(&MetaSlot) = step;
        let model = || {
            loom::model(move || {
                model::start();
                step(&MetaSlot::shared(1));
            });
        };
        let payload = catch_unwind(AssertUnwindSafe(model)).unwrap_err();
        let violation = payload.downcast_ref::<Violation>().expect("a violation");
        let found = SlotState::Shared(1).to_string();
        let expected = "UNIQUE";
        assert_eq!(
            violation.kind,
            ViolationKind::WrongState { found, expected }
        );
        assert!(violation.location.file().ends_with("slot.rs"));
    }
}
