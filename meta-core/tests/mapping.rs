//! From a frame to its slot and back, for every frame of a region.

#![cfg(not(model))]

mod common;

use std::ptr;

use common::{Region, frame, unused};
use meta_core::{
    META_SLOT_SIZE, PAGE_SIZE, Platform, frame_to_index, frame_to_meta, get_slot, meta_to_frame,
};

// Miri takes a thousand times longer.
const FRAMES: usize = if cfg!(miri) { 70 } else { 1000 };

platform!(Mem = Region::new(unused(FRAMES)));

#[test]
fn a_frame_is_the_frame_of_its_slot() {
    for index in 0..FRAMES {
        let paddr = frame(index);
        assert_eq!(meta_to_frame::<Mem>(frame_to_meta::<Mem>(paddr)), paddr);
    }
}

#[test]
fn a_slot_is_the_slot_of_its_frame() {
    for index in 0..FRAMES {
        let slot = Mem::slots().as_ptr().wrapping_add(index).cast_const();
        let paddr = meta_to_frame::<Mem>(slot);
        assert!(ptr::eq(frame_to_meta::<Mem>(paddr), slot));
    }
}

#[test]
fn the_slot_that_is_found_is_the_mapped_one_and_knows_its_frame() {
    for index in 0..FRAMES {
        let slot = get_slot::<Mem>(frame(index)).unwrap();
        assert!(ptr::eq(slot, frame_to_meta::<Mem>(frame(index))));
        assert_eq!(slot.frame_paddr::<Mem>(), frame(index));
    }
}

#[test]
fn slots_lie_in_the_order_of_frames_one_cache_line_each() {
    let first = Mem::slots().addr().get();
    for index in 0..FRAMES {
        let slot = frame_to_meta::<Mem>(frame(index)).addr();
        assert_eq!(slot - first, index * META_SLOT_SIZE);
        assert!(slot.is_multiple_of(META_SLOT_SIZE));
    }
}

#[test]
fn all_addresses_in_a_frame_have_its_index() {
    for index in [0, 1, 2, FRAMES - 1] {
        for offset in [0, 1, PAGE_SIZE - 1] {
            assert_eq!(frame_to_index(frame(index) + offset), index);
        }
    }
}
