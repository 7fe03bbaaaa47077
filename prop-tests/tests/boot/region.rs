//! What becomes of the frames, and what is asked of the platform.

use std::alloc::Layout;

use meta_core::boot::MemoryRegionType::*;
use meta_core::boot::{
    self, CachePolicy, EarlyAllocator, EarlyMemory, MemoryMap, PageAccess, PageProperty,
    X86_64_LINEAR_END,
};
use meta_core::{META_SLOT_SIZE, PAGE_SIZE, Paddr, REF_COUNT_UNUSED, frame_to_meta, meta_to_frame};

use crate::lab::{self, Call, Early, Kind, Lab, boot_fresh, bytes, calls, frames, kinds};

const DATA: PageProperty = PageProperty {
    access: PageAccess::ReadWrite,
    cache: CachePolicy::Writeback,
    global: true,
};

fn pages(count: usize) -> Layout {
    Layout::from_size_align(count * PAGE_SIZE, PAGE_SIZE).unwrap()
}

#[test]
fn each_frame_of_ram_has_a_slot_taken_in_whole_pages() {
    for (count, slot_pages) in [
        (2, 1),
        (63, 1),
        (64, 1),
        (65, 2),
        (128, 2),
        (129, 3),
        (1000, 16),
    ] {
        let mut early = Early::new(PAGE_SIZE, &[]);
        let regions = [frames(0..count, Usable), frames(count..count + 9, Reserved)];
        let slots = boot_fresh(count + 9, &regions, &mut early).unwrap();
        assert_eq!(calls()[0], Call::Alloc(pages(slot_pages)), "{count} frames");
        assert_eq!(slots, PAGE_SIZE..(1 + slot_pages) * PAGE_SIZE);
        assert_eq!(kinds().len(), count);
        assert_eq!(slot_pages, (count * META_SLOT_SIZE).div_ceil(PAGE_SIZE));
    }
}

#[test]
fn every_slot_starts_unused_and_in_no_list() {
    let mut early = Early::new(0, &[]);
    boot_fresh(200, &[frames(0..200, Usable)], &mut early).unwrap();
    for index in 4..200 {
        assert_eq!(lab::slot_word(index, 40), REF_COUNT_UNUSED, "slot {index}");
    }
    for index in 0..200 {
        assert_eq!(lab::slot_word(index, 56), 0, "slot {index}");
    }
    let mut expected = vec![Kind::Unused; 200];
    expected[..4].fill(Kind::MetaPage);
    assert_eq!(kinds(), expected);
}

#[test]
fn the_pages_of_slots_are_mapped_in_order_as_data_of_the_kernel() {
    let mut early = Early::new(7 * PAGE_SIZE, &[]);
    boot_fresh(130, &[frames(0..130, Usable)], &mut early).unwrap();
    let map = |index| Call::MapMeta(index, (7 + index) * PAGE_SIZE, DATA);
    assert_eq!(calls(), [Call::Alloc(pages(3)), map(0), map(1), map(2)]);
    assert_eq!(PageProperty::KERNEL_DATA, DATA);
}

#[test]
fn slots_and_frames_are_each_others() {
    let mut early = Early::new(PAGE_SIZE, &[]);
    boot_fresh(200, &[frames(0..200, Usable)], &mut early).unwrap();
    for paddr in (0..200 * PAGE_SIZE).step_by(PAGE_SIZE) {
        let slot = frame_to_meta::<Lab>(paddr);
        assert_eq!(meta_to_frame::<Lab>(slot), paddr);
        let first = frame_to_meta::<Lab>(0).addr();
        assert_eq!(slot.addr() - first, paddr / PAGE_SIZE * META_SLOT_SIZE);
    }
}

