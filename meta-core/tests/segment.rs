//! Segments: a handle to each frame in a row, claimed all or none.

#![cfg(not(model))]

mod common;

use common::{Log, Other, Region, Watched, aborts, explode, explodes, frame, states, unused};
use common::{state, value_of};
use meta_core::GetFrameError::{self, InUse, NotAligned, OutOfBound, Unique as IsUnique};
use meta_core::SlotState::{Busy, Shared, Unique, Unused};
use meta_core::{AnyFrameMeta, Frame, MetaSlot, PAGE_SIZE, Paddr, Platform};
use meta_core::{REF_COUNT_MAX, Segment, UniqueFrame};

/// Frames from `start` on, each with its number as its value.
fn claim<P: Platform>(log: &Log, start: usize, frames: usize) -> Segment<Watched, P> {
    let end = frame(start + frames);
    Segment::from_unused(frame(start)..end, |paddr| numbered(log, paddr)).unwrap()
}

fn numbered(log: &Log, paddr: Paddr) -> Watched {
    Watched::new(log, (paddr / PAGE_SIZE) as u64)
}

fn values<P: Platform>(segment: &Segment<Watched, P>) -> Vec<u64> {
    segment.frames().map(|frame| frame.meta().value).collect()
}

/// What a log notes when these frames are given up, in this order.
fn ends(frames: impl IntoIterator<Item = usize>) -> Vec<String> {
    let end = |n| [format!("on_drop {n}"), format!("destroy {n}")];
    frames.into_iter().flat_map(end).collect()
}

#[test]
fn a_segment_shares_every_frame_of_its_range_and_no_other() {
    platform!(Mem = Region::new(unused(6)));
    let log = Log::default();
    let segment = claim::<Mem>(&log, 1, 3);
    let expected = [Unused, Shared(1), Shared(1), Shared(1), Unused, Unused];
    assert_eq!(states::<Mem>(), expected);
    assert_eq!(
        (segment.start_paddr(), segment.end_paddr()),
        (frame(1), frame(4))
    );
    assert_eq!((segment.size(), segment.len()), (3 * PAGE_SIZE, 3));
    assert!(!segment.is_empty());
    assert_eq!(values(&segment), [1, 2, 3]);
    assert!(log.take().is_empty());

    // Each frame is as if claimed alone.
    let found = Frame::<dyn AnyFrameMeta, Mem>::from_in_use(frame(2)).unwrap();
    assert_eq!(
        (value_of(found.dyn_meta()), found.reference_count()),
        (2, 2)
    );
    drop(segment);
    assert_eq!(log.take(), ends([1, 3]));
    assert_eq!(Mem::take_freed(), [frame(1), frame(3)]);
    assert_eq!(state::<Mem>(frame(2)), Shared(1));
    drop(found);
    assert_eq!(states::<Mem>(), [Unused; 6]);
    assert_eq!(Mem::take_freed(), [frame(2)]);
}

#[test]
fn metadata_is_asked_for_in_ascending_order_and_before_each_claim() {
    platform!(Mem = Region::new(unused(4)));
    let mut asked = Vec::new();
    let log = Log::default();
    let segment = Segment::<_, Mem>::from_unused(frame(1)..frame(4), |paddr| {
        asked.push((paddr, state::<Mem>(paddr)));
        numbered(&log, paddr)
    });
    assert_eq!(segment.unwrap().len(), 3);
    let expected = [(frame(1), Unused), (frame(2), Unused), (frame(3), Unused)];
    assert_eq!(asked, expected);
}

#[test]
fn the_whole_memory_can_be_one_segment() {
    platform!(Mem = Region::new(unused(3)));
    let log = Log::default();
    let segment = claim::<Mem>(&log, 0, 3);
    assert_eq!(states::<Mem>(), [Shared(1); 3]);
    drop(segment);
    assert_eq!(log.take(), ends([0, 1, 2]));
    assert_eq!(Mem::take_freed(), [frame(0), frame(1), frame(2)]);
}

