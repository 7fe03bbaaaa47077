//! Untyped memory: who may read and write a page as plain bytes.

#![cfg(not(model))]

mod common;

use std::sync::Barrier;

use common::{Log, Other, Region, Watched, byte, frame, state, states, unused, value_of};
use meta_core::SlotState::{Shared, Unused};
use meta_core::{AnyFrameMeta, Frame, Link, LinkedList, PAGE_SIZE, Platform, Segment};
use meta_core::{UFrame, USegment, UniqueFrame, UntypedMem, impl_untyped_frame_meta_for};

/// Metadata of an untyped frame.
#[derive(Debug)]
struct Plain(u64);

impl_untyped_frame_meta_for!(Plain);

fn plain<P: Platform>(index: usize) -> Frame<Plain, P> {
    Frame::from_unused(frame(index), Plain(index as u64)).unwrap()
}

fn plains<P: Platform>(start: usize, end: usize) -> Segment<Plain, P> {
    let range = frame(start)..frame(end);
    Segment::from_unused(range, |paddr| Plain((paddr / PAGE_SIZE) as u64)).unwrap()
}

/// All bytes that can be read.
fn bytes(memory: &impl UntypedMem) -> Vec<u8> {
    let mut reader = memory.reader();
    let mut bytes = vec![0; reader.remain()];
    assert_eq!(reader.read(&mut bytes), bytes.len());
    assert_eq!(reader.remain(), 0);
    bytes
}

/// The bytes of these pages before anybody writes.
fn initial(pages: std::ops::Range<usize>) -> Vec<u8> {
    let page = |index| (0..PAGE_SIZE).map(move |at| byte(index, at));
    pages.flat_map(page).collect()
}

#[test]
fn the_macro_makes_untyped_metadata() {
    assert!(Plain(0).is_untyped());
    assert!(Link::new(Plain(0)).is_untyped());
}

#[test]
fn a_frame_is_read_and_written_as_its_own_page() {
    platform!(Mem = Region::new(unused(3)));
    let page = plain::<Mem>(1);
    assert_eq!(bytes(&page), initial(1..2));
    let mut writer = page.writer();
    assert_eq!((writer.avail(), writer.skip(5)), (PAGE_SIZE, 5));
    assert_eq!(writer.write(&[0xee; 3]), 3);

    let mut expected = initial(1..2);
    expected[5..8].fill(0xee);
    assert_eq!(bytes(&page), expected);
    assert_eq!(bytes(&*page.borrow()), expected);
    // The same page for every handle; no other page changed.
    assert_eq!(bytes(&page.clone()), expected);
    let owned = UniqueFrame::try_from(page).unwrap();
    assert_eq!(bytes(&owned), expected);
    owned.writer().write(&[0x11]);
    assert_eq!(bytes(&owned)[0], 0x11);
    assert_eq!(bytes(&plains::<Mem>(0, 1)), initial(0..1));
    assert_eq!(bytes(&plains::<Mem>(2, 3)), initial(2..3));
}

#[test]
fn a_segment_is_read_and_written_across_its_pages() {
    platform!(Mem = Region::new(unused(5)));
    let segment = plains::<Mem>(1, 4);
    assert_eq!(bytes(&segment), initial(1..4));
    let mut writer = segment.writer();
    assert_eq!(writer.avail(), 3 * PAGE_SIZE);
    writer.skip(PAGE_SIZE - 10);
    writer.write(&[0xee; PAGE_SIZE + 20]);
    let mut expected = initial(1..4);
    expected[PAGE_SIZE - 10..2 * PAGE_SIZE + 10].fill(0xee);
    assert_eq!(bytes(&segment), expected);
    let slice = segment.slice(PAGE_SIZE..3 * PAGE_SIZE);
    assert_eq!(bytes(&slice), expected[PAGE_SIZE..]);
    assert_eq!(bytes(&plains::<Mem>(0, 1)), initial(0..1));
    assert_eq!(bytes(&plains::<Mem>(4, 5)), initial(4..5));
}

#[test]
fn an_empty_segment_has_no_bytes_wherever_it_is() {
    platform!(Mem = Region::new(unused(2)));
    for index in 0..=2 {
        let empty = plains::<Mem>(index, index);
        assert_eq!((empty.reader().remain(), empty.writer().avail()), (0, 0));
        assert_eq!(empty.reader().read(&mut [0]), 0);
        assert_eq!(empty.writer().write(&[0]), 0);
    }
}

#[test]
fn a_frame_of_any_untyped_metadata_is_a_uframe() {
    platform!(Mem = Region::new(unused(3)));
    let log = Log::default();
    let page: UFrame<Mem> = plain::<Mem>(1).into();
    assert_eq!((page.start_paddr(), page.reference_count()), (frame(1), 1));
    assert_eq!(bytes(&page), initial(1..2));
    assert_eq!(size_of_val(&page), size_of::<usize>());

    // By what the metadata says, whether or not it is marked.
    let other = Frame::<_, Mem>::from_unused(frame(2), Other(Watched::new(&log, 7))).unwrap();
    let other: Frame<dyn AnyFrameMeta, Mem> = other.into();
    let other = UFrame::try_from(other).unwrap();
    assert_eq!(value_of(other.dyn_meta()), 7);
    assert_eq!(bytes(&other), initial(2..3));

    // And back again.
    let back = Frame::<dyn AnyFrameMeta, Mem>::from(page);
    let back = Frame::<Plain, Mem>::try_from(back).unwrap();
    assert_eq!((back.meta().0, back.reference_count()), (1, 1));
    drop(back);
    assert_eq!(state::<Mem>(frame(1)), Unused);

    // The metadata ends as it would have.
    drop(other);
    assert_eq!(log.take(), ["on_drop 7", "destroy 7"]);
    assert_eq!(Mem::take_freed(), [frame(1), frame(2)]);
}

