//! `get_slot`: Ok exactly for a page-aligned address below the end of physical
//! memory, and a misaligned address is called so first.

#![cfg(not(model))]

mod common;

use common::{Region, frame, unused};
use meta_core::GetFrameError::{NotAligned, OutOfBound};
use meta_core::{Frame, MaxPaddr, PAGE_SIZE, UniqueFrame, get_slot, impl_frame_meta_for};

#[test]
fn every_frame_below_the_end_has_a_slot() {
    platform!(Mem = Region::new(unused(5)));
    for index in 0..5 {
        assert!(get_slot::<Mem>(frame(index)).is_ok(), "frame {index}");
    }
}

#[test]
fn an_address_at_or_past_the_end_is_out_of_bound() {
    platform!(Mem = Region::new(unused(5)));
    for paddr in [frame(5), frame(6), frame(1 << 40), usize::MAX - 4095] {
        assert_eq!(
            get_slot::<Mem>(paddr).unwrap_err(),
            OutOfBound,
            "{paddr:#x}"
        );
    }
}

#[test]
fn a_misaligned_address_is_not_aligned_wherever_it_is() {
    platform!(Mem = Region::new(unused(5)));
    for base in [frame(0), frame(4), frame(5), frame(1 << 40)] {
        for offset in [1, 64, 2048, 4095] {
            let paddr = base + offset;
            assert_eq!(
                get_slot::<Mem>(paddr).unwrap_err(),
                NotAligned,
                "{paddr:#x}"
            );
        }
    }
    assert_eq!(get_slot::<Mem>(usize::MAX).unwrap_err(), NotAligned);
}

#[test]
fn before_start_up_every_frame_is_out_of_bound() {
    platform!(Mem = Region::asleep(unused(5)));
    assert_eq!(get_slot::<Mem>(frame(0)).unwrap_err(), OutOfBound);
    assert_eq!(get_slot::<Mem>(1).unwrap_err(), NotAligned);
    assert_eq!(MaxPaddr::default().get(), 0);
}

#[test]
fn claims_and_lookups_report_a_bad_address_the_same_way() {
    struct Meta;
    impl_frame_meta_for!(Meta);
    platform!(Mem = Region::new(unused(5)));

    for (paddr, error) in [
        (frame(5), OutOfBound),
        (frame(0) + 8, NotAligned),
        (frame(5) + 8, NotAligned),
    ] {
        let shared = Frame::<_, Mem>::from_unused(paddr, Meta);
        assert_eq!(shared.unwrap_err(), error);
        let unique = UniqueFrame::<_, Mem>::from_unused(paddr, Meta);
        assert_eq!(unique.unwrap_err(), error);
        let found = Frame::<_, Mem>::from_in_use(paddr);
        assert_eq!(found.unwrap_err(), error);
    }
}

#[test]
#[should_panic(expected = "within a frame")]
fn memory_that_ends_within_a_frame_is_refused() {
    platform!(Mem = Region::asleep(unused(2)));
    // SAFETY: both slots are initialised; it panics before the third matters.
    unsafe { Mem::region().max_paddr.set(2 * PAGE_SIZE + 512) };
}