/// `from_unused` fails so, and never asks for metadata.
fn refused<P: Platform>(start: Paddr, end: Paddr, error: GetFrameError) {
    let claimed = Segment::<Watched, P>::from_unused(start..end, |_| panic!("asked for"));
    assert_eq!(claimed.unwrap_err(), error, "{start:#x}..{end:#x}");
}

#[test]
fn the_ends_of_a_range_are_checked_before_anything_is_claimed() {
    platform!(Mem = Region::new(unused(4)));
    const TOP: Paddr = usize::MAX - PAGE_SIZE + 1;
    // Either end; alignment first.
    for bit in 0..PAGE_SIZE.ilog2() {
        refused::<Mem>(frame(0) + (1 << bit), frame(2), NotAligned);
        refused::<Mem>(frame(0), frame(2) + (1 << bit), NotAligned);
    }
    refused::<Mem>(frame(0), usize::MAX, NotAligned);
    refused::<Mem>(frame(9) + 1, frame(10), NotAligned);
    refused::<Mem>(frame(0), frame(5), OutOfBound);
    refused::<Mem>(frame(3), frame(5), OutOfBound);
    refused::<Mem>(frame(4), frame(5), OutOfBound);
    refused::<Mem>(frame(0), TOP, OutOfBound);
    refused::<Mem>(TOP, TOP, OutOfBound);
    // Also if it ends before it starts.
    refused::<Mem>(frame(5), frame(1), OutOfBound);
    refused::<Mem>(TOP, frame(0), OutOfBound);
    assert_eq!(states::<Mem>(), [Unused; 4]);
    assert!(Mem::take_freed().is_empty());
}

#[test]
#[should_panic = "the range 0x3000..0x1000 ends before it starts"]
fn a_range_that_ends_before_it_starts_panics() {
    platform!(Mem = Region::new(unused(4)));
    let _ = Segment::<_, Mem>::from_unused(frame(3)..frame(1), |paddr| {
        numbered(&Log::default(), paddr)
    });
}

#[test]
fn an_empty_range_gives_an_empty_segment() {
    platform!(Mem = Region::new(unused(2)));
    // Up to the end of memory, where no frame is, and where a frame is in use.
    let log = Log::default();
    let held = claim::<Mem>(&log, 1, 1);
    for index in 0..=2 {
        let mut empty = Segment::<Watched, Mem>::from_unused(frame(index)..frame(index), |_| {
            panic!("asked for")
        })
        .unwrap();
        assert_eq!((empty.start_paddr(), empty.end_paddr()), {
            (frame(index), frame(index))
        });
        assert_eq!((empty.size(), empty.len()), (0, 0));
        assert!(empty.is_empty());
        assert!(empty.clone().is_empty() && empty.slice(0..0).is_empty());
        assert_eq!(empty.frames().count(), 0);
        assert!(empty.next().is_none() && empty.next_back().is_none());
        let (before, after) = empty.split(0);
        assert!(before.is_empty() && after.is_empty());
    }
    assert_eq!(states::<Mem>(), [Unused, Shared(1)]);
    drop(held);
    assert_eq!(Mem::take_freed(), [frame(1)]);
}

#[test]
fn a_range_is_claimed_whole_or_not_at_all() {
    platform!(Mem = Region::new(unused(6)));
    let held = Log::default();
    let shared = Frame::<_, Mem>::from_unused(frame(0), Watched::new(&held, 0)).unwrap();
    let unique = UniqueFrame::<_, Mem>::from_unused(frame(4), Watched::new(&held, 4)).unwrap();
    let before = [Shared(1), Unused, Unused, Unused, Unique, Unused];
    assert_eq!(states::<Mem>(), before);

    let log = Log::default();
    let try_claim = |start, end| {
        let range = frame(start)..frame(end);
        let claimed = Segment::<_, Mem>::from_unused(range, |paddr| numbered(&log, paddr));
        assert_eq!(states::<Mem>(), before);
        claimed.unwrap_err()
    };

    // At the end, in the middle, at the beginning: the first refusal counts.
    assert_eq!(try_claim(1, 5), IsUnique);
    // The metadata of the frame that was refused never was in a slot.
    let refused = ["destroy 4".to_owned()].into_iter();
    assert_eq!(
        log.take(),
        refused.clone().chain(ends([1, 2, 3])).collect::<Vec<_>>()
    );
    assert_eq!(Mem::take_freed(), [frame(1), frame(2), frame(3)]);

    assert_eq!(try_claim(2, 6), IsUnique);
    assert_eq!(log.take(), refused.chain(ends([2, 3])).collect::<Vec<_>>());
    assert_eq!(Mem::take_freed(), [frame(2), frame(3)]);

    assert_eq!(try_claim(0, 6), InUse);
    assert_eq!(log.take(), ["destroy 0"]);
    assert!(Mem::take_freed().is_empty());

    assert!(held.take().is_empty());
    drop((shared, unique));
}

