//! Frames at every power of two up to the end of the architecture's physical
//! addresses, and beside each: nothing may be cut to fewer bits on its way.
//!
//! The slots of all of them are reserved and only those that are touched are
//! committed; a page exists for each frame that is claimed.

#![cfg(all(
    not(model),
    not(miri),
    target_os = "linux",
    target_pointer_width = "64"
))]

use std::collections::BTreeMap;
use std::ptr::NonNull;
use std::sync::{LazyLock, Mutex};

use memmap2::{MmapMut, MmapOptions};
use meta_core::{
    AnyFrameMeta, Frame, FrameRef, GetFrameError, Link, LinkedList, META_SLOT_SIZE, MaxPaddr,
    MetaSlot, PAGE_SIZE, Paddr, Platform, Segment, SlotState, UFrame, UniqueFrame, UntypedMem,
    VmReader, frame_to_index, frame_to_meta, get_slot, meta_to_frame,
};

/// The end of physical addresses of x86-64.
const END: Paddr = 1 << 52;

#[repr(align(4096))]
struct Page([u64; PAGE_SIZE / 8]);

struct Sparse {
    slots: MmapMut,
    max_paddr: MaxPaddr,
    pages: Mutex<BTreeMap<Paddr, Box<Page>>>,
    freed: Mutex<Vec<Paddr>>,
}

static MEMORY: LazyLock<Sparse> = LazyLock::new(|| {
    let size = END / PAGE_SIZE * META_SLOT_SIZE;
    let mut slots = MmapOptions::new()
        .len(size)
        .no_reserve_swap()
        .map_anon()
        .expect("64 TiB of addresses can be reserved");
    let first = slots.as_mut_ptr().cast::<MetaSlot>();
    // Frame 0 is where an address ends up that lost its upper half.
    for paddr in frames().into_iter().chain([0]) {
        // SAFETY: within the mapping, aligned, and nobody else has it yet.
        unsafe { first.add(paddr / PAGE_SIZE).write(MetaSlot::new_unused()) };
    }
    let memory = Sparse {
        slots,
        max_paddr: MaxPaddr::new(),
        pages: Mutex::default(),
        freed: Mutex::default(),
    };
    // SAFETY: only slots that were written are looked up below.
    unsafe { memory.max_paddr.set(END) };
    memory
});

struct Mem;

// SAFETY: the mapping stays for ever; the slots of the frames that are used are
// initialised, and so are their pages, which stay too.
unsafe impl Platform for Mem {
    fn slots() -> NonNull<MetaSlot> {
        NonNull::new(MEMORY.slots.as_ptr().cast_mut().cast()).unwrap()
    }
    fn max_paddr() -> &'static MaxPaddr {
        &MEMORY.max_paddr
    }
    fn page(paddr: Paddr) -> *mut u8 {
        let state = get_slot::<Self>(paddr).unwrap().snapshot();
        assert_ne!(state, SlotState::Unused, "a page of no claimed frame");
        let mut pages = MEMORY.pages.lock().unwrap();
        let page = pages
            .entry(paddr)
            .or_insert_with(|| Box::new(Page([paddr as u64; _])));
        page.0.as_mut_ptr().cast()
    }
    unsafe fn free_frame(paddr: Paddr) {
        MEMORY.freed.lock().unwrap().push(paddr);
    }
    fn abort() -> ! {
        panic!("no count overflows here")
    }
}

/// At every power of two, the frame, the one before it and the one after it.
fn frames() -> Vec<Paddr> {
    let powers = (13..=52).map(|bit| 1_usize << bit);
    let near = powers.flat_map(|paddr| [paddr - PAGE_SIZE, paddr, paddr + PAGE_SIZE]);
    let mut frames: Vec<_> = near.filter(|paddr| *paddr < END).collect();
    frames.sort_unstable();
    frames.dedup();
    frames
}

/// Knows its frame, and that its page is the frame's.
struct At(Paddr);

// SAFETY: no typed page is written.
unsafe impl AnyFrameMeta for At {
    unsafe fn on_drop(&mut self, page: &mut VmReader<'_>) {
        assert_eq!(
            page.read_val(),
            Some(self.0 as u64),
            "the page of {:#x}",
            self.0
        );
    }
}

struct Bytes;
meta_core::impl_untyped_frame_meta_for!(Bytes);

/// What the allocator got since the last call.
fn freed() -> Vec<Paddr> {
    std::mem::take(&mut *MEMORY.freed.lock().unwrap())
}

/// One test, for all use the same memory.
#[test]
fn every_operation_keeps_all_bits_of_an_address() {
    for paddr in frames() {
        mapping(paddr);
        shared(paddr);
        unique(paddr);
        untyped(paddr);
        list(paddr);
        if frames().contains(&(paddr + PAGE_SIZE)) {
            segment(paddr);
        }
        assert_eq!(
            get_slot::<Mem>(paddr).unwrap().snapshot(),
            SlotState::Unused
        );
        assert_eq!(get_slot::<Mem>(0).unwrap().snapshot(), SlotState::Unused);
    }
    let refused = [END, END + PAGE_SIZE, 1 << 63].map(|paddr| get_slot::<Mem>(paddr).unwrap_err());
    assert_eq!(refused, [GetFrameError::OutOfBound; 3]);
}

