//! Memory for the real code: slots and pages of this thread, which note what
//! becomes of metadata and frames.

use std::any::Any;
use std::cell::{Cell, RefCell, UnsafeCell};
use std::ptr::NonNull;

use meta_core::{
    AnyFrameMeta, AnyUFrameMeta, Link, ListIds, MaxPaddr, MetaSlot, PAGE_SIZE, Paddr, Platform,
    SlotState, VmReader,
};

use super::model::{Event, Kind, MAX_FRAMES, Meta, digest, first_byte};

/// The bytes of a page.
#[repr(align(4096))]
struct Page(UnsafeCell<[u8; PAGE_SIZE]>);

pub(crate) struct Memory {
    pub(crate) slots: Vec<MetaSlot>,
    pages: Vec<Page>,
    max_paddr: MaxPaddr,
    list_ids: UnsafeCell<ListIds>,
    events: RefCell<Vec<Event>>,
}

impl Memory {
    fn leak() -> &'static Memory {
        let page = |frame| {
            Page(UnsafeCell::new(std::array::from_fn(|at| {
                first_byte(frame, at)
            })))
        };
        Box::leak(Box::new(Memory {
            slots: (0..MAX_FRAMES).map(|_| MetaSlot::new_unused()).collect(),
            pages: (0..MAX_FRAMES).map(page).collect(),
            max_paddr: MaxPaddr::new(),
            list_ids: UnsafeCell::default(),
            events: RefCell::default(),
        }))
    }

    /// Whether nothing is left of what used it.
    fn is_at_rest(&self) -> bool {
        let at_rest = |slot: &MetaSlot| slot.snapshot() == SlotState::Unused && slot.in_list() == 0;
        self.slots.iter().all(at_rest)
    }

    /// What happened since the last call.
    pub(crate) fn take_events(&self) -> Vec<Event> {
        self.events.take()
    }

    fn note(&self, event: Event) {
        self.events.borrow_mut().push(event);
    }
}

thread_local! {
    static MEMORY: Cell<&'static Memory> = Cell::new(Memory::leak());
}

/// The memory in use.
pub(crate) fn memory() -> &'static Memory {
    MEMORY.get()
}

/// Memory of so many unused frames, their pages as at first. A failed run has
/// left its own behind.
pub(crate) fn start(frames: usize) {
    if !memory().is_at_rest() {
        MEMORY.set(Memory::leak());
    }
    let memory = memory();
    memory.take_events();
    for (frame, page) in memory.pages.iter().enumerate() {
        for at in 0..PAGE_SIZE {
            // SAFETY: inside the page, and nobody has a handle to its frame.
            unsafe {
                page.0
                    .get()
                    .cast::<u8>()
                    .add(at)
                    .write(first_byte(frame, at))
            };
        }
    }
    // SAFETY: all slots are initialised and unused, and this thread is the only
    // one with this memory.
    unsafe {
        memory.max_paddr.set(frames * PAGE_SIZE);
        *memory.list_ids.get() = ListIds::new();
    }
}

/// The platform of this thread's memory. Its handles stay on the thread.
#[derive(Debug)]
pub(crate) struct Here;

// SAFETY: slots and pages stay for ever; they are exchanged for others only
// when all handles to them are forgotten. Nothing here aborts.
unsafe impl Platform for Here {
    fn slots() -> NonNull<MetaSlot> {
        NonNull::from(memory().slots.as_slice()).cast()
    }

    fn max_paddr() -> &'static MaxPaddr {
        &memory().max_paddr
    }

    fn page(paddr: Paddr) -> *mut u8 {
        let frame = paddr / PAGE_SIZE;
        assert!(frame < MAX_FRAMES, "a frame's page is asked for");
        memory()
            .pages
            .as_ptr()
            .cast_mut()
            .wrapping_add(frame)
            .cast()
    }

    unsafe fn free_frame(paddr: Paddr) {
        let frame = paddr / PAGE_SIZE;
        let unused = memory().slots[frame].snapshot() == SlotState::Unused;
        memory().note(Event::Freed { frame, unused });
    }

    fn list_ids() -> &'static ListIds {
        // SAFETY: exchanged only while there is no list.
        unsafe { &*memory().list_ids.get() }
    }

    fn abort() -> ! {
        unreachable!("no count is near its limit")
    }
}

/// Metadata of one of three types.
#[derive(Debug)]
pub(crate) struct Noted<const KIND: u8> {
    pub(crate) id: u64,
    pub(crate) value: u64,
}

pub(crate) type Typed = Noted<0>;
pub(crate) type Untyped = Noted<1>;
pub(crate) type Linked = Link<Noted<2>>;

impl<const KIND: u8> Noted<KIND> {
    pub(crate) fn new(id: u64) -> Self {
        Noted { id, value: id }
    }
}

impl<const KIND: u8> Drop for Noted<KIND> {
    fn drop(&mut self) {
        memory().note(Event::Destroy { id: self.id });
    }
}

// SAFETY: nobody writes a page without a handle, and those of kind 1 are
// written by handles alone.
unsafe impl<const KIND: u8> AnyFrameMeta for Noted<KIND> {
    unsafe fn on_drop(&mut self, page: &mut VmReader<'_>) {
        let mut bytes = [0; PAGE_SIZE];
        let len = page.read(&mut bytes);
        let page = if len == PAGE_SIZE && page.remain() == 0 {
            digest(bytes)
        } else {
            0
        };
        memory().note(Event::OnDrop { id: self.id, page });
    }

    fn is_untyped(&self) -> bool {
        KIND == 1
    }
}

// SAFETY: untyped, just above.
unsafe impl AnyUFrameMeta for Untyped {}

/// What is in metadata of any of the types.
pub(crate) fn seen(metadata: &dyn AnyFrameMeta) -> Option<Meta> {
    let any: &dyn Any = metadata;
    let (kind, id, value) = if let Some(metadata) = any.downcast_ref::<Typed>() {
        (Kind::Typed, metadata.id, metadata.value)
    } else if let Some(metadata) = any.downcast_ref::<Untyped>() {
        (Kind::Untyped, metadata.id, metadata.value)
    } else {
        let metadata = any.downcast_ref::<Linked>()?;
        (Kind::Linked, metadata.id, metadata.value)
    };
    Some(Meta { kind, id, value })
}

/// Changes the value in metadata of any of the types.
pub(crate) fn change(metadata: &mut dyn AnyFrameMeta, value: u64) {
    let any: &mut dyn Any = metadata;
    if let Some(metadata) = any.downcast_mut::<Typed>() {
        metadata.value = value;
    } else if let Some(metadata) = any.downcast_mut::<Untyped>() {
        metadata.value = value;
    } else if let Some(metadata) = any.downcast_mut::<Linked>() {
        metadata.value = value;
    }
}
