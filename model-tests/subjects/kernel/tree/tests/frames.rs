//! Frames and segments on the host's machine, each test on frames of its own.

use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use kernel::arch;
use kernel::frame::{
    Count, Frame, FrameError, FrameMeta, MemoryRegion, MetaPages, MetaSlot, Opaque, PAGE_SIZE,
    Paddr, PageReader, RegionKind, Segment, UniqueFrame, init, max_paddr,
};

const FRAMES: usize = arch::FRAMES - 4;

/// Boots the machine once: a kernel in frames 0 and 1, firmware in frame 60, devices
/// from there on. The slots are in frame 2.
fn boot() {
    static BOOT: Once = Once::new();
    let region = |range: std::ops::Range<usize>, kind| MemoryRegion {
        range: frame(range.start)..frame(range.end),
        kind,
    };
    let regions = [
        region(0..2, RegionKind::Kernel),
        region(2..FRAMES - 1, RegionKind::Usable),
        region(FRAMES - 1..FRAMES, RegionKind::Firmware),
        region(FRAMES..arch::FRAMES, RegionKind::Device),
    ];
    BOOT.call_once(|| {
        // SAFETY: once, before anything else, on memory that nobody uses.
        let pages = unsafe { init(&regions) };
        assert_eq!(pages.into_raw(), frame(2)..frame(3));
    });
}

fn frame(number: usize) -> Paddr {
    number * PAGE_SIZE
}

fn count(paddr: Paddr) -> Count {
    MetaSlot::count_at(paddr).expect("a frame that exists")
}

/// Metadata that counts its end.
struct Table {
    level: u8,
    dropped: &'static AtomicUsize,
}