#[test]
fn frames_are_marked_by_their_type() {
    let types = [
        (BadMemory, Kind::Unusable),
        (NonVolatileSleep, Kind::Unusable),
        (Module, Kind::Unusable),
        (Reclaimable, Kind::Unusable),
        (Reserved, Kind::Reserved),
        (Unknown, Kind::Reserved),
        (Framebuffer, Kind::Reserved),
        (Kernel, Kind::Kernel),
        (Usable, Kind::Unused),
    ];
    for (typ, kind) in types {
        let mut early = Early::new(0, &[]);
        let regions = [frames(0..12, Usable), frames(4..7, typ)];
        boot_fresh(12, &regions, &mut early).unwrap();
        let mut expected = vec![Kind::Unused; 12];
        expected[0] = Kind::MetaPage;
        expected[4..7].fill(kind);
        assert_eq!(kinds(), expected, "{typ:?}");
    }
}

#[test]
fn gaps_are_reserved() {
    let mut early = Early::new(2 * PAGE_SIZE, &[]);
    let regions = [frames(2..5, Usable), bytes(0x7800..0xa000, Usable)];
    boot_fresh(10, &regions, &mut early).unwrap();
    let mut expected = vec![Kind::Reserved; 10];
    expected[2] = Kind::MetaPage;
    expected[3..5].fill(Kind::Unused);
    expected[8..10].fill(Kind::Unused);
    assert_eq!(kinds(), expected);
}

#[test]
fn what_was_allocated_early_is_marked_except_the_slots() {
    let mut early = Early::new(4 * PAGE_SIZE, &[0x2000..0x4000, 0x8000..0x9000]);
    boot_fresh(12, &[frames(0..12, Usable)], &mut early).unwrap();
    let mut expected = vec![Kind::Unused; 12];
    expected[2..4].fill(Kind::EarlyAllocated);
    expected[4] = Kind::MetaPage;
    expected[8] = Kind::EarlyAllocated;
    assert_eq!(kinds(), expected);
}

#[test]
fn slots_inside_an_early_range_are_still_only_slots() {
    for at in [2, 4, 6] {
        let mut early = Early::new(at * PAGE_SIZE, &[0x2000..0x6400, 0x6400..0x7000]);
        boot_fresh(12, &[frames(0..12, Usable)], &mut early).unwrap();
        let mut expected = vec![Kind::Unused; 12];
        expected[2..7].fill(Kind::EarlyAllocated);
        expected[at] = Kind::MetaPage;
        assert_eq!(kinds(), expected);
    }
}

#[test]
fn early_allocations_may_share_pages_and_be_empty() {
    let out = [
        0x2400..0x3400,
        0x3400..0x3800,
        0x3000..0x3001,
        0x5800..0x5800,
        0x9..0x9,
    ];
    let mut early = Early::new(PAGE_SIZE, &out);
    boot_fresh(8, &[frames(0..8, Usable)], &mut early).unwrap();
    let mut expected = vec![Kind::Unused; 8];
    expected[1] = Kind::MetaPage;
    expected[2..4].fill(Kind::EarlyAllocated);
    assert_eq!(kinds(), expected);
}

#[test]
fn the_slots_own_pages_are_returned_and_nothing_is_given_up() {
    lab::plug_in(300 * PAGE_SIZE, Paddr::MAX);
    let mut early = Early::new(3 * PAGE_SIZE, &[]);
    {
        let slots = lab::boot::<{ Paddr::MAX }>(&[frames(0..300, Usable)], &mut early).unwrap();
        assert_eq!((slots.start_paddr(), slots.len()), (3 * PAGE_SIZE, 5));
        assert!(slots.frames().all(|frame| frame.reference_count() == 1));
        // A clone has handles of its own.
        drop(slots.clone());
    }
    // Nor is anything when it goes out of scope.
    let mut expected = vec![Kind::Unused; 300];
    expected[3..8].fill(Kind::MetaPage);
    assert_eq!(kinds(), expected);
    assert_eq!(lab::freed(), 0);
}

#[test]
fn a_region_is_initialized_once_its_end_is_known() {
    lab::plug_in(8 * PAGE_SIZE, Paddr::MAX);
    assert!(!boot::is_initialized::<Lab>());
    let mut early = Early::new(0, &[]);
    lab::boot::<{ Paddr::MAX }>(&[frames(0..8, Usable)], &mut early).unwrap();
    assert!(boot::is_initialized::<Lab>());
}

