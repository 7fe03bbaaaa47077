//! loom: every interleaving and every reads-from choice, bounded memory of old
//! stores.

use core::mem::MaybeUninit;
use core::panic::Location;
use core::sync::atomic::Ordering;

use super::Access;
use super::model::{self, Probe};

pub(super) use loom::sync::atomic::{AtomicU64 as RawWord, fence};

/// A value that a slot's word never holds: beyond what any program adds to
/// [`REF_COUNT_MAX`](super::REF_COUNT_MAX), below the sentinels.
const IMPOSSIBLE: u64 = 1 << 62;

/// Loads as the job asks.
#[track_caller]
pub(super) fn load(word: &RawWord, ordering: Ordering, probe: Probe) -> u64 {
    match probe {
        Probe::Load => word.load(ordering),
        Probe::FailingCas => fail_to_exchange(word, ordering),
    }
}

/// Reads the newest value as a read-modify-write that fails.
#[track_caller]
pub(super) fn fail_to_exchange(word: &RawWord, ordering: Ordering) -> u64 {
    match word.compare_exchange(IMPOSSIBLE, IMPOSSIBLE, Ordering::Relaxed, ordering) {
        Err(value) => value,
        Ok(_) => unreachable!("a slot's word held a value that no operation writes"),
    }
}

/// Ends the branch, if the job asks for it. A loop of tries needs no yield: it goes
/// round again only after another thread made a step, or once for an injected
/// failure.
pub(super) fn retry() {
    if model::cut_here() {
        loom::skip_branch();
    }
}

/// The newest value, which is the last one written.
pub(super) fn newest(_word: &RawWord, executed: u64) -> u64 {
    executed
}

/// loom draws nothing; spurious failures are injected one by one.
pub(super) fn draw_one_in(_n: u64) -> bool {
    false
}

/// Memory whose accesses loom orders by happens-before.
pub(super) struct RawCell<T>(loom::cell::UnsafeCell<MaybeUninit<T>>);

impl<T> RawCell<T> {
    #[track_caller]
    pub(super) fn uninit() -> Self {
        RawCell(loom::cell::UnsafeCell::new(MaybeUninit::uninit()))
    }

    #[track_caller]
    pub(super) fn get(
        &self,
        _cell: &'static str,
        access: Access,
        _location: &'static Location<'static>,
        _overlap: bool,
    ) -> *mut T {
        match access {
            Access::Read => self.0.with(|p| p.cast_mut()),
            Access::Init | Access::Write | Access::Take => self.0.with_mut(|p| p),
        }
        .cast()
    }
}
