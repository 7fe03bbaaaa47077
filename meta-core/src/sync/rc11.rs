//! rc11: every execution graph, once, with stale reads and any ordering.

use core::mem::MaybeUninit;
use core::panic::Location;
use core::sync::atomic::Ordering;

use super::Access;
use super::model::{self, Probe};

pub(super) use rc11::sync::atomic::{AtomicU64 as RawWord, fence};

/// A load as the code has it: which values it may read is what rc11 explores.
#[inline]
#[track_caller]
pub(super) fn load(word: &RawWord, ordering: Ordering, _probe: Probe) -> u64 {
    word.load(ordering)
}

/// Waits until there is something else to read. Other threads run meanwhile.
#[track_caller]
pub(super) fn retry() {
    let me = model::current_thread();
    rc11::hint::spin_loop();
    model::enter_thread(me);
}

/// A spurious failure reads like any load.
#[track_caller]
pub(super) fn fail_to_exchange(word: &RawWord, ordering: Ordering) -> u64 {
    word.load(ordering)
}

/// rc11 draws nothing; spurious failures are choices that it explores.
pub(super) fn draw_one_in(_n: u64) -> bool {
    false
}

/// The newest value: executions go in no order that `executed` would know.
pub(super) fn newest(word: &RawWord, _executed: u64) -> u64 {
    word.peek()
}

/// Memory whose accesses rc11 orders by happens-before.
pub(super) struct RawCell<T>(rc11::cell::UnsafeCell<MaybeUninit<T>>);

impl<T> RawCell<T> {
    pub(super) const fn uninit() -> Self {
        RawCell(rc11::cell::UnsafeCell::new(MaybeUninit::uninit()))
    }

    #[inline]
    pub(super) fn get(
        &self,
        _cell: &'static str,
        access: Access,
        location: &'static Location<'static>,
        _overlap: bool,
    ) -> *mut T {
        self.0.get_at(access != Access::Read, location).cast()
    }
}