#[test]
fn memory_past_the_boot_page_table_is_mapped_first() {
    const END: Paddr = 16 * PAGE_SIZE;
    lab::plug_in(40 * PAGE_SIZE, END);
    // The slots lie past the end: writing them needs the mapping.
    let mut early = Early::new(30 * PAGE_SIZE, &[]);
    let regions = [frames(0..40, Usable), frames(40..50, Reserved)];
    lab::boot::<END>(&regions, &mut early).unwrap();
    let expected = [
        Call::MapLinear(END..40 * PAGE_SIZE, DATA),
        Call::Alloc(pages(1)),
        Call::MapMeta(0, 30 * PAGE_SIZE, DATA),
    ];
    assert_eq!(calls(), expected);
    assert_eq!(X86_64_LINEAR_END, 4 << 30);
}

#[test]
fn memory_within_the_boot_page_table_is_not_mapped_again() {
    const END: Paddr = 16 * PAGE_SIZE;
    for count in [15, 16] {
        lab::plug_in(count * PAGE_SIZE, END);
        let mut early = Early::new(0, &[]);
        let regions = [frames(0..count, Usable), frames(16..50, Reserved)];
        lab::boot::<END>(&regions, &mut early).unwrap();
        let expected = [Call::Alloc(pages(1)), Call::MapMeta(0, 0, DATA)];
        assert_eq!(calls(), expected);
    }
}

#[test]
fn early_memory_is_the_largest_usable_range_from_its_start() {
    let regions = [
        frames(0..4, Usable),
        frames(4..9, Kernel),
        frames(9..14, Usable),
        frames(14..15, Reserved),
        frames(15..20, Usable),
    ];
    let map = MemoryMap::new(&regions).unwrap();
    // SAFETY: there is no such memory, and nobody uses it.
    let mut early = unsafe { EarlyMemory::new(&map) };
    let layout = |size, align| Layout::from_size_align(size, align).unwrap();
    let out = |early: &EarlyMemory| early.allocated_regions().last();
    assert!(out(&early).is_none_or(|range| range.is_empty()));
    assert_eq!(early.alloc(layout(100, 8)), Some(0x9000));
    assert_eq!(early.alloc(pages(2)), Some(0xa000));
    assert_eq!(out(&early), Some(0x9000..0xc000));
    assert_eq!(early.alloc(pages(3)), None);
    // SAFETY: just allocated, and used by nobody.
    unsafe { early.dealloc(0xa000, pages(2)) };
    assert_eq!(out(&early), Some(0x9000..0x9064));
    assert_eq!(early.alloc(pages(4)), Some(0xa000));
    assert_eq!(early.alloc(layout(1, 1)), None);
}

#[test]
fn early_memory_is_handed_out_once_whatever_is_taken_back() {
    let regions = [frames(0..64, Usable)];
    let map = MemoryMap::new(&regions).unwrap();
    // SAFETY: the memory of this test does not exist.
    let mut early = unsafe { EarlyMemory::new(&map) };
    let alloc = |early: &mut EarlyMemory| early.alloc(pages(2)).unwrap() / PAGE_SIZE;
    let (oldest, older) = (alloc(&mut early), alloc(&mut early));
    // SAFETY: allocated just above, each once.
    unsafe { early.dealloc(oldest * PAGE_SIZE, pages(2)) };
    let newest = alloc(&mut early);
    // SAFETY: as above.
    unsafe { early.dealloc(older * PAGE_SIZE, pages(2)) };
    let last = alloc(&mut early);
    assert_eq!([oldest, older, newest, last], [0, 2, 4, 6]);
    // The last one comes back, and nothing before it.
    // SAFETY: as above.
    unsafe {
        early.dealloc(last * PAGE_SIZE, pages(2));
        early.dealloc(newest * PAGE_SIZE, pages(2));
    }
    assert_eq!(alloc(&mut early), 6);
    let out: Vec<_> = early.allocated_regions().collect();
    let all = 0..8 * PAGE_SIZE;
    assert_eq!(out, std::slice::from_ref(&all));
}
