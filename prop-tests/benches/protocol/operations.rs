//! The operations, each beside its peers.

use std::hint::{self, black_box};
use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use meta_core::{AnyFrameMeta, Frame, Segment, UniqueFrame, impl_frame_meta_for};

use crate::kernel::{self, Kernel};
use crate::measure::{Measure, both};

struct Meta(u64);
impl_frame_meta_for!(Meta);

/// Frames of a segment, as many as make a huge page.
const SEGMENT: usize = 512;

/// As in the slots of the protocol.
const UNUSED: u64 = u64::MAX;
const UNIQUE: u64 = u64::MAX - 1;

/// A word on a cache line of its own, as a slot's.
#[repr(align(64))]
struct Word(AtomicU64);

impl Word {
    /// A handle goes.
    #[inline(always)]
    fn drop(&self) {
        // ORDERING: those of DEC and LAST_FENCE, whose cost is measured.
        if self.0.fetch_sub(1, Ordering::Release) == 1 {
            fence(Ordering::Acquire);
        }
    }
}

pub(crate) fn all(m: &mut impl Measure) {
    // SAFETY: the first thing that happens.
    unsafe { kernel::boot() };
    // The loop itself, which is subtracted from instruction counts.
    m.alone("nothing", "nothing", || ());
    clone_and_drop(m);
    look_up_and_drop(m);
    claim_and_retire(m);
    try_unique_and_share(m);
    segment_of_512(m);
}

fn frame() -> Frame<Meta, Kernel> {
    let paddr = kernel::frames(1).start;
    Frame::from_unused(paddr, Meta(1)).expect("it is unused")
}

fn clone_and_drop(m: &mut impl Measure) {
    const GROUP: &str = "clone and drop";
    let frame = frame();
    both!(m, GROUP, "frame", drop(black_box(frame.clone())));
    let arc = Arc::new(1_u64);
    both!(m, GROUP, "Arc", drop(black_box(arc.clone())));
    let arc = triomphe::Arc::new(1_u64);
    both!(m, GROUP, "triomphe", drop(black_box(arc.clone())));
    let word = Word(AtomicU64::new(1));
    both!(m, GROUP, "bare", {
        // ORDERING: that of INC, whose cost is measured.
        word.0.fetch_add(1, Ordering::Relaxed);
        // A handle, as the others give one.
        black_box(&word).drop();
    });
}

fn look_up_and_drop(m: &mut impl Measure) {
    const GROUP: &str = "look up and drop";
    let frame = frame();
    let paddr = frame.start_paddr();
    both!(m, GROUP, "frame", {
        drop(black_box(Frame::<dyn AnyFrameMeta, Kernel>::from_in_use(
            black_box(paddr),
        )));
    });
    let arc = Arc::new(1_u64);
    let weak: Weak<u64> = Arc::downgrade(&arc);
    both!(m, GROUP, "Weak", drop(black_box(weak.upgrade())));
    let word = Word(AtomicU64::new(1));
    both!(m, GROUP, "bare", {
        // ORDERING: those of PROBE and ACQUIRE_REF, whose cost is measured.
        let mut count = word.0.load(Ordering::Relaxed);
        while let Err(now) =
            word.0
                .compare_exchange_weak(count, count + 1, Ordering::Acquire, Ordering::Relaxed)
        {
            count = now;
            hint::spin_loop();
        }
        black_box(&word).drop();
    });
}

