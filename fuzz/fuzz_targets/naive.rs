//! What a memory map means, page by page, said once more and without looking at
//! how the boot does it.

use std::collections::BTreeSet;

use meta_core::boot::MemoryRegion;
use meta_core::boot::MemoryRegionType::{self, *};
use meta_core::{PAGE_SIZE, Paddr};

const PAGE: u128 = PAGE_SIZE as u128;

/// What becomes of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Unused,
    MetaPage,
    Kernel,
    Reserved,
    Unusable,
}

/// How bad a type is: where regions overlap, the worst wins.
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

fn ends(region: &MemoryRegion) -> (u128, u128) {
    let start = region.base as u128;
    (start, start + region.len as u128)
}

/// The first region whose last page does not fit the address space.
pub fn overflow(regions: &[MemoryRegion]) -> Option<MemoryRegion> {
    let too_far = |region: &&MemoryRegion| {
        region.len > 0 && ends(region).1.next_multiple_of(PAGE) > usize::MAX as u128
    };
    regions.iter().find(too_far).copied()
}

/// The type of a page.
pub fn type_of(page: Paddr, regions: &[MemoryRegion]) -> MemoryRegionType {
    let (first, past) = (page as u128, page as u128 + PAGE);
    let covers = |region: &&MemoryRegion| {
        let (start, end) = ends(region);
        if region.typ == Usable {
            start <= first && past <= end
        } else {
            start < end && start < past && first < end
        }
    };
    let types = regions.iter().filter(covers).map(|region| region.typ);
    types.max_by_key(|typ| badness(*typ)).unwrap_or(Unknown)
}

/// What becomes of a frame that holds no slots.
pub fn kind(page: Paddr, regions: &[MemoryRegion]) -> Kind {
    match type_of(page, regions) {
        Usable => Kind::Unused,
        MemoryRegionType::Kernel => Kind::Kernel,
        MemoryRegionType::Reserved | Unknown | Framebuffer => Kind::Reserved,
        BadMemory | NonVolatileSleep | Module | Reclaimable => Kind::Unusable,
    }
}

/// The pages around both ends of each region, and the first one: of pages in a
/// row that have one type, at least one is here.
pub fn corners(regions: &[MemoryRegion]) -> BTreeSet<Paddr> {
    let around = |end: u128| {
        let page = end - end % PAGE;
        [page.saturating_sub(PAGE), page, page + PAGE]
    };
    let both = |region: &MemoryRegion| {
        let (start, end) = ends(region);
        [around(start), around(end)].concat()
    };
    let pages = regions.iter().flat_map(both).chain([0]);
    pages
        .filter_map(|page| Paddr::try_from(page).ok())
        .collect()
}

/// The end of physical memory; 0 if there is none.
pub fn end(regions: &[MemoryRegion], corners: &BTreeSet<Paddr>) -> Paddr {
    let is_ram = |page: &&Paddr| match type_of(**page, regions) {
        Usable | MemoryRegionType::Kernel | Module | Reclaimable | NonVolatileSleep => true,
        BadMemory | Unknown | MemoryRegionType::Reserved | Framebuffer => false,
    };
    corners
        .iter()
        .rfind(is_ram)
        .map_or(0, |page| page + PAGE_SIZE)
}

/// The most usable pages in a row below `end`.
pub fn longest(regions: &[MemoryRegion], end: Paddr) -> usize {
    let (mut longest, mut run) = (0, 0);
    for page in (0..end).step_by(PAGE_SIZE) {
        run = if type_of(page, regions) == Usable {
            run + 1
        } else {
            0
        };
        longest = longest.max(run);
    }
    longest
}