#[test]
fn a_busy_frame_refuses_the_range() {
    platform!(Mem = Region::new(unused(3)));
    let log = Log::default();
    let explosive = Watched::new(&log, 2).at_on_drop(|_, _| explode());
    let leaked = UniqueFrame::<_, Mem>::from_unused(frame(2), explosive).unwrap();
    assert!(explodes(|| drop(leaked)));
    log.take();

    let claimed = Segment::<_, Mem>::from_unused(frame(0)..frame(3), |paddr| numbered(&log, paddr));
    assert_eq!(claimed.unwrap_err(), GetFrameError::Busy);
    assert_eq!(states::<Mem>(), [Unused, Unused, Busy]);
    assert_eq!(Mem::take_freed(), [frame(0), frame(1)]);
}

#[test]
fn metadata_that_cannot_be_made_leaves_nothing_claimed() {
    platform!(Mem = Region::new(unused(5)));
    let log = Log::default();
    assert!(explodes(|| {
        Segment::<_, Mem>::from_unused(frame(1)..frame(5), |paddr| {
            if paddr == frame(3) {
                explode();
            }
            numbered(&log, paddr)
        })
    }));
    assert_eq!(log.take(), ends([1, 2]));
    assert_eq!(states::<Mem>(), [Unused; 5]);
    assert_eq!(Mem::take_freed(), [frame(1), frame(2)]);
}

#[test]
fn a_clone_counts_every_frame_once_more() {
    platform!(Mem = Region::new(unused(4)));
    let log = Log::default();
    let first = claim::<Mem>(&log, 1, 2);
    let second = first.clone();
    assert_eq!(states::<Mem>(), [Unused, Shared(2), Shared(2), Unused]);
    assert_eq!(values(&second), [1, 2]);
    let third = second.clone();
    assert_eq!(states::<Mem>(), [Unused, Shared(3), Shared(3), Unused]);
    drop(first);
    drop(third);
    assert_eq!(states::<Mem>(), [Unused, Shared(1), Shared(1), Unused]);
    assert!(log.take().is_empty() && Mem::take_freed().is_empty());
    drop(second);
    assert_eq!(log.take(), ends([1, 2]));
    assert_eq!(Mem::take_freed(), [frame(1), frame(2)]);
}

#[test]
fn a_clone_at_the_greatest_count_of_one_frame_aborts() {
    fn crowded() -> Vec<MetaSlot> {
        let metadata = |value| Watched::new(&Log::default(), value);
        vec![
            MetaSlot::new_in_use(metadata(0), Shared(1)),
            MetaSlot::new_in_use(metadata(1), Shared(REF_COUNT_MAX)),
        ]
    }
    platform!(Mem = Region::new(crowded()));
    // SAFETY: one handle to each frame is counted from the start.
    let segment = unsafe { Segment::<Watched, Mem>::from_raw(frame(0)..frame(2)) };
    assert!(aborts(|| segment.clone()));
    assert!(aborts(|| segment.slice(PAGE_SIZE..2 * PAGE_SIZE)));
    assert!(!aborts(|| segment.slice(0..PAGE_SIZE)));
    std::mem::forget(segment);
}

