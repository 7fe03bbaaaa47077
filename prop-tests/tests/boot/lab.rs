//! A machine whose every call by the boot is noted and can be made to fail. It
//! belongs to the test's own thread.

use std::alloc::Layout;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::ptr::NonNull;

use meta_core::boot::{
    BootError, BootPlatform, EarlyAllocatedFrameMeta, EarlyAllocator, KernelMeta, MapError,
    MemoryRegion, MemoryRegionType, MetaPageMeta, MetaPages, PageProperty, ReservedMemoryMeta,
    UnusableMemoryMeta, init, is_initialized,
};
use meta_core::{
    AnyFrameMeta, Frame, GetFrameError, MaxPaddr, MetaSlot, PAGE_SIZE, Paddr, Platform,
};
use prop_tests::hosted::Memory;

/// A call by the boot.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Call {
    MapLinear(Range<Paddr>, PageProperty),
    UnmapLinear(Range<Paddr>),
    MapMeta(usize, Paddr, PageProperty),
    UnmapMeta(usize, Paddr),
    Alloc(Layout),
    Dealloc(Paddr, Layout),
}

/// What the thread's machine has, and what is asked of it.
struct Bench {
    memory: Memory,
    calls: RefCell<Vec<Call>>,
    /// The end of what is mapped linearly.
    linear_end: Cell<Paddr>,
    linear_fails: Cell<bool>,
    /// The page of slots that cannot be mapped.
    failing_page: Cell<Option<usize>>,
    /// Frames given up: none ever, by a boot.
    freed: Cell<usize>,
}

thread_local! {
    // Handles to slots and pages are `'static`.
    static BENCH: &'static Bench = Box::leak(Box::new(Bench {
        memory: Memory::new(),
        calls: RefCell::default(),
        linear_end: Cell::new(Paddr::MAX),
        linear_fails: Cell::new(false),
        failing_page: Cell::new(None),
        freed: Cell::new(0),
    }));
}

fn bench() -> &'static Bench {
    BENCH.with(|bench| *bench)
}

/// The platform; its boot page table maps memory up to `LINEAR_END`.
pub(crate) enum Lab<const LINEAR_END: Paddr = { Paddr::MAX }> {}

// SAFETY: as for the hosted machine; no other thread gets at this one.
unsafe impl<const LINEAR_END: Paddr> Platform for Lab<LINEAR_END> {
    fn slots() -> NonNull<MetaSlot> {
        bench().memory.slots()
    }
    fn max_paddr() -> &'static MaxPaddr {
        bench().memory.max_paddr()
    }
    fn page(paddr: Paddr) -> *mut u8 {
        assert!(paddr < bench().linear_end.get(), "{paddr:#x} is not mapped");
        bench().memory.page(paddr)
    }
    unsafe fn free_frame(_: Paddr) {
        bench().freed.set(bench().freed.get() + 1);
    }
    fn abort() -> ! {
        panic!("abort");
    }
}

// SAFETY: as for the hosted machine; the linear mapping is all there from the
// start, and only asked about.
unsafe impl<const LINEAR_END: Paddr> BootPlatform for Lab<LINEAR_END> {
    const LINEAR_END: Paddr = LINEAR_END;

    unsafe fn map_linear(range: Range<Paddr>, property: PageProperty) -> Result<(), MapError> {
        if bench().linear_fails.get() {
            return Err(MapError);
        }
        assert_eq!(range.start, bench().linear_end.get());
        bench().linear_end.set(range.end);
        note(Call::MapLinear(range, property));
        Ok(())
    }

    unsafe fn unmap_linear(range: Range<Paddr>) {
        assert_eq!(range.end, bench().linear_end.get());
        bench().linear_end.set(range.start);
        note(Call::UnmapLinear(range));
    }

    unsafe fn map_meta_page(
        index: usize,
        paddr: Paddr,
        property: PageProperty,
    ) -> Result<(), MapError> {
        // Nobody may look a slot up before it is mapped.
        assert!(!is_initialized::<Self>());
        if bench().failing_page.get() == Some(index) {
            return Err(MapError);
        }
        bench().memory.map_meta_page(index, paddr);
        note(Call::MapMeta(index, paddr, property));
        Ok(())
    }

    unsafe fn unmap_meta_page(index: usize, paddr: Paddr) {
        bench().memory.unmap_meta_page(index);
        note(Call::UnmapMeta(index, paddr));
    }
}

fn note(call: Call) {
    bench().calls.borrow_mut().push(call);
}

/// The calls since the last time.
pub(crate) fn calls() -> Vec<Call> {
    bench().calls.take()
}

/// Makes mapping the linear memory fail, or no longer.
pub(crate) fn fail_linear(fails: bool) {
    bench().linear_fails.set(fails);
}

/// Makes mapping this page of slots fail, or none.
pub(crate) fn fail_page(index: Option<usize>) {
    bench().failing_page.set(index);
}

/// Puts in memory full of garbage, in place of what there was; `linear_end` of
/// it is mapped.
pub(crate) fn plug_in(len: usize, linear_end: Paddr) {
    // SAFETY: the test is done with what was there.
    unsafe { bench().memory.unplug() };
    bench().memory.plug_in(len).unwrap();
    let start = bench().memory.page(0);
    // SAFETY: so many bytes, which nobody uses yet.
    unsafe { start.write_bytes(0xa5, len) };
    bench().linear_end.set(linear_end);
    calls();
}

