//! A boot that fails says why and names the region, and nothing half-done stays
//! behind: the same machine boots when the cause is gone.

use std::ops::Range;

use meta_core::boot::MemoryRegionType::*;
use meta_core::boot::{BootError, EarlyMemory, MemoryMap, MemoryRegion, is_initialized};
use meta_core::{PAGE_SIZE, Paddr};

use crate::lab::{
    self, Call, Early, Kind, Lab, assert_untouched, boot, boot_fresh, bytes, calls, frames, kinds,
};

const END: Paddr = 16 * PAGE_SIZE;

/// A map of 300 frames, most of them past `END`.
fn regions() -> [MemoryRegion; 3] {
    [
        frames(0..300, Usable),
        frames(5..8, Kernel),
        frames(290..300, Reclaimable),
    ]
}

fn mapped(range: Range<usize>) -> MemoryRegion {
    frames(range, Usable)
}

/// Boots, expects an error, and looks for what is left.
fn fails(regions: &[MemoryRegion], early: &mut Early) -> BootError {
    let out = early.out.clone();
    let error = boot::<END>(regions, early).map(|_| ()).unwrap_err();
    assert_untouched(END);
    assert_eq!(early.out, out);
    error
}

/// Boots the same machine after all.
fn boots(early: &mut Early) {
    let slots = lab::range_of(&boot::<END>(&regions(), early).unwrap());
    assert!(is_initialized::<Lab>());
    assert_eq!(slots, 20 * PAGE_SIZE..25 * PAGE_SIZE);
    let mut expected = vec![Kind::Unused; 300];
    expected[5..8].fill(Kind::Kernel);
    expected[20..25].fill(Kind::MetaPage);
    expected[290..].fill(Kind::Unusable);
    assert_eq!(kinds(), expected);
}

fn machine() -> Early {
    lab::plug_in(300 * PAGE_SIZE, END);
    Early::new(20 * PAGE_SIZE, &[])
}

#[test]
fn a_second_boot_is_refused_and_changes_nothing() {
    let mut early = machine();
    boots(&mut early);
    let before = kinds();
    calls();
    for regions in [&regions()[..], &[frames(0..4, Usable)], &[]] {
        let error = boot::<END>(regions, &mut early).unwrap_err();
        let max_paddr = 300 * PAGE_SIZE;
        assert_eq!(error, BootError::AlreadyBooted { max_paddr });
    }
    assert_eq!(kinds(), before);
    assert!(calls().is_empty());
    assert_eq!(lab::freed(), 0);
}

#[test]
fn an_overflow_asks_nothing_of_anybody() {
    let mut early = machine();
    let region = bytes(0x1000..usize::MAX, Reserved);
    let error = fails(&[frames(0..300, Usable), region], &mut early);
    assert_eq!(error, BootError::Overflow { region });
    assert!(calls().is_empty());
    boots(&mut early);
}

#[test]
fn no_physical_memory_asks_nothing_of_anybody() {
    let mut early = machine();
    let region = frames(0..300, Reserved);
    let largest = Some(region);
    let error = fails(&[region], &mut early);
    assert_eq!(error, BootError::NoPhysicalMemory { largest });
    assert!(calls().is_empty());
    boots(&mut early);
}

#[test]
fn no_room_names_the_end_of_memory() {
    let mut early = machine();
    early.gives = None;
    let error = fails(&regions(), &mut early);
    let expected = BootError::NoRoom {
        bytes: 5 * PAGE_SIZE,
        highest: frames(290..300, Reclaimable),
    };
    assert_eq!(error, expected);
    early.gives = Some(20 * PAGE_SIZE);
    boots(&mut early);
}

#[test]
fn a_high_region_that_needs_more_slots_than_there_is_memory_has_no_room() {
    let high = frames(1 << 40..(1 << 40) + 1, Usable);
    let regions = [frames(0..8, Usable), high];
    let map = MemoryMap::new(&regions).unwrap();
    // SAFETY: nobody uses the memory.
    let mut early = unsafe { EarlyMemory::new(&map) };
    let error = boot_fresh(8, &regions, &mut early).unwrap_err();
    let bytes = ((1 << 40) + 1_usize).div_ceil(64) * PAGE_SIZE;
    assert_eq!(
        error,
        BootError::NoRoom {
            bytes,
            highest: high
        }
    );
    assert_untouched(Paddr::MAX);
}

#[test]
fn memory_that_cannot_be_mapped_linearly_is_named() {
    let mut early = machine();
    lab::fail_linear(true);
    let error = fails(&regions(), &mut early);
    let region = mapped(16..300);
    assert_eq!(error, BootError::CannotMap { region });
    assert!(calls().is_empty());
    lab::fail_linear(false);
    boots(&mut early);
}

#[test]
fn slots_that_cannot_be_mapped_are_unmapped_and_given_back() {
    for failing in 0..5 {
        let mut early = machine();
        lab::fail_page(Some(failing));
        let error = fails(&regions(), &mut early);
        let region = mapped(20..25);
        assert_eq!(error, BootError::CannotMap { region });
        // The last step first.
        let undone: Vec<_> = calls()
            .into_iter()
            .filter_map(|call| match call {
                Call::UnmapMeta(index, paddr) => Some((index, paddr / PAGE_SIZE)),
                Call::Dealloc(paddr, _) => Some((100, paddr / PAGE_SIZE)),
                Call::UnmapLinear(range) => Some((200, range.start / PAGE_SIZE)),
                _ => None,
            })
            .collect();
        let pages = (0..failing).rev().map(|index| (index, 20 + index));
        let expected: Vec<_> = pages.chain([(100, 20), (200, 16)]).collect();
        assert_eq!(undone, expected);
        lab::fail_page(None);
        boots(&mut early);
    }
}

