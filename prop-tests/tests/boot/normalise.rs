//! What is made of a memory map.

use meta_core::PAGE_SIZE;
use meta_core::boot::MemoryRegionType::{self, *};
use meta_core::boot::{BootError, MemoryMap, MemoryRegion};

use crate::lab::{bytes, frames};

/// The ranges of a map, in frames.
fn ranges(regions: &[MemoryRegion]) -> Vec<(usize, usize, MemoryRegionType)> {
    let map = MemoryMap::new(regions).unwrap();
    let frame = |paddr: usize| {
        assert!(paddr.is_multiple_of(PAGE_SIZE));
        paddr / PAGE_SIZE
    };
    map.ranges()
        .map(|r| (frame(r.base), frame(r.base + r.len), r.typ))
        .collect()
}

#[test]
fn regions_are_sorted() {
    let sorted = [(0, 2, Usable), (2, 3, Kernel), (3, 9, Usable)];
    let mut regions = sorted.map(|(start, end, typ)| frames(start..end, typ));
    assert_eq!(ranges(&regions), sorted);
    regions.reverse();
    assert_eq!(ranges(&regions), sorted);
    regions.swap(0, 1);
    assert_eq!(ranges(&regions), sorted);
}

#[test]
fn a_usable_region_shrinks_to_its_whole_pages() {
    for (start, end) in [(1, 0), (0, 4095), (4095, 1), (1, 1)] {
        let regions = [
            bytes(0x1000 + start..0x8000 - (4096 - end) % 4096, Usable),
            frames(10..11, Kernel),
        ];
        let first = if start == 0 { 1 } else { 2 };
        let last = if end == 0 { 8 } else { 7 };
        let expected = [
            (0, first, Unknown),
            (first, last, Usable),
            (last, 10, Unknown),
            (10, 11, Kernel),
        ];
        assert_eq!(ranges(&regions), expected, "{start} {end}");
    }
}

#[test]
fn a_usable_region_within_a_page_is_nothing() {
    for part in [
        0x1001..0x2000,
        0x1000..0x1fff,
        0x1400..0x1800,
        0x1fff..0x2001,
    ] {
        let regions = [bytes(part, Usable), frames(3..4, Usable)];
        assert_eq!(ranges(&regions), [(0, 3, Unknown), (3, 4, Usable)]);
    }
}

#[test]
fn any_other_region_grows_to_the_pages_it_touches() {
    for typ in MemoryRegionType::ALL.into_iter().filter(|t| *t != Usable) {
        for part in [
            0x2000..0x2001,
            0x2fff..0x3000,
            0x2000..0x3000,
            0x2800..0x2801,
        ] {
            let regions = [frames(0..5, Usable), bytes(part, typ)];
            let expected = [(0, 2, Usable), (2, 3, typ), (3, 5, Usable)];
            assert_eq!(ranges(&regions), expected);
        }
        let regions = [frames(0..5, Usable), bytes(0x1fff..0x3001, typ)];
        assert_eq!(
            ranges(&regions),
            [(0, 1, Usable), (1, 4, typ), (4, 5, Usable)]
        );
    }
}

#[test]
fn where_regions_overlap_the_least_usable_type_wins() {
    let order = [
        BadMemory,
        Unknown,
        NonVolatileSleep,
        Reserved,
        Kernel,
        Module,
        Framebuffer,
        Reclaimable,
        Usable,
    ];
    assert_eq!(order, MemoryRegionType::ALL);
    for (index, &less) in order.iter().enumerate() {
        for &more in &order[index..] {
            let end = frames(9..10, Usable);
            for regions in [
                [frames(0..6, less), frames(3..9, more), end],
                [end, frames(3..9, more), frames(0..6, less)],
            ] {
                let types: Vec<_> = ranges(&regions)
                    .into_iter()
                    .flat_map(|(start, end, typ)| std::iter::repeat_n(typ, end - start))
                    .collect();
                assert_eq!(types[..6], [less; 6]);
                assert_eq!(types[6..9], [more; 3]);
            }
        }
    }
}