#[test]
fn a_split_hands_each_frame_to_one_half_and_counts_nothing() {
    platform!(Mem = Region::new(unused(4)));
    let log = Log::default();
    let segment = claim::<Mem>(&log, 1, 3);
    let (first, rest) = segment.split(PAGE_SIZE);
    assert_eq!(
        (first.start_paddr(), first.end_paddr()),
        (frame(1), frame(2))
    );
    assert_eq!((rest.start_paddr(), rest.end_paddr()), (frame(2), frame(4)));
    assert_eq!(states::<Mem>()[1..], [Shared(1); 3]);
    assert_eq!((values(&first), values(&rest)), (vec![1], vec![2, 3]));

    drop(rest);
    assert_eq!(log.take(), ends([2, 3]));
    assert_eq!(states::<Mem>(), [Unused, Shared(1), Unused, Unused]);
    drop(first);
    assert_eq!(log.take(), ends([1]));
    assert_eq!(Mem::take_freed(), [frame(2), frame(3), frame(1)]);
}

#[test]
fn a_split_at_either_end_leaves_one_half_empty() {
    platform!(Mem = Region::new(unused(3)));
    let log = Log::default();
    let (nothing, all) = claim::<Mem>(&log, 1, 2).split(0);
    assert_eq!((nothing.start_paddr(), nothing.len()), (frame(1), 0));
    let (all, nothing) = all.split(2 * PAGE_SIZE);
    assert_eq!((nothing.start_paddr(), nothing.len()), (frame(3), 0));
    assert_eq!(values(&all), [1, 2]);
    drop(nothing);
    assert_eq!(states::<Mem>(), [Unused, Shared(1), Shared(1)]);
}

/// Whether `operation` panics with a message, and not otherwise.
fn panics<R>(operation: impl FnOnce() -> R) -> bool {
    let hook = std::panic::AssertUnwindSafe(operation);
    std::panic::catch_unwind(hook).is_err_and(|thrown| thrown.is::<String>())
}

#[test]
fn offsets_that_are_out_of_range_or_not_aligned_panic_and_change_nothing() {
    platform!(Mem = Region::new(unused(4)));
    let log = Log::default();
    let segment = claim::<Mem>(&log, 1, 2);
    const TOP: usize = usize::MAX - PAGE_SIZE + 1;
    let bad = [
        (0, 3 * PAGE_SIZE),
        (2 * PAGE_SIZE, 3 * PAGE_SIZE),
        (3 * PAGE_SIZE, 3 * PAGE_SIZE),
        (PAGE_SIZE, 0),
        (0, 1),
        (0, PAGE_SIZE - 1),
        (1, PAGE_SIZE),
        (PAGE_SIZE + 8, PAGE_SIZE + 8),
        // Added to an address, these wrap around to a frame below.
        (TOP, TOP),
        (TOP, PAGE_SIZE),
        (0, TOP),
        (0, usize::MAX),
    ];
    for (start, end) in bad {
        assert!(panics(|| segment.slice(start..end)), "{start:#x}..{end:#x}");
        assert_eq!(states::<Mem>(), [Unused, Shared(1), Shared(1), Unused]);
    }
    assert!(log.take().is_empty());
    // A split that panics gives the frames up: it had them by value.
    for offset in [1, PAGE_SIZE + 1, 3 * PAGE_SIZE, TOP, usize::MAX] {
        let copy = segment.clone();
        assert!(panics(|| copy.split(offset)), "{offset:#x}");
        assert_eq!(states::<Mem>(), [Unused, Shared(1), Shared(1), Unused]);
    }
}