/// The bytes of slot `index`, as the boot wrote them.
pub(crate) fn slot_word(index: usize, at: usize) -> u64 {
    let slot = bench().memory.slots().as_ptr().wrapping_add(index);
    // SAFETY: the word is in the slot, initialised, and nobody writes it now.
    unsafe { slot.cast::<u64>().wrapping_byte_add(at).read() }
}

/// How many frames were given up.
pub(crate) fn freed() -> usize {
    bench().freed.get()
}

/// How many pages of slots are mapped.
pub(crate) fn mapped() -> usize {
    bench().memory.mapped()
}

/// The end of what is mapped linearly.
pub(crate) fn linear_end() -> Paddr {
    bench().linear_end.get()
}

/// An early allocator that does as it is told.
#[derive(Debug, Default)]
pub(crate) struct Early {
    /// What it gives when asked.
    pub(crate) gives: Option<Paddr>,
    /// What it has handed out.
    pub(crate) out: Vec<Range<Paddr>>,
    /// What mapping the slots takes besides.
    pub(crate) out_by_mapping: Vec<Range<Paddr>>,
}

impl Early {
    /// It has handed out `out`, and gives `gives`.
    pub(crate) fn new(gives: Paddr, out: &[Range<Paddr>]) -> Self {
        Early {
            gives: Some(gives),
            out: out.to_vec(),
            out_by_mapping: Vec::new(),
        }
    }
}

// SAFETY: none but the promise that memory is nobody else's is needed for
// memory that no test uses; where it is not usable, the boot refuses it.
unsafe impl EarlyAllocator for Early {
    fn alloc(&mut self, layout: Layout) -> Option<Paddr> {
        note(Call::Alloc(layout));
        let start = self.gives?;
        self.out.push(start..start + layout.size());
        Some(start)
    }

    unsafe fn dealloc(&mut self, paddr: Paddr, layout: Layout) {
        note(Call::Dealloc(paddr, layout));
        let last = self.out.pop();
        assert_eq!(last, Some(paddr..paddr + layout.size()));
    }

    fn allocated_regions(&self) -> impl Iterator<Item = Range<Paddr>> {
        let by_mapping = self.out_by_mapping.iter().filter(|_| mapped() > 0);
        self.out.iter().chain(by_mapping).cloned()
    }
}

/// Boots this thread's machine.
pub(crate) fn boot<const LINEAR_END: Paddr>(
    regions: &[MemoryRegion],
    early: &mut impl EarlyAllocator,
) -> Result<MetaPages<Lab<LINEAR_END>>, BootError> {
    // SAFETY: only this thread gets at its machine, whose memory was just put
    // in.
    unsafe { init::<Lab<LINEAR_END>>(regions, early) }
}

/// Boots a machine of `frames` frames with all memory mapped, and says where
/// the slots are.
pub(crate) fn boot_fresh(
    frames: usize,
    regions: &[MemoryRegion],
    early: &mut impl EarlyAllocator,
) -> Result<Range<Paddr>, BootError> {
    plug_in(frames * PAGE_SIZE, Paddr::MAX);
    boot::<{ Paddr::MAX }>(regions, early).map(|pages| range_of(&pages))
}

/// The addresses of the pages of slots.
pub(crate) fn range_of<P: Platform>(pages: &MetaPages<P>) -> Range<Paddr> {
    pages.start_paddr()..pages.end_paddr()
}

/// What a frame is, by its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Unused,
    MetaPage,
    EarlyAllocated,
    Unusable,
    Reserved,
    Kernel,
    Other,
}

/// What the frame at `paddr` is; `None` past the end of physical memory.
pub(crate) fn kind<P: Platform>(paddr: Paddr) -> Option<Kind> {
    let frame = match Frame::<dyn AnyFrameMeta, P>::from_in_use(paddr) {
        Ok(frame) => frame,
        Err(GetFrameError::Unused) => return Some(Kind::Unused),
        Err(GetFrameError::OutOfBound) => return None,
        Err(error) => panic!("{paddr:#x}: {error}"),
    };
    // The handle that the boot forgot, and ours.
    assert_eq!(frame.reference_count(), 2, "{paddr:#x}");
    let meta: &dyn Any = frame.dyn_meta();
    let kinds = [
        (meta.is::<MetaPageMeta>(), Kind::MetaPage),
        (meta.is::<EarlyAllocatedFrameMeta>(), Kind::EarlyAllocated),
        (meta.is::<UnusableMemoryMeta>(), Kind::Unusable),
        (meta.is::<ReservedMemoryMeta>(), Kind::Reserved),
        (meta.is::<KernelMeta>(), Kind::Kernel),
    ];
    let kind = kinds.into_iter().find(|(is, _)| *is);
    Some(kind.map_or(Kind::Other, |(_, kind)| kind))
}

/// What all frames of the machine are.
pub(crate) fn kinds() -> Vec<Kind> {
    let frames = (0..).step_by(PAGE_SIZE);
    frames.map_while(kind::<Lab>).collect()
}

/// That nothing of a boot is left.
pub(crate) fn assert_untouched(linear: Paddr) {
    assert!(!is_initialized::<Lab>());
    assert_eq!((mapped(), linear_end(), freed()), (0, linear, 0));
}

/// A region given in frames.
pub(crate) fn frames(range: Range<usize>, typ: MemoryRegionType) -> MemoryRegion {
    bytes(range.start * PAGE_SIZE..range.end * PAGE_SIZE, typ)
}

/// A region given in bytes.
pub(crate) fn bytes(range: Range<usize>, typ: MemoryRegionType) -> MemoryRegion {
    MemoryRegion {
        base: range.start,
        len: range.end - range.start,
        typ,
    }
}
