//! Memory for those who need it before there is a frame allocator.

use core::alloc::Layout;
use core::iter;
use core::ops::Range;

use super::map::MemoryMap;
use super::region::MemoryRegionType;
use crate::platform::Paddr;

/// Hands out memory before frames can be claimed, and knows what it has handed
/// out.
///
/// # Safety
///
/// Memory that is handed out is usable, belongs to nobody else, has the layout
/// asked for, and is mapped linearly before the boot or by
/// [`BootPlatform::map_linear`](super::BootPlatform::map_linear).
///
/// ```
/// use core::alloc::Layout;
/// use meta_core::boot::{EarlyAllocator, EarlyMemory, MemoryMap, MemoryRegion, MemoryRegionType};
///
/// let regions = [MemoryRegion { base: 0x4000, len: 0x4000, typ: MemoryRegionType::Usable }];
/// let map = MemoryMap::new(&regions)?;
/// // SAFETY: the memory of this example does not exist, and nothing is written.
/// let mut early = unsafe { EarlyMemory::new(&map) };
///
/// let pages = Layout::from_size_align(0x2000, 0x1000)?;
/// assert_eq!(early.alloc(pages), Some(0x4000));
/// assert_eq!(early.allocated_regions().collect::<Vec<_>>(), [0x4000..0x6000]);
/// assert_eq!(early.alloc(Layout::from_size_align(0x4000, 0x1000)?), None);
/// // SAFETY: allocated just above.
/// unsafe { early.dealloc(0x4000, pages) };
/// assert_eq!(early.alloc(pages), Some(0x4000));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
pub unsafe trait EarlyAllocator {
    /// Hands out memory, if there is room for this layout.
    fn alloc(&mut self, layout: Layout) -> Option<Paddr>;

    /// Takes memory back, because the boot failed.
    ///
    /// # Safety
    ///
    /// [`alloc`](Self::alloc) gave this address for this layout, and nobody
    /// uses the memory.
    unsafe fn dealloc(&mut self, paddr: Paddr, layout: Layout);

    /// The ranges that hold everything handed out so far, in any order and
    /// alignment. They become frames of
    /// [`EarlyAllocatedFrameMeta`](super::EarlyAllocatedFrameMeta).
    fn allocated_regions(&self) -> impl Iterator<Item = Range<Paddr>>;
}

/// The simplest early allocator: it goes through the largest usable range from
/// its start.
#[derive(Debug)]
pub struct EarlyMemory {
    start: Paddr,
    next: Paddr,
    end: Paddr,
    /// The last allocation that was not taken back, and `next` before it.
    last: Option<(Paddr, Paddr)>,
}

impl EarlyMemory {
    /// An allocator for the largest usable range; of two, for the lower.
    ///
    /// # Safety
    ///
    /// Nobody uses that range, and it is or will be mapped linearly before
    /// memory is taken from it.
    pub unsafe fn new(map: &MemoryMap<'_>) -> Self {
        let usable = map.ranges().filter(|r| r.typ == MemoryRegionType::Usable);
        let largest = usable.reduce(|best, r| if r.len > best.len { r } else { best });
        let (start, len) = largest.map_or((0, 0), |range| (range.base, range.len));
        EarlyMemory {
            start,
            next: start,
            end: start + len,
            last: None,
        }
    }
}

// SAFETY: the range is usable and nobody else's, as `new` was promised, and
// each byte of it is handed out once until it is taken back.
unsafe impl EarlyAllocator for EarlyMemory {
    fn alloc(&mut self, layout: Layout) -> Option<Paddr> {
        let start = self.next.checked_next_multiple_of(layout.align())?;
        let end = start.checked_add(layout.size())?;
        if end > self.end {
            return None;
        }
        self.last = Some((start, self.next));
        self.next = end;
        Some(start)
    }

    unsafe fn dealloc(&mut self, paddr: Paddr, _: Layout) {
        // Only the last one can be taken back; others stay handed out.
        if let Some((_, next)) = self.last.take_if(|(start, _)| *start == paddr) {
            self.next = next;
        }
    }

    fn allocated_regions(&self) -> impl Iterator<Item = Range<Paddr>> {
        iter::once(self.start..self.next)
    }
}