#[test]
fn a_slice_counts_its_own_frames_once_more() {
    platform!(Mem = Region::new(unused(6)));
    let log = Log::default();
    let segment = claim::<Mem>(&log, 1, 4);
    let slice = segment.slice(PAGE_SIZE..3 * PAGE_SIZE);
    assert_eq!(
        (slice.start_paddr(), slice.end_paddr()),
        (frame(2), frame(4))
    );
    assert_eq!(values(&slice), [2, 3]);
    let expected = [Unused, Shared(1), Shared(2), Shared(2), Shared(1), Unused];
    assert_eq!(states::<Mem>(), expected);

    // A slice of a slice counts from its own beginning.
    let inner = slice.slice(PAGE_SIZE..2 * PAGE_SIZE);
    assert_eq!(values(&inner), [3]);
    assert_eq!(state::<Mem>(frame(3)), Shared(3));
    assert!(segment.slice(4 * PAGE_SIZE..4 * PAGE_SIZE).is_empty());

    drop(segment);
    assert_eq!(log.take(), ends([1, 4]));
    drop(slice);
    assert_eq!(log.take(), ends([2]));
    drop(inner);
    assert_eq!(log.take(), ends([3]));
}

#[test]
fn iterating_takes_the_frames_out_from_both_ends() {
    platform!(Mem = Region::new(unused(6)));
    let log = Log::default();
    let mut segment = claim::<Mem>(&log, 1, 4);
    assert_eq!(segment.size_hint(), (4, Some(4)));
    let first = segment.next().unwrap();
    let last = segment.next_back().unwrap();
    assert_eq!(
        (first.start_paddr(), last.start_paddr()),
        (frame(1), frame(4))
    );
    assert_eq!((first.meta().value, last.meta().value), (1, 4));
    assert_eq!(states::<Mem>()[1..5], [Shared(1); 4]);
    // What is left is a segment as before.
    assert_eq!(
        (segment.start_paddr(), segment.end_paddr()),
        (frame(2), frame(4))
    );
    assert_eq!(segment.size_hint(), (2, Some(2)));
    drop(segment);
    assert_eq!(log.take(), ends([2, 3]));
    drop((first, last));
    assert_eq!(log.take(), ends([1, 4]));

    let mut all = claim::<Mem>(&log, 0, 2);
    let frames: Vec<_> = all.by_ref().collect();
    assert!(all.is_empty() && all.next().is_none() && all.next_back().is_none());
    assert_eq!(states::<Mem>()[..2], [Shared(1); 2]);
    drop(frames);
    assert_eq!(log.take(), ends([0, 1]));

    let backwards = claim::<Mem>(&log, 0, 3)
        .rev()
        .map(|frame| frame.meta().value);
    assert_eq!(backwards.collect::<Vec<_>>(), [2, 1, 0]);
}

#[test]
fn borrowed_frames_cost_no_counting() {
    platform!(Mem = Region::new(unused(3)));
    let log = Log::default();
    let segment = claim::<Mem>(&log, 0, 3);
    let mut frames = segment.frames();
    assert_eq!(frames.len(), 3);
    let last = frames.next_back().unwrap();
    let first = frames.next().unwrap();
    assert_eq!(
        (first.start_paddr(), last.start_paddr()),
        (frame(0), frame(2))
    );
    assert_eq!(states::<Mem>(), [Shared(1); 3]);
    let kept = Frame::clone(&last);
    drop(frames);
    assert_eq!(states::<Mem>(), [Shared(1), Shared(1), Shared(2)]);
    drop(segment);
    assert_eq!(kept.meta().value, 2);
    assert_eq!(log.take(), ends([0, 1]));
}

#[test]
fn a_raw_segment_keeps_its_counts() {
    platform!(Mem = Region::new(unused(4)));
    let log = Log::default();
    let range = claim::<Mem>(&log, 1, 3).into_raw();
    assert_eq!(range, frame(1)..frame(4));
    assert_eq!(states::<Mem>(), [Unused, Shared(1), Shared(1), Shared(1)]);
    assert!(log.take().is_empty());

    // It may come back in other pieces: segments or frames.
    // SAFETY: each frame of the forgotten segment once.
    let (pair, single) = unsafe {
        (
            Segment::<Watched, Mem>::from_raw(frame(1)..frame(3)),
            Frame::<Watched, Mem>::from_raw(frame(3)),
        )
    };
    assert_eq!((values(&pair), single.meta().value), (vec![1, 2], 3));
    drop((pair, single));
    assert_eq!(log.take(), ends([1, 2, 3]));
    assert_eq!(states::<Mem>(), [Unused; 4]);
}

