//! The protocol against what people would use instead, and against the bare
//! atomic instructions that it must contain. Names are `GROUP/MEMBER`; the
//! command `bench` turns them into ratios.
//!
//! A group `X on two threads` is `X` while another thread does the same to the
//! same object.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering, fence};
use std::sync::{Arc, Weak};
use std::thread;

use criterion::{Criterion, criterion_group};
use meta_core::boot::{MemoryRegion, MemoryRegionType};
use meta_core::{AnyFrameMeta, Frame, PAGE_SIZE, Segment, UniqueFrame, impl_frame_meta_for};
use prop_tests::hosted::{Machine, OnHost};

prop_tests::machine!(Bench);

type Host = OnHost<Bench>;

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

fn boot() {
    let memory = MemoryRegion {
        base: 0,
        len: 64 << 20,
        typ: MemoryRegionType::Usable,
    };
    // SAFETY: this is the only thread, and it boots once.
    unsafe { Bench::boot(&[memory]) }.expect("64 MiB of memory");
}

fn frame() -> Frame<Meta, Host> {
    let paddr = Bench::memory().alloc().expect("a free frame");
    Frame::from_unused(paddr, Meta(1)).expect("it is unused")
}

/// Runs `measure` while another thread does `work` again and again.
fn beside(work: impl Fn() + Sync, measure: impl FnOnce()) {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            // ORDERING: Relaxed: a flag that is looked at again and again.
            while !stop.load(Ordering::Relaxed) {
                work();
            }
        });
        measure();
        // ORDERING: Relaxed: as above.
        stop.store(true, Ordering::Relaxed);
    });
}

/// `work` alone, and while another thread does it too.
fn both_ways(c: &mut Criterion, group: &str, member: &str, work: impl Fn() + Sync) {
    c.benchmark_group(group)
        .bench_function(member, |b| b.iter(&work));
    let contended = format!("{group} on two threads");
    beside(&work, || {
        c.benchmark_group(&contended)
            .bench_function(member, |b| b.iter(&work));
    });
}

fn clone_and_drop(c: &mut Criterion) {
    const GROUP: &str = "clone and drop";
    let frame = frame();
    both_ways(c, GROUP, "frame", || drop(black_box(frame.clone())));
    let arc = Arc::new(1_u64);
    both_ways(c, GROUP, "Arc", || drop(black_box(arc.clone())));
    let arc = triomphe::Arc::new(1_u64);
    both_ways(c, GROUP, "triomphe", || drop(black_box(arc.clone())));
    let word = Word(AtomicU64::new(1));
    both_ways(c, GROUP, "bare", || {
        // ORDERING: those of INC, DEC and LAST_FENCE, whose cost is measured.
        black_box(word.0.fetch_add(1, Ordering::Relaxed));
        if word.0.fetch_sub(1, Ordering::Release) == 1 {
            fence(Ordering::Acquire);
        }
    });
}

fn look_up_and_drop(c: &mut Criterion) {
    const GROUP: &str = "look up and drop";
    let frame = frame();
    let paddr = frame.start_paddr();
    both_ways(c, GROUP, "frame", || {
        drop(black_box(Frame::<dyn AnyFrameMeta, Host>::from_in_use(
            black_box(paddr),
        )));
    });
    let arc = Arc::new(1_u64);
    let weak: Weak<u64> = Arc::downgrade(&arc);
    both_ways(c, GROUP, "Weak", || drop(black_box(weak.upgrade())));
    let word = Word(AtomicU64::new(1));
    both_ways(c, GROUP, "bare", || {
        // ORDERING: those of PROBE, ACQUIRE_REF, DEC and LAST_FENCE, whose cost
        // is measured.
        let mut count = word.0.load(Ordering::Relaxed);
        while let Err(now) =
            word.0
                .compare_exchange_weak(count, count + 1, Ordering::Acquire, Ordering::Relaxed)
        {
            count = now;
        }
        if word.0.fetch_sub(1, Ordering::Release) == 1 {
            fence(Ordering::Acquire);
        }
    });
}