fn mapping(paddr: Paddr) {
    assert_eq!(frame_to_index(paddr), paddr >> 12);
    let slot = frame_to_meta::<Mem>(paddr);
    assert_eq!(slot.addr() - Mem::slots().addr().get(), paddr >> 6);
    assert_eq!(meta_to_frame::<Mem>(slot), paddr);
    assert_eq!(get_slot::<Mem>(paddr).unwrap().frame_paddr::<Mem>(), paddr);
}

fn shared(paddr: Paddr) {
    let frame = Frame::<_, Mem>::from_unused(paddr, At(paddr)).unwrap();
    let found = Frame::<_, Mem>::from_in_use(paddr).unwrap();
    assert_eq!((frame.start_paddr(), found.start_paddr()), (paddr, paddr));
    let raw = found.clone().into_raw();
    assert_eq!((raw, frame.reference_count()), (paddr, 3));
    // SAFETY: forgotten just above.
    let again = unsafe { Frame::<At, Mem>::from_raw(raw) };
    assert_eq!(
        (again.meta().0, again.borrow().start_paddr()),
        (paddr, paddr)
    );
    // SAFETY: `again` outlives it.
    let borrowed = unsafe { FrameRef::<At, Mem>::borrow_paddr(paddr) };
    assert_eq!(borrowed.meta().0, paddr);
    drop((frame, found, again));
    assert_eq!(freed(), [paddr]);
}

fn unique(paddr: Paddr) {
    let mut owner = UniqueFrame::<_, Mem>::from_unused(paddr, At(0)).unwrap();
    owner.meta_mut().0 = paddr;
    let raw = owner.into_raw();
    assert_eq!(raw, paddr);
    // SAFETY: forgotten just above.
    let owner = unsafe { UniqueFrame::<At, Mem>::from_raw(raw) };
    let owner = owner.repurpose(At(paddr));
    assert_eq!(owner.start_paddr(), paddr);
    let shared = Frame::from(owner);
    let owner = UniqueFrame::try_from(shared).expect("the only handle");
    owner.reset_as_unused();
    assert_eq!(freed(), []);
    drop(UniqueFrame::<_, Mem>::from_unused(paddr, At(paddr)).unwrap());
    assert_eq!(freed(), [paddr]);
}

fn untyped(paddr: Paddr) {
    let frame = Frame::<_, Mem>::from_unused(paddr, Bytes).unwrap();
    let page = UFrame::from(frame);
    assert_eq!(page.reader().read_val(), Some(paddr as u64));
    page.writer().write_val(&!(paddr as u64)).unwrap();
    assert_eq!(page.reader().read_val(), Some(!(paddr as u64)));
    page.writer().write_val(&(paddr as u64)).unwrap();
    drop(page);
    assert_eq!(freed(), [paddr]);
}

fn list(paddr: Paddr) {
    let mut list = LinkedList::<At, Mem>::new();
    let own = || UniqueFrame::from_unused(paddr, Link::new(At(paddr))).unwrap();
    list.push_front(own());
    assert!(list.contains(paddr) && !list.contains(0));
    assert_eq!(list.pop_back().unwrap().start_paddr(), paddr);
    assert_eq!(freed(), [paddr]);
    list.push_back(own());
    let mut cursor = list.cursor_mut_at(paddr).expect("it is in the list");
    assert_eq!(cursor.current_paddr(), Some(paddr));
    assert_eq!(cursor.current_meta().unwrap().0, paddr);
    drop(cursor.take_current());
    assert_eq!(freed(), [paddr]);
}

fn segment(paddr: Paddr) {
    let both = [paddr, paddr + PAGE_SIZE];
    let range = paddr..paddr + 2 * PAGE_SIZE;
    let segment = Segment::<_, Mem>::from_unused(range.clone(), At).unwrap();
    assert!(segment.frames().map(|frame| frame.start_paddr()).eq(both));
    let slice = segment.slice(PAGE_SIZE..2 * PAGE_SIZE);
    assert_eq!(
        (slice.start_paddr(), slice.end_paddr()),
        (both[1], range.end)
    );
    drop(slice);
    let raw = segment.into_raw();
    assert_eq!(raw, range);
    // SAFETY: forgotten just above.
    let segment = unsafe { Segment::<At, Mem>::from_raw(raw) };
    let (first, second) = segment.split(PAGE_SIZE);
    assert_eq!(
        (first.end_paddr(), second.start_paddr()),
        (both[1], both[1])
    );
    assert_eq!((first.start_paddr(), first.size()), (paddr, PAGE_SIZE));
    drop((first, second));
    assert_eq!(freed(), both);
}
