//! Random maps boot, and every frame has exactly the type that the map implies
//! according to an independent reading, page by page.

use std::alloc::Layout;
use std::ops::Range;

use meta_core::boot::MemoryRegionType::*;
use meta_core::boot::{
    BootError, EarlyAllocator, EarlyMemory, MemoryMap, MemoryRegion, MemoryRegionType,
};
use meta_core::{PAGE_SIZE, Paddr};
use proptest::prelude::*;

use crate::lab::{self, Kind, boot_fresh, kinds};

/// All regions end below this frame.
const FRAMES: usize = 400;

/// How bad a type is, said once more.
fn badness(typ: MemoryRegionType) -> u32 {
    match typ {
        Usable => 0,
        Reclaimable => 1,
        Framebuffer => 2,
        Module => 3,
        Kernel => 4,
        Reserved => 5,
        NonVolatileSleep => 6,
        Unknown => 7,
        BadMemory => 8,
    }
}

/// The type of a page.
fn type_of(page: usize, regions: &[MemoryRegion]) -> MemoryRegionType {
    let (first, last) = (page * PAGE_SIZE, page * PAGE_SIZE + PAGE_SIZE - 1);
    let covers = |region: &&MemoryRegion| {
        let has = |byte| byte >= region.base && byte < region.base + region.len;
        if region.typ == Usable {
            has(first) && has(last)
        } else {
            // Some byte is in it: an end of the page, or the region is within.
            region.len > 0 && (has(first) || has(last) || (first..=last).contains(&region.base))
        }
    };
    let types = regions.iter().filter(covers).map(|region| region.typ);
    types.max_by_key(|typ| badness(*typ)).unwrap_or(Unknown)
}

/// What a frame becomes.
fn kind_of(
    page: usize,
    regions: &[MemoryRegion],
    early: &[Range<Paddr>],
    slots: &Range<Paddr>,
) -> Kind {
    let (start, end) = (page * PAGE_SIZE, (page + 1) * PAGE_SIZE);
    let touches = |r: &Range<Paddr>| r.start < r.end && r.start < end && start < r.end;
    match type_of(page, regions) {
        Usable if touches(slots) => Kind::MetaPage,
        Usable if early.iter().any(touches) => Kind::EarlyAllocated,
        Usable => Kind::Unused,
        Kernel => Kind::Kernel,
        Reserved | Unknown | Framebuffer => Kind::Reserved,
        BadMemory | NonVolatileSleep | Module | Reclaimable => Kind::Unusable,
    }
}

/// The number of frames that have a slot.
fn frame_count(regions: &[MemoryRegion]) -> usize {
    let is_ram = |page: &usize| match type_of(*page, regions) {
        Usable | Kernel | Module | Reclaimable | NonVolatileSleep => true,
        BadMemory | Unknown | Reserved | Framebuffer => false,
    };
    (0..FRAMES).filter(is_ram).max().map_or(0, |page| page + 1)
}

/// An address: of a page, or anywhere.
fn address() -> impl Strategy<Value = usize> {
    let pages = (0..FRAMES).prop_map(|page| page * PAGE_SIZE);
    prop_oneof![pages, 0..FRAMES * PAGE_SIZE]
}

fn region() -> impl Strategy<Value = MemoryRegion> {
    let typ = prop_oneof![
        3 => Just(Usable),
        5 => prop::sample::select(&MemoryRegionType::ALL[..]),
    ];
    let len = prop_oneof![
        1 => Just(0),
        3 => 0..3 * PAGE_SIZE,
        6 => address(),
    ];
    (address(), len, typ).prop_map(|(base, len, typ)| MemoryRegion {
        base,
        len: len.min(FRAMES * PAGE_SIZE - base),
        typ,
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: Some(Box::new(
            proptest::test_runner::FileFailurePersistence::WithSource("regressions"),
        )),
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_frame_has_the_type_that_the_map_implies(
        regions in prop::collection::vec(region(), 0..14),
        before in prop::collection::vec((0..3 * PAGE_SIZE, 0_u32..13), 0..4),
    ) {
        let count = frame_count(&regions);
        let map = match MemoryMap::new(&regions) {
            Ok(map) => map,
            Err(error) => {
                let largest = regions.iter().max_by_key(|region| region.len).copied();
                prop_assert_eq!(error, BootError::NoPhysicalMemory { largest });
                prop_assert_eq!(count, 0);
                return Ok(());
            }
        };
        prop_assert_eq!(map.max_paddr(), count * PAGE_SIZE);
        for range in map.ranges() {
            for page in range.base / PAGE_SIZE..(range.base + range.len) / PAGE_SIZE {
                prop_assert_eq!(range.typ, type_of(page, &regions), "page {}", page);
            }
        }

        // SAFETY: nobody uses the memory.
        let mut early = unsafe { EarlyMemory::new(&map) };
        for (size, align) in before {
            early.alloc(Layout::from_size_align(size, 1 << align).unwrap());
        }
        let out: Vec<_> = early.allocated_regions().collect();
        let slot_bytes = (count * 64).next_multiple_of(PAGE_SIZE);
        match boot_fresh(FRAMES, &regions, &mut early) {
            Ok(slots) => {
                prop_assert_eq!(slots.end - slots.start, slot_bytes);
                let expected: Vec<_> = (0..count)
                    .map(|page| kind_of(page, &regions, &out, &slots))
                    .collect();
                prop_assert_eq!(kinds(), expected);
            }
            Err(BootError::NoRoom { bytes, .. }) => {
                prop_assert_eq!(bytes, slot_bytes);
                let pages = |page: &usize| type_of(*page, &regions) == Usable;
                let usable = (0..count).filter(pages).count() * PAGE_SIZE;
                let taken: usize = out.iter().map(|range| range.end - range.start).sum();
                // Another range of the same size may have had room.
                prop_assert!(usable < count * PAGE_SIZE || usable - taken < slot_bytes + PAGE_SIZE);
                let left: Vec<_> = early.allocated_regions().collect();
                prop_assert_eq!(left, out);
                lab::assert_untouched(Paddr::MAX);
            }
            Err(error) => prop_assert!(false, "{}", error),
        }
    }
}