#[test]
fn a_typed_frame_is_no_uframe_and_comes_back() {
    platform!(Mem = Region::new(unused(2)));
    let log = Log::default();
    let typed = Frame::<_, Mem>::from_unused(frame(1), Watched::new(&log, 7)).unwrap();
    let typed: Frame<dyn AnyFrameMeta, Mem> = typed.into();
    let typed = UFrame::try_from(typed).unwrap_err();
    assert_eq!(states::<Mem>(), [Unused, Shared(1)]);
    assert_eq!(value_of(typed.dyn_meta()), 7);
    assert!(log.take().is_empty());
}

#[test]
fn a_segment_is_untyped_only_if_every_frame_is() {
    platform!(Mem = Region::new(unused(4)));
    let log = Log::default();
    let segment: USegment<Mem> = plains::<Mem>(0, 4).into();
    assert_eq!(bytes(&segment), initial(0..4));
    let segment = Segment::<dyn AnyFrameMeta, Mem>::from(segment);
    let segment = USegment::try_from(segment).unwrap();
    let frames: Vec<UFrame<Mem>> = segment.collect();
    assert_eq!(bytes(&frames[2]), initial(2..3));
    assert_eq!(states::<Mem>(), [Shared(1); 4]);
    let single = USegment::from(frames[3].clone());
    assert_eq!(bytes(&single), initial(3..4));
    drop((frames, single));

    for odd in 0..4 {
        let (before, after) = (plains::<Mem>(0, odd), plains::<Mem>(odd + 1, 4));
        let typed = Frame::<_, Mem>::from_unused(frame(odd), Watched::new(&log, 7)).unwrap();
        let _ = (before.into_raw(), typed.into_raw(), after.into_raw());
        // SAFETY: the handles just forgotten, of any type.
        let mixed = unsafe { Segment::<dyn AnyFrameMeta, Mem>::from_raw(frame(0)..frame(4)) };
        let mixed = USegment::try_from(mixed).unwrap_err();
        assert_eq!((mixed.start_paddr(), mixed.len()), (frame(0), 4));
        assert_eq!(states::<Mem>(), [Shared(1); 4]);
        drop(mixed);
        assert_eq!(log.take(), ["on_drop 7", "destroy 7"]);
    }
}

#[test]
fn a_frame_of_a_list_is_untyped_once_it_is_out() {
    platform!(Mem = Region::new(unused(2)));
    let owned = UniqueFrame::<_, Mem>::from_unused(frame(1), Link::new(Plain(1))).unwrap();
    let mut list = LinkedList::new();
    list.push_back(owned);
    let owned = list.pop_front().unwrap();
    assert_eq!(owned.meta().0, 1);
    owned.writer().write(&[1, 2, 3]);
    assert_eq!(bytes(&UFrame::from(Frame::from(owned)))[..3], [1, 2, 3]);
}

#[test]
fn handles_write_neighbouring_bytes_at_once_and_lose_none() {
    platform!(Mem = Region::new(unused(2)));
    let page = plain::<Mem>(1);
    page.writer().fill_zeros(PAGE_SIZE);
    let barrier = Barrier::new(4);
    // Bytes of every word by turns: nobody may write a word of another's.
    std::thread::scope(|scope| {
        for thread in 0..3_usize {
            let (page, barrier) = (page.clone(), &barrier);
            scope.spawn(move || {
                barrier.wait();
                let mut writer = page.writer();
                writer.skip(thread);
                while writer.write(&[thread as u8 + 1]) == 1 {
                    writer.skip(2);
                }
            });
        }
        // A racing reader sees each byte as it was or as it is written.
        barrier.wait();
        for (at, byte) in bytes(&page).into_iter().enumerate() {
            assert!(byte == 0 || byte as usize == at % 3 + 1);
        }
    });
    let expected: Vec<_> = (0..PAGE_SIZE).map(|at| (at % 3) as u8 + 1).collect();
    assert_eq!(bytes(&page), expected);
}

/// One word, so that the threads meet at every write; and so often that a write
/// of the whole word is noticed, on a busy processor too.
#[test]
fn handles_write_bytes_of_one_word_at_once_and_each_finds_its_own() {
    platform!(Mem = Region::new(unused(1)));
    const ROUNDS: usize = if cfg!(miri) { 50 } else { 5_000_000 };
    let page = plain::<Mem>(0);
    let barrier = Barrier::new(2);
    std::thread::scope(|scope| {
        for at in 0..2 {
            let (page, barrier) = (page.clone(), &barrier);
            scope.spawn(move || {
                barrier.wait();
                for round in 0..ROUNDS {
                    let written = [round as u8];
                    let mut writer = page.writer();
                    writer.skip(at);
                    writer.write(&written);
                    let mut reader = page.reader();
                    reader.skip(at);
                    let mut found = [0];
                    reader.read(&mut found);
                    assert_eq!(found, written, "byte {at}, round {round}");
                }
            });
        }
    });
}