// SAFETY: pages are written before a frame is claimed, if at all.
unsafe impl FrameMeta for Table {
    unsafe fn on_drop(&mut self, page: &mut PageReader<'_>) {
        let mut bytes = [0; 8];
        assert_eq!(page.remaining(), PAGE_SIZE);
        assert_eq!(page.read(&mut bytes), 8);
        assert_eq!(page.remaining(), PAGE_SIZE - 8);
        assert_eq!(
            self.dropped.fetch_add(1, Ordering::Relaxed) % 2,
            0,
            "on_drop comes first"
        );
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

/// A table, and how often one like it was ended: by `on_drop` and by its destructor.
fn table(level: u8) -> (Table, &'static AtomicUsize) {
    let dropped: &AtomicUsize = Box::leak(Box::default());
    (Table { level, dropped }, dropped)
}

struct User;

// SAFETY: nothing looks at the page; it holds bytes.
unsafe impl FrameMeta for User {
    const UNTYPED: bool = true;
}

#[test]
fn the_boot_claims_what_is_not_usable() {
    boot();
    assert_eq!(max_paddr(), frame(FRAMES));
    for system in [0, 1, 2, FRAMES - 1] {
        assert_eq!(count(frame(system)), Count::Shared(1), "frame {system}");
    }
    let slots = Frame::from_in_use(frame(2)).expect("the slots are shared");
    assert!(slots.meta_as::<MetaPages>().is_some());
    assert!(slots.meta_as::<Table>().is_none());
    assert_eq!(count(frame(59 - 1)), Count::Unused);
}

#[test]
fn addresses_are_checked() {
    boot();
    let refused = |paddr| Frame::from_in_use(paddr).expect_err("no frame");
    assert_eq!(refused(frame(3) + 1), FrameError::NotAligned);
    assert_eq!(refused(frame(FRAMES)), FrameError::OutOfBound);
    assert_eq!(refused(frame(FRAMES) + 1), FrameError::NotAligned);
}

#[test]
fn a_frame_lives_as_long_as_its_handles() {
    boot();
    let paddr = frame(10);
    assert_eq!(Frame::from_in_use(paddr).unwrap_err(), FrameError::Unused);
    let (meta, dropped) = table(4);
    let first = Frame::from_unused(paddr, meta).expect("unused");
    let second = Frame::from_in_use(paddr).expect("shared");
    let third = second.clone();
    assert_eq!(
        (first.reference_count(), count(paddr)),
        (3, Count::Shared(3))
    );
    let (other, refused) = table(1);
    assert_eq!(
        Frame::from_unused(paddr, other).unwrap_err(),
        FrameError::InUse
    );
    assert_eq!(
        refused.load(Ordering::Relaxed),
        1,
        "dropped without on_drop"
    );

    let typed = Frame::<Table>::try_from(second).expect("a table");
    assert_eq!((typed.meta().level, typed.start_paddr()), (4, paddr));
    let third = Frame::<User>::try_from(third).expect_err("no memory of user space");
    assert!(!third.is_untyped());
    drop((first, typed));
    // SAFETY: the handle that was just forgotten.
    let third = unsafe { Frame::<Opaque>::from_raw(third.into_raw()) };
    assert_eq!(
        (dropped.load(Ordering::Relaxed), arch::given_back(paddr)),
        (0, 0)
    );
    drop(third);
    assert_eq!(
        (dropped.load(Ordering::Relaxed), arch::given_back(paddr)),
        (2, 1)
    );
    assert_eq!(count(paddr), Count::Unused);
}

#[test]
fn an_owner_changes_metadata_and_shares_it() {
    boot();
    let paddr = frame(11);
    let (meta, dropped) = table(1);
    let mut unique = UniqueFrame::from_unused(paddr, meta).expect("unused");
    unique.meta_mut().level += 1;
    assert_eq!(unique.meta().level, 2);
    assert_eq!(Frame::from_in_use(paddr).unwrap_err(), FrameError::Unique);
    assert_eq!(
        UniqueFrame::from_unused(paddr, User).unwrap_err(),
        FrameError::Unique
    );

    let shared = Frame::from(unique);
    let other = shared.clone();
    let shared = UniqueFrame::try_from(shared).expect_err("shared by two");
    drop(other);
    let mut opaque: UniqueFrame = UniqueFrame::try_from(shared).expect("the only one").into();
    assert!(opaque.meta_as::<User>().is_none());
    opaque.meta_mut_as::<Table>().expect("a table").level += 1;
    assert_eq!(opaque.meta_as::<Table>().expect("a table").level, 3);

    let opaque = UniqueFrame::<User>::try_from(opaque).expect_err("a table");
    let user = opaque.repurpose(User);
    assert_eq!(
        (dropped.load(Ordering::Relaxed), count(paddr)),
        (2, Count::Unique)
    );
    // SAFETY: the owner that was just forgotten.
    let user = unsafe { UniqueFrame::<User>::from_raw(user.into_raw()) };
    user.reset_as_unused();
    assert_eq!((count(paddr), arch::given_back(paddr)), (Count::Unused, 0));
    drop(UniqueFrame::from_unused(paddr, User).expect("unused again"));
    assert_eq!((count(paddr), arch::given_back(paddr)), (Count::Unused, 1));
}

#[test]
fn a_segment_is_had_whole_or_not_at_all() {
    boot();
    let taken = Frame::from_unused(frame(22), User).expect("unused");
    assert!(Segment::from_unused(frame(20)..frame(24), |_| User).is_err());
    assert_eq!(
        (count(frame(20)), count(frame(21))),
        (Count::Unused, Count::Unused)
    );
    assert_eq!(arch::given_back(frame(20)), 1);
    drop(taken);

    let segment = Segment::from_unused(frame(20)..frame(24), |_| User).expect("unused");
    let (front, back) = segment.split(PAGE_SIZE);
    assert_eq!(
        (front.start_paddr(), front.end_paddr(), back.size()),
        (frame(20), frame(21), 3 * PAGE_SIZE)
    );
    let part = back.slice(PAGE_SIZE..3 * PAGE_SIZE);
    let copy = part.clone();
    assert_eq!(
        (count(frame(21)), count(frame(22))),
        (Count::Shared(1), Count::Shared(3))
    );
    drop((front, back));
    assert_eq!(
        part.map(|frame| frame.is_untyped()).collect::<Vec<_>>(),
        [true; 2]
    );
    // SAFETY: the handles that were just forgotten.
    drop(unsafe { Segment::<User>::from_raw(copy.into_raw()) });
    assert_eq!(count(frame(22)), Count::Unused);
}

#[test]
fn segments_know_their_metadata() {
    boot();
    let segment: Segment = Segment::from_unused(frame(30)..frame(32), |_| User)
        .expect("unused")
        .into();
    let segment = Segment::<MetaPages>::try_from(segment).expect_err("no slots");
    let segment = segment.downcast::<MetaPages>().expect_err("no slots");
    let typed = Segment::<User>::try_from(segment).expect("memory of user space");
    let segment = Segment::from(typed)
        .downcast::<User>()
        .expect("memory of user space");
    assert_eq!(segment.size(), 2 * PAGE_SIZE);
}

/// The kernel's conversion looks at a frame that is somebody else's.
#[test]
fn an_empty_segment_is_of_any_metadata_and_the_kernels_is_not() {
    boot();
    let segment: Segment = Segment::from_unused(frame(40)..frame(41), |_| User)
        .expect("unused")
        .into();
    let other = UniqueFrame::from_unused(frame(41), MetaPages).expect("unused");
    let empty = segment.slice(PAGE_SIZE..PAGE_SIZE);
    assert_eq!(
        (empty.size(), empty.start_paddr()),
        (0, other.start_paddr())
    );
    let empty = Segment::<User>::try_from(empty).expect_err("it looks at the other frame");
    let empty = empty
        .downcast::<User>()
        .expect("it has no frame to look at");
    assert_eq!(empty.count(), 0);
}

#[test]
#[should_panic = "is empty"]
fn an_empty_range_is_not_claimed() {
    boot();
    let _ = Segment::from_unused(frame(50)..frame(50), |_| User);
}

/// Metadata of any thread, which counts by itself what the threads do to all.
struct Shared {
    level: u8,
    ended: &'static AtomicUsize,
    dropped: &'static AtomicUsize,
}

// SAFETY: the page is not read.
unsafe impl FrameMeta for Shared {
    unsafe fn on_drop(&mut self, _: &mut PageReader<'_>) {
        self.ended.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn threads_end_each_generation_once() {
    const ROUNDS: usize = 2_000;
    boot();
    let paddr = frame(12);
    let claims = AtomicUsize::new(0);
    let [ended, dropped]: [&AtomicUsize; 2] =
        [Box::leak(Box::default()), Box::leak(Box::default())];
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    let shared = Shared {
                        level: 7,
                        ended,
                        dropped,
                    };
                    if let Ok(frame) = Frame::from_unused(paddr, shared) {
                        claims.fetch_add(1, Ordering::Relaxed);
                        if let Ok(mut unique) = UniqueFrame::try_from(frame) {
                            unique.meta_mut().level = 7;
                        }
                    } else if let Ok(frame) = Frame::from_in_use(paddr) {
                        let shared = frame.meta_as::<Shared>().expect("what all claim with");
                        assert_eq!(shared.level, 7);
                    }
                }
            });
        }
    });
    let claims = claims.into_inner();
    assert_eq!(ended.load(Ordering::Relaxed), claims);
    assert_eq!(dropped.load(Ordering::Relaxed), 3 * ROUNDS);
    assert_eq!(arch::given_back(paddr), claims);
    assert_eq!(count(paddr), Count::Unused);
}