/// On two threads both are after the same frame, and a claim that is refused
/// counts too. A slab of one thread is no peer, but what one costs at the least.
fn claim_and_retire(m: &mut impl Measure) {
    const GROUP: &str = "claim and retire";
    let paddr = kernel::frames(1).start;
    both!(m, GROUP, "frame", {
        if let Ok(frame) = UniqueFrame::<_, Kernel>::from_unused(black_box(paddr), Meta(1)) {
            frame.reset_as_unused();
        }
    });
    both!(m, GROUP, "Arc", drop(black_box(Arc::new(1_u64))));
    let sharded = sharded_slab::Slab::new();
    both!(m, GROUP, "sharded-slab", {
        sharded.remove(black_box(sharded.insert(black_box(1_u64)).expect("room")))
    });
    let locked = Mutex::new(slab::Slab::with_capacity(64));
    both!(m, GROUP, "slab, locked", {
        let lock = || locked.lock().unwrap_or_else(PoisonError::into_inner);
        let key = lock().insert(black_box(1_u64));
        lock().remove(black_box(key))
    });
    let mut slab = slab::Slab::with_capacity(64);
    m.alone(GROUP, "slab, of one thread", || {
        let key = slab.insert(black_box(1_u64));
        slab.remove(black_box(key))
    });
    let word = Word(AtomicU64::new(UNUSED));
    both!(m, GROUP, "bare", {
        // ORDERING: those of CLAIM, PUBLISH_UNIQUE, RESET_STORE and RETIRE,
        // whose cost is measured.
        let claimed = word
            .0
            .compare_exchange(UNUSED, 0, Ordering::Acquire, Ordering::Relaxed);
        if claimed.is_ok() {
            word.0.store(UNIQUE, Ordering::Relaxed);
            word.0.store(0, Ordering::Relaxed);
            word.0.store(UNUSED, Ordering::Release);
        }
    });
}

/// On two threads the other one looks the frame up and drops it, so that some
/// attempts are refused. No peer can do that: an `Arc` that somebody can look up
/// is never the only one.
fn try_unique_and_share(m: &mut impl Measure) {
    const GROUP: &str = "try unique and share";
    {
        let first = frame();
        let paddr = first.start_paddr();
        let mut held = Some(first);
        let mut work = || {
            let Some(frame) = held.take() else { return };
            held = Some(match UniqueFrame::try_from(frame) {
                Ok(mut unique) => {
                    unique.meta_mut().0 += 1;
                    unique.into()
                }
                Err(frame) => frame,
            });
        };
        let look_up = || drop(Frame::<dyn AnyFrameMeta, Kernel>::from_in_use(paddr));
        m.alone(GROUP, "frame", &mut work);
        m.beside(GROUP, "frame", look_up, &mut work);
    }
    {
        let mut arc = Arc::new(1_u64);
        m.alone(GROUP, "Arc", || {
            if let Some(value) = Arc::get_mut(black_box(&mut arc)) {
                *value += 1;
            }
        });
        let mut arc = triomphe::Arc::new(1_u64);
        m.alone(GROUP, "triomphe", || {
            if let Some(value) = triomphe::Arc::get_mut(black_box(&mut arc)) {
                *value += 1;
            }
        });
    }
    let word = Word(AtomicU64::new(1));
    let mut value = 1_u64;
    let mut work = || {
        // ORDERING: those of TRY_UNIQUE and SHARE, whose cost is measured.
        let won = word
            .0
            .compare_exchange(1, UNIQUE, Ordering::Acquire, Ordering::Relaxed);
        if won.is_ok() {
            *black_box(&mut value) += 1;
            word.0.store(1, Ordering::Release);
        }
    };
    let look_up = || {
        // ORDERING: those of PROBE, ACQUIRE_REF and DEC, whose cost is measured.
        loop {
            let count = word.0.load(Ordering::Relaxed);
            if count == UNIQUE {
                return;
            }
            let acquired = word.0.compare_exchange_weak(
                count,
                count + 1,
                Ordering::Acquire,
                Ordering::Relaxed,
            );
            if acquired.is_ok() {
                word.0.fetch_sub(1, Ordering::Release);
                return;
            }
            hint::spin_loop();
        }
    };
    m.alone(GROUP, "bare", &mut work);
    m.beside(GROUP, "bare", look_up, &mut work);
}

fn segment_of_512(m: &mut impl Measure) {
    const GROUP: &str = "clone and drop 512";
    let range = kernel::frames(SEGMENT);
    let segment = Segment::<Meta, Kernel>::from_unused(range, |_| Meta(1)).expect("all are unused");
    let frames: Vec<Frame<Meta, Kernel>> = segment.frames().map(|frame| (*frame).clone()).collect();
    both!(m, GROUP, "segment", drop(black_box(segment.clone())));
    both!(m, GROUP, "frames", {
        let clones: [_; SEGMENT] = std::array::from_fn(|n| frames[n].clone());
        drop(black_box(clones));
    });
}