#[test]
fn slots_in_memory_that_is_not_usable_are_refused_before_they_are_written() {
    for (gives, region) in [
        (4, frames(5..8, Kernel)),
        (7, frames(5..8, Kernel)),
        (288, frames(290..300, Reclaimable)),
    ] {
        let mut early = machine();
        early.gives = Some(gives * PAGE_SIZE);
        let error = fails(&regions(), &mut early);
        let allocated = gives * PAGE_SIZE..(gives + 5) * PAGE_SIZE;
        assert_eq!(error, BootError::NotUsable { allocated, region });
        assert!(!calls().iter().any(|call| matches!(call, Call::MapMeta(..))));
        early.gives = Some(20 * PAGE_SIZE);
        boots(&mut early);
    }
}

#[test]
fn early_allocations_outside_usable_memory_are_refused() {
    let max_paddr = 300 * PAGE_SIZE;
    let beyond = bytes(max_paddr..usize::MAX, Unknown);
    for (allocated, region) in [
        (0x4fff..0x5001, frames(5..8, Kernel)),
        (0x7fff..0x8000, frames(5..8, Kernel)),
        (0x1000..0x20000, frames(5..8, Kernel)),
        (max_paddr..max_paddr + 1, beyond),
        (usize::MAX - 1..usize::MAX, beyond),
    ] {
        let mut early = machine();
        early.out.push(allocated.clone());
        let error = fails(&regions(), &mut early);
        assert_eq!(error, BootError::NotUsable { allocated, region });
        early.out.clear();
        boots(&mut early);
    }
}

#[test]
fn what_the_mapping_itself_allocates_is_checked_too() {
    let mut early = machine();
    let allocated = 0x5000..0x6000;
    early.out_by_mapping.push(allocated.clone());
    let error = fails(&regions(), &mut early);
    let region = frames(5..8, Kernel);
    assert_eq!(error, BootError::NotUsable { allocated, region });
    early.out_by_mapping.clear();
    boots(&mut early);
    // The pages on either side of the region are usable.
    for beside in [0x4000..0x5000, 0x8000..0x9000] {
        let mut early = machine();
        early.out_by_mapping.push(beside);
        boot::<END>(&regions(), &mut early).unwrap();
    }
}

#[test]
fn of_two_faults_the_first_is_named() {
    // Of regions in a map, by its order.
    let [one, other] = [1, 2].map(|page| bytes(page * PAGE_SIZE..usize::MAX, Reserved));
    for [first, second] in [[one, other], [other, one]] {
        let error = MemoryMap::new(&[frames(0..8, Usable), first, second]).unwrap_err();
        assert_eq!(error, BootError::Overflow { region: first });
    }
    // Of regions under one allocation, by their addresses.
    let mut early = machine();
    early.gives = Some(20 * PAGE_SIZE);
    let two_bad = [
        frames(0..300, Usable),
        frames(24..25, Kernel),
        frames(21..22, Reserved),
    ];
    let error = fails(&two_bad, &mut early);
    let allocated = 20 * PAGE_SIZE..25 * PAGE_SIZE;
    let region = frames(21..22, Reserved);
    assert_eq!(error, BootError::NotUsable { allocated, region });
    // Of allocations, by their order.
    early.out = vec![0x7000..0x8000, 0x5000..0x6000];
    let error = fails(&regions(), &mut early);
    let region = frames(5..8, Kernel);
    let allocated = 0x7000..0x8000;
    assert_eq!(error, BootError::NotUsable { allocated, region });
}

#[test]
fn errors_name_the_region_in_words() {
    let mut early = machine();
    early.gives = None;
    let said = fails(&regions(), &mut early).to_string();
    assert_eq!(
        said,
        "no room for 0x5000 bytes of slots, up to the end of Reclaimable 0x122000 + 0xa000"
    );
    let said = fails(&[bytes(0x1000..usize::MAX, Reserved)], &mut early).to_string();
    assert_eq!(
        said,
        "the region Reserved 0x1000 + 0xffffffffffffefff does not fit the address space"
    );
    let said = fails(&[], &mut early).to_string();
    assert_eq!(said, "the memory map is empty");
    let said = fails(&[bytes(0x1001..0x1ff0, Reserved)], &mut early).to_string();
    assert_eq!(
        said,
        "the memory map has no page of RAM; its largest region is Reserved 0x1001 + 0xfef"
    );
    lab::fail_linear(true);
    let said = fails(&regions(), &mut early).to_string();
    assert_eq!(said, "cannot map Usable 0x10000 + 0x11c000");
    lab::fail_linear(false);
    early.gives = Some(4 * PAGE_SIZE);
    let said = fails(&regions(), &mut early).to_string();
    assert_eq!(
        said,
        "0x4000..0x9000 was allocated early, but is in Kernel 0x5000 + 0x3000"
    );
    early.gives = Some(20 * PAGE_SIZE);
    boots(&mut early);
    let said = boot::<END>(&[], &mut early).unwrap_err().to_string();
    assert_eq!(said, "the memory up to 0x12c000 has been booted before");
}