#[test]
fn a_frame_is_a_segment_of_one() {
    platform!(Mem = Region::new(unused(3)));
    let log = Log::default();
    let single = Frame::<_, Mem>::from_unused(frame(2), Watched::new(&log, 7)).unwrap();
    let segment = Segment::from(single.clone());
    assert_eq!(
        (segment.start_paddr(), segment.end_paddr()),
        (frame(2), frame(3))
    );
    assert_eq!(single.reference_count(), 2);
    drop(single);
    assert!(log.take().is_empty());
    drop(segment);
    assert_eq!(log.take(), ends([7]));
    assert_eq!(Mem::take_freed(), [frame(2)]);
}

#[test]
fn a_dynamic_segment_is_typed_again_only_if_every_frame_is() {
    platform!(Mem = Region::new(unused(5)));
    let log = Log::default();
    let dynamic = Segment::<dyn AnyFrameMeta, Mem>::from(claim::<Mem>(&log, 0, 4));
    assert_eq!(states::<Mem>()[..4], [Shared(1); 4]);
    let found: Vec<_> = dynamic.frames().map(|f| value_of(f.dyn_meta())).collect();
    assert_eq!(found, [0, 1, 2, 3]);
    let dynamic = Segment::<Other, Mem>::try_from(dynamic).unwrap_err();
    assert_eq!(
        (dynamic.start_paddr(), dynamic.end_paddr()),
        (frame(0), frame(4))
    );
    let typed = Segment::<Watched, Mem>::try_from(dynamic).unwrap();
    assert_eq!(values(&typed), [0, 1, 2, 3]);
    assert_eq!(states::<Mem>()[..4], [Shared(1); 4]);
    drop(typed);
    assert_eq!(log.take(), ends([0, 1, 2, 3]));
    Mem::take_freed();

    // One frame of another type, anywhere.
    for odd in 0..4 {
        for index in 0..4 {
            let metadata = Watched::new(&log, index as u64);
            let raw = if index == odd {
                let frame = Frame::<_, Mem>::from_unused(frame(index), Other(metadata));
                frame.unwrap().into_raw()
            } else {
                let frame = Frame::<_, Mem>::from_unused(frame(index), metadata);
                frame.unwrap().into_raw()
            };
            assert_eq!(raw, frame(index));
        }
        // SAFETY: the handles just forgotten, of any type.
        let mixed = unsafe { Segment::<dyn AnyFrameMeta, Mem>::from_raw(frame(0)..frame(4)) };
        let mixed = Segment::<Watched, Mem>::try_from(mixed).unwrap_err();
        assert_eq!(states::<Mem>()[..4], [Shared(1); 4]);
        assert_eq!((mixed.start_paddr(), mixed.len()), (frame(0), 4));
        drop(mixed);
        assert_eq!(log.take(), ends([0, 1, 2, 3]));
        assert_eq!(Mem::take_freed().len(), 4);
    }
}

#[test]
fn a_frame_that_panics_on_its_way_out_leaks_alone() {
    platform!(Mem = Region::new(unused(15)));
    for (start, bad) in [(0, 0), (5, 7), (10, 14)] {
        let log = Log::default();
        let segment = Segment::<_, Mem>::from_unused(frame(start)..frame(start + 5), |paddr| {
            let metadata = numbered(&log, paddr);
            if paddr == frame(bad) {
                metadata.at_on_drop(|_, _| explode())
            } else {
                metadata
            }
        })
        .unwrap();
        assert!(explodes(|| drop(segment)));
        let others = |n: &usize| *n != bad;
        let mut expected = ends(start..bad);
        expected.push(format!("on_drop {bad}"));
        expected.extend(ends(bad + 1..start + 5));
        assert_eq!(log.take(), expected);
        let freed: Vec<_> = (start..start + 5).filter(others).map(frame).collect();
        assert_eq!(Mem::take_freed(), freed);
        assert_eq!(state::<Mem>(frame(bad)), Busy);
    }
    let at_rest = states::<Mem>().iter().filter(|s| **s == Unused).count();
    assert_eq!(at_rest, 12);
}
