//! The end of metadata: `on_drop` once with a reader over the page, then the
//! destructor once, then the slot is unused, then the allocator gets the frame.

#![cfg(not(model))]

mod common;

use common::{Log, Region, Watched, byte, frame, states, unused};
use meta_core::SlotState::{Shared, Unused};
use meta_core::{Frame, PAGE_SIZE, Platform, UniqueFrame};

#[test]
fn only_the_last_shared_handle_tears_down() {
    platform!(Mem = Region::new(unused(3)));
    let log = Log::default();
    let first = Frame::<_, Mem>::from_unused(frame(1), Watched::new(&log, 7)).unwrap();
    let second = first.clone();
    let third = second.clone();

    drop(second);
    assert_eq!(states::<Mem>(), [Unused, Shared(2), Unused]);
    drop(first);
    assert_eq!(states::<Mem>(), [Unused, Shared(1), Unused]);
    assert!(log.take().is_empty());
    assert!(Mem::take_freed().is_empty());

    drop(third);
    assert_eq!(log.take(), ["on_drop 7", "destroy 7"]);
    assert_eq!(states::<Mem>(), [Unused; 3]);
    // `take_freed` also checks that it was unused when it was handed over.
    assert_eq!(Mem::take_freed(), [frame(1)]);
}

#[test]
fn the_unique_handle_tears_down() {
    platform!(Mem = Region::new(unused(3)));
    let log = Log::default();
    drop(UniqueFrame::<_, Mem>::from_unused(frame(1), Watched::new(&log, 7)).unwrap());
    assert_eq!(log.take(), ["on_drop 7", "destroy 7"]);
    assert_eq!(states::<Mem>(), [Unused; 3]);
    assert_eq!(Mem::take_freed(), [frame(1)]);
}

#[test]
fn a_reset_tears_down_and_keeps_the_frame_from_the_allocator() {
    platform!(Mem = Region::new(unused(3)));
    let log = Log::default();
    let owned = UniqueFrame::<_, Mem>::from_unused(frame(1), Watched::new(&log, 7)).unwrap();
    owned.reset_as_unused();
    assert_eq!(log.take(), ["on_drop 7", "destroy 7"]);
    assert_eq!(states::<Mem>(), [Unused; 3]);
    assert!(Mem::take_freed().is_empty());
}

#[test]
fn a_dynamic_handle_tears_down_by_the_stored_type() {
    platform!(Mem = Region::new(unused(1)));
    let log = Log::default();
    let claim = |value| {
        let watched = Watched::new(&log, value);
        UniqueFrame::<_, Mem>::from_unused(frame(0), watched).unwrap()
    };

    drop(Frame::<dyn meta_core::AnyFrameMeta, Mem>::from(
        Frame::from(claim(1)),
    ));
    assert_eq!(log.take(), ["on_drop 1", "destroy 1"]);
    drop(UniqueFrame::<dyn meta_core::AnyFrameMeta, Mem>::from(
        claim(2),
    ));
    assert_eq!(log.take(), ["on_drop 2", "destroy 2"]);
    UniqueFrame::<dyn meta_core::AnyFrameMeta, Mem>::from(claim(3)).reset_as_unused();
    assert_eq!(log.take(), ["on_drop 3", "destroy 3"]);
    assert_eq!(Mem::take_freed(), [frame(0), frame(0)]);
}

#[test]
fn while_metadata_ends_its_slot_is_busy_and_the_frame_not_yet_free() {
    platform!(Mem = Region::new(unused(2)));
    fn look(log: &Log) {
        log.note(states::<Mem>()[1].to_string());
        assert!(Mem::take_freed().is_empty());
    }
    let log = Log::default();
    let watched = |value| {
        let watched = Watched::new(&log, value);
        watched.at_on_drop(|log, _| look(log)).at_destroy(look)
    };
    let expected = |n| {
        [
            format!("on_drop {n}"),
            "BUSY".into(),
            format!("destroy {n}"),
            "BUSY".into(),
        ]
    };

    drop(Frame::<_, Mem>::from_unused(frame(1), watched(1)).unwrap());
    assert_eq!(log.take(), expected(1));
    assert_eq!(Mem::take_freed(), [frame(1)]);
    drop(UniqueFrame::<_, Mem>::from_unused(frame(1), watched(2)).unwrap());
    assert_eq!(log.take(), expected(2));
    assert_eq!(Mem::take_freed(), [frame(1)]);
    UniqueFrame::<_, Mem>::from_unused(frame(1), watched(3))
        .unwrap()
        .reset_as_unused();
    assert_eq!(log.take(), expected(3));
}

#[test]
fn on_drop_reads_the_bytes_of_its_own_page() {
    platform!(Mem = Region::new(unused(3)));
    let log = Log::default();
    let reads = |value| {
        Watched::new(&log, value).at_on_drop(|log, page| {
            assert_eq!(page.remain(), PAGE_SIZE);
            let mut bytes = [0; PAGE_SIZE + 1];
            assert_eq!(page.read(&mut bytes[..1000]), 1000);
            assert_eq!(page.remain(), PAGE_SIZE - 1000);
            assert_eq!(page.read(&mut bytes[1000..]), PAGE_SIZE - 1000);
            assert_eq!((page.remain(), page.read(&mut [0])), (0, 0));
            let index = (0..3).find(|&index| (0..PAGE_SIZE).all(|at| bytes[at] == byte(index, at)));
            log.note(format!("page {index:?}"));
        })
    };

    for index in 0..3 {
        drop(Frame::<_, Mem>::from_unused(frame(index), reads(index as u64)).unwrap());
        let expected = [
            format!("on_drop {index}"),
            format!("page Some({index})"),
            format!("destroy {index}"),
        ];
        assert_eq!(log.take(), expected);
        drop(UniqueFrame::<_, Mem>::from_unused(frame(index), reads(index as u64)).unwrap());
        assert_eq!(log.take(), expected);
    }
}

#[test]
fn on_drop_sees_what_was_written_to_the_page() {
    platform!(Mem = Region::new(unused(2)));
    let log = Log::default();
    let watched = Watched::new(&log, 0).at_on_drop(|log, page| {
        assert_eq!(page.skip(17), 17);
        let mut bytes = [0; 2];
        page.read(&mut bytes);
        log.note(format!("{bytes:?}"));
        assert_eq!(page.skip(2 * PAGE_SIZE), PAGE_SIZE - 19);
        assert_eq!(page.remain(), 0);
    });
    let owned = UniqueFrame::<_, Mem>::from_unused(frame(1), watched).unwrap();
    // SAFETY: inside the page of a frame that nobody else has.
    unsafe {
        Mem::page(owned.start_paddr())
            .add(17)
            .cast::<[u8; 2]>()
            .write([200, 201])
    };
    drop(owned);
    assert_eq!(log.take(), ["on_drop 0", "[200, 201]", "destroy 0"]);
}