#[test]
fn gaps_are_unknown() {
    let regions = [frames(2..3, Usable), frames(5..7, Kernel)];
    let expected = [
        (0, 2, Unknown),
        (2, 3, Usable),
        (3, 5, Unknown),
        (5, 7, Kernel),
    ];
    assert_eq!(ranges(&regions), expected);
}

#[test]
fn neighbours_of_one_type_are_one_range() {
    let regions = [
        frames(0..4, Usable),
        frames(4..5, Usable),
        frames(3..8, Usable),
        frames(8..8, Reserved),
        frames(9..10, Unknown),
        frames(11..12, Usable),
    ];
    let expected = [(0, 8, Usable), (8, 11, Unknown), (11, 12, Usable)];
    assert_eq!(ranges(&regions), expected);
}

#[test]
fn an_empty_region_is_nothing() {
    for typ in MemoryRegionType::ALL {
        for at in [0x1000, 0x1800, usize::MAX] {
            let regions = [bytes(at..at, typ), frames(0..3, Usable)];
            assert_eq!(ranges(&regions), [(0, 3, Usable)]);
        }
    }
}

#[test]
fn the_end_of_physical_memory_is_the_highest_end_of_ram() {
    for typ in MemoryRegionType::ALL {
        let is_ram = !matches!(typ, BadMemory | Unknown | Reserved | Framebuffer);
        assert_eq!(typ.is_ram(), is_ram);
        let regions = [frames(6..8, typ), frames(0..4, Usable)];
        let map = MemoryMap::new(&regions).unwrap();
        let end = if is_ram { 8 } else { 4 };
        assert_eq!(map.max_paddr(), end * PAGE_SIZE, "{typ:?}");
    }
}

#[test]
fn what_is_wholly_above_the_end_is_skipped() {
    let regions = [
        frames(0..4, Usable),
        frames(4..6, Reserved),
        frames(9..12, BadMemory),
        frames(20..21, Framebuffer),
    ];
    assert_eq!(ranges(&regions), [(0, 4, Usable)]);
}

#[test]
fn ram_that_something_worse_covers_does_not_count() {
    let regions = [frames(0..9, Usable), frames(5..9, Reserved)];
    assert_eq!(ranges(&regions), [(0, 5, Usable)]);
    let regions = [frames(0..9, Usable), frames(5..8, Reserved)];
    let expected = [(0, 5, Usable), (5, 8, Reserved), (8, 9, Usable)];
    assert_eq!(ranges(&regions), expected);
}

#[test]
fn a_region_that_does_not_fit_the_address_space_is_named() {
    let last = usize::MAX - 4095;
    for typ in MemoryRegionType::ALL {
        for (base, len) in [
            (usize::MAX, 2),
            (0x1000, usize::MAX),
            (last, 4096),
            // It fits, but the page it ends in does not.
            (last - 4096, 4097),
        ] {
            let region = MemoryRegion { base, len, typ };
            let regions = [frames(0..4, Usable), region];
            let error = MemoryMap::new(&regions).unwrap_err();
            assert_eq!(error, BootError::Overflow { region });
        }
    }
    let fits = bytes(last - 4096..last, Reserved);
    assert_eq!(ranges(&[frames(0..4, Usable), fits]), [(0, 4, Usable)]);
}

#[test]
fn no_physical_memory_names_the_largest_region() {
    let error = |regions: &[_]| MemoryMap::new(regions).unwrap_err();
    assert_eq!(error(&[]), BootError::NoPhysicalMemory { largest: None });
    let largest = frames(4..40, Reserved);
    let regions = [
        bytes(0x800..0x1fff, Usable),
        largest,
        frames(2..3, BadMemory),
    ];
    let largest = Some(largest);
    assert_eq!(error(&regions), BootError::NoPhysicalMemory { largest });
}