fn claim_and_retire(c: &mut Criterion) {
    const GROUP: &str = "claim and retire";
    let paddr = Bench::memory().alloc().expect("a free frame");
    let mut group = c.benchmark_group(GROUP);
    group.bench_function("frame", |b| {
        b.iter(|| {
            let frame = UniqueFrame::<_, Host>::from_unused(black_box(paddr), Meta(1));
            frame.expect("it is unused").reset_as_unused();
        });
    });
    group.bench_function("Arc", |b| b.iter(|| drop(black_box(Arc::new(1_u64)))));
    let mut slab = slab::Slab::with_capacity(64);
    group.bench_function("slab", |b| {
        b.iter(|| {
            let key = slab.insert(black_box(1_u64));
            slab.remove(black_box(key))
        });
    });
    let sharded = sharded_slab::Slab::new();
    group.bench_function("sharded-slab", |b| {
        b.iter(|| sharded.remove(black_box(sharded.insert(black_box(1_u64)).expect("room"))));
    });
    let word = Word(AtomicU64::new(UNUSED));
    group.bench_function("bare", |b| {
        b.iter(|| {
            // ORDERING: those of CLAIM, PUBLISH_UNIQUE, RESET_STORE and RETIRE,
            // whose cost is measured.
            let claimed = word
                .0
                .compare_exchange(UNUSED, 0, Ordering::Acquire, Ordering::Relaxed);
            black_box(claimed.is_ok());
            word.0.store(UNIQUE, Ordering::Relaxed);
            word.0.store(0, Ordering::Relaxed);
            word.0.store(UNUSED, Ordering::Release);
        });
    });
}

fn try_unique_and_share(c: &mut Criterion) {
    const GROUP: &str = "try unique and share";
    let mut group = c.benchmark_group(GROUP);
    let mut held = Some(frame());
    group.bench_function("frame", |b| {
        b.iter(|| {
            let Some(frame) = held.take() else { return };
            let mut unique = UniqueFrame::try_from(frame).unwrap_or_else(|_| unreachable!());
            unique.meta_mut().0 += 1;
            held = Some(unique.into());
        });
    });
    let mut arc = Arc::new(1_u64);
    group.bench_function("Arc", |b| {
        b.iter(|| *Arc::get_mut(black_box(&mut arc)).expect("it is the only one") += 1);
    });
    let mut arc = triomphe::Arc::new(1_u64);
    group.bench_function("triomphe", |b| {
        b.iter(|| *triomphe::Arc::get_mut(black_box(&mut arc)).expect("it is the only one") += 1);
    });
    let word = Word(AtomicU64::new(1));
    group.bench_function("bare", |b| {
        b.iter(|| {
            // ORDERING: those of TRY_UNIQUE and SHARE, whose cost is measured.
            let won = word
                .0
                .compare_exchange(1, UNIQUE, Ordering::Acquire, Ordering::Relaxed);
            black_box(won.is_ok());
            word.0.store(1, Ordering::Release);
        });
    });
}

fn segment_of_512(c: &mut Criterion) {
    // A range that nothing else uses: the allocator has given out all of it.
    let taken: Vec<_> = (0..4 * SEGMENT)
        .map_while(|_| Bench::memory().alloc())
        .collect();
    let start = taken
        .iter()
        .copied()
        .find(|start| (0..SEGMENT).all(|n| taken.contains(&(start + n * PAGE_SIZE))))
        .expect("some frames that follow each other");
    let range = start..start + SEGMENT * PAGE_SIZE;
    let segment = Segment::<Meta, Host>::from_unused(range, |_| Meta(1)).expect("all are unused");
    let frames: Vec<Frame<Meta, Host>> = segment.frames().map(|frame| (*frame).clone()).collect();
    let mut group = c.benchmark_group("clone and drop 512");
    group.bench_function("segment", |b| b.iter(|| drop(black_box(segment.clone()))));
    group.bench_function("frames", |b| {
        b.iter(|| {
            for frame in &frames {
                drop(black_box(frame.clone()));
            }
        });
    });
}

fn all(c: &mut Criterion) {
    boot();
    clone_and_drop(c);
    look_up_and_drop(c);
    claim_and_retire(c);
    try_unique_and_share(c);
    segment_of_512(c);
}

criterion_group!(benches, all);
