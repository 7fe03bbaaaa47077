//! The memory map, put in order.

use core::ops::Range;

use super::error::BootError;
use super::region::{MemoryRegion, MemoryRegionType, pages_around};
use crate::platform::Paddr;

/// A memory map in which every frame below the end of physical memory has one
/// type.
///
/// The regions it is made of may come unsorted, overlapping and unaligned, and
/// leave gaps:
///
/// - usable regions shrink to page boundaries, all others grow; an empty region
///   is nothing;
/// - where regions overlap, the least usable type wins, in the order of
///   [`MemoryRegionType`];
/// - gaps are [`Unknown`](MemoryRegionType::Unknown);
/// - the end of physical memory is the highest end of
///   [RAM](MemoryRegionType::is_ram) that is left; what is wholly above it is
///   skipped.
///
/// It needs no memory of its own: the regions are swept over once for each
/// boundary.
///
/// ```
/// use meta_core::boot::{MemoryMap, MemoryRegion, MemoryRegionType::*};
///
/// let region = |base, len, typ| MemoryRegion { base, len, typ };
/// let regions = [
///     region(0x4000, 0x4000, Usable),
///     region(0x0, 0x2c00, Usable),
///     region(0x5800, 0x400, Reserved),
///     region(0xf000, 0x1000, Reserved),
/// ];
/// let map = MemoryMap::new(&regions)?;
/// assert_eq!(map.max_paddr(), 0x8000);
/// let ranges: Vec<_> = map.ranges().map(|r| (r.base, r.len, r.typ)).collect();
/// assert_eq!(ranges, [
///     (0x0, 0x2000, Usable),
///     (0x2000, 0x2000, Unknown),
///     (0x4000, 0x1000, Usable),
///     (0x5000, 0x1000, Reserved),
///     (0x6000, 0x2000, Usable),
/// ]);
/// # Ok::<(), meta_core::boot::BootError>(())
/// ```
#[derive(Debug)]
pub struct MemoryMap<'a> {
    regions: &'a [MemoryRegion],
    /// The range of RAM that ends physical memory.
    highest: MemoryRegion,
}

impl<'a> MemoryMap<'a> {
    /// Puts the regions in order.
    ///
    /// # Errors
    ///
    /// [`Overflow`](BootError::Overflow) if a region, or the page that it ends
    /// in, does not fit the address space;
    /// [`NoPhysicalMemory`](BootError::NoPhysicalMemory) if no page is RAM.
    pub fn new(regions: &'a [MemoryRegion]) -> Result<Self, BootError> {
        let mut end = 0;
        for region in regions {
            let pages = region.pages();
            let pages = pages.ok_or(BootError::Overflow { region: *region })?;
            end = end.max(pages.end);
        }
        let ram = Sweep::new(regions, end).filter(|range| range.typ.is_ram());
        let highest = ram.last().ok_or_else(|| BootError::NoPhysicalMemory {
            largest: regions.iter().max_by_key(|region| region.len).copied(),
        })?;
        Ok(MemoryMap { regions, highest })
    }

    /// The end of physical memory.
    pub fn max_paddr(&self) -> Paddr {
        self.highest.base + self.highest.len
    }

    /// The range of RAM that ends physical memory.
    pub fn highest(&self) -> MemoryRegion {
        self.highest
    }

    /// The ranges of frames from 0 to the end of physical memory, each as long
    /// as its type lasts.
    pub fn ranges(&self) -> impl Iterator<Item = MemoryRegion> + Clone {
        Sweep::new(self.regions, self.max_paddr())
    }

    /// Whether all pages of the range are usable.
    ///
    /// # Errors
    ///
    /// [`NotUsable`](BootError::NotUsable) with the first range that is not.
    pub(super) fn check_usable(&self, bytes: &Range<Paddr>) -> Result<(), BootError> {
        let not_usable = |region| BootError::NotUsable {
            allocated: bytes.clone(),
            region,
        };
        let max_paddr = self.max_paddr();
        let pages = pages_around(bytes).filter(|pages| pages.end <= max_paddr);
        let pages = pages.ok_or_else(|| {
            not_usable(MemoryRegion {
                base: max_paddr,
                len: Paddr::MAX - max_paddr,
                typ: MemoryRegionType::Unknown,
            })
        })?;
        let mut shared = self.ranges().filter(|range| {
            range.base < pages.end
                && pages.start < range.base + range.len
                && range.typ != MemoryRegionType::Usable
        });
        shared
            .next()
            .map_or(Ok(()), |region| Err(not_usable(region)))
    }
}

/// Goes over the address space once.
#[derive(Clone)]
struct Sweep<'a> {
    regions: &'a [MemoryRegion],
    at: Paddr,
    end: Paddr,
}

impl<'a> Sweep<'a> {
    fn new(regions: &'a [MemoryRegion], end: Paddr) -> Self {
        Sweep {
            regions,
            at: 0,
            end,
        }
    }

    /// The type of the page at `paddr`, and the first address past it at which
    /// a region begins or ends.
    fn look(&self, paddr: Paddr) -> (MemoryRegionType, Paddr) {
        let mut typ = None;
        let mut until = self.end;
        for region in self.regions {
            let pages = region.pages().unwrap_or_default();
            if pages.contains(&paddr) {
                typ = Some(typ.map_or(region.typ, |typ| region.typ.min(typ)));
                until = until.min(pages.end);
            } else if paddr < pages.start && !pages.is_empty() {
                until = until.min(pages.start);
            }
        }
        (typ.unwrap_or(MemoryRegionType::Unknown), until)
    }
}

impl Iterator for Sweep<'_> {
    type Item = MemoryRegion;

    fn next(&mut self) -> Option<MemoryRegion> {
        if self.at >= self.end {
            return None;
        }
        let base = self.at;
        let (typ, until) = self.look(base);
        self.at = until;
        while self.at < self.end {
            let (next, until) = self.look(self.at);
            if next != typ {
                break;
            }
            self.at = until;
        }
        Some(MemoryRegion {
            base,
            len: self.at - base,
            typ,
        })
    }
}
