//! The world a program runs in: slots, pages, and a register of every metadata
//! value, so that each engine sees leaks and double drops.

mod host;
mod mailbox;
mod meta;
mod register;
mod teardown;

use std::cell::UnsafeCell;
use std::fmt;
use std::ops::Range;
use std::ptr::{self, NonNull};
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, MutexGuard, PoisonError};

use meta_core::{ListIds, MaxPaddr, MetaSlot, PAGE_SIZE, Paddr, SlotState};

use self::teardown::{Teardown, Teardowns};
use crate::program::{MAX_SLOTS, MAX_THREADS, Program, StartKind};

pub use host::{Aborted, Host, Hosted, LocalHost};
pub use mailbox::{Flag, Gift, Mailbox};
pub use meta::{KindA, KindB, Tag, Tracked, tag_of};
pub use register::{Counts, Fault, FaultKind, Register};

/// A region of slots, and what is known of the metadata in them.
#[derive(Debug)]
pub struct World {
    /// Never grows beyond its first capacity, so that the base stays.
    slots: UnsafeCell<Vec<MetaSlot>>,
    max_paddr: MaxPaddr,
    list_ids: ListIds,
    pages: Box<[Page]>,
    register: Mutex<Register>,
    teardowns: Teardowns,
    /// By slot, for hosts without mailboxes of their own. A slot whose mailbox
    /// the program does not name has none.
    mailboxes: UnsafeCell<Vec<Option<Mailbox<AtomicU64>>>>,
}

/// A page; every word of it is the frame's address. No program writes pages.
#[repr(align(4096))]
struct Page(
    #[expect(dead_code, reason = "reached by a pointer to all pages")]
    UnsafeCell<[usize; PAGE_SIZE / size_of::<usize>()]>,
);

// SAFETY: `slots` and `mailboxes` change only in `reset`, whose caller promises
// that nobody else uses the world; pages are never written; everything else is `Sync`.
unsafe impl Sync for World {}

impl World {
    /// A world without slots, which lives for ever.
    pub fn leak() -> &'static World {
        let page = |slot| Page(UnsafeCell::new([paddr_of(slot); _]));
        Box::leak(Box::new(World {
            slots: UnsafeCell::new(Vec::with_capacity(MAX_SLOTS)),
            max_paddr: MaxPaddr::new(),
            list_ids: ListIds::new(),
            pages: (0..MAX_SLOTS).map(page).collect(),
            register: Mutex::default(),
            teardowns: Teardowns::default(),
            mailboxes: UnsafeCell::default(),
        }))
    }

    /// Puts the world into the start state of `program`, by construction: no
    /// atomic access is made.
    ///
    /// The handles of the start state are made by
    /// [`Hands::of_start`](crate::driver::Hands::of_start).
    ///
    /// # Panics
    ///
    /// If it is not the world of `H`, or has no room for the program.
    ///
    /// # Safety
    ///
    /// Handles to slots and borrows of them from before the call are never used
    /// again, and no other thread uses the world during the call.
    pub unsafe fn reset<H: Host>(&self, program: &Program) {
        self.forget_all(program.threads.len(), program.slots());
        let state = match program.start.kind {
            StartKind::Unused => SlotState::Unused,
            StartKind::Shared | StartKind::SharedTwice => SlotState::Shared(program.start_count()),
            StartKind::Unique => SlotState::Unique,
        };
        let first = match state {
            SlotState::Unused => MetaSlot::new_unused(),
            state => MetaSlot::new_in_use(KindA::<H>::initial(&mut self.register()), state),
        };
        // SAFETY: promised by the caller.
        unsafe { self.furnish::<H>(first, program.slots(), &mailbox::gives(program)) };
    }

    /// Makes all of the first `count` slots unused, and a mailbox for slot 0
    /// that can be given to as often as `gives` says.
    ///
    /// # Panics
    ///
    /// As [`reset`](Self::reset).
    ///
    /// # Safety
    ///
    /// As [`reset`](Self::reset).
    pub(crate) unsafe fn reset_unused<H: Host>(&self, count: usize, gives: Option<usize>) {
        self.forget_all(MAX_THREADS, count);
        // SAFETY: promised by the caller.
        unsafe { self.furnish::<H>(MetaSlot::new_unused(), count, &[gives]) };
    }

    /// Forgets what the last execution left in the books, as far as this many
    /// threads come to look at them and this many slots are in them.
    fn forget_all(&self, threads: usize, slots: usize) {
        self.register().reset(slots);
        for thread in 0..threads {
            self.begin_operation(thread, None);
        }
    }

    /// # Safety
    ///
    /// As [`reset`](Self::reset).
    unsafe fn furnish<H: Host>(&self, first: MetaSlot, count: usize, gives: &[Option<usize>]) {
        assert!(ptr::eq(self, H::world()), "the world of another host");
        // More would move the slots, and the platform promises that they stay.
        assert!(count <= MAX_SLOTS, "{count} slots do not fit the world");
        // SAFETY: nobody else uses the world, and nothing below asks for it.
        let slots = unsafe { &mut *self.slots.get() };
        slots.clear();
        slots.push(first);
        slots.resize_with(count, MetaSlot::new_unused);
        // SAFETY: all slots are initialised and in no list, and no other thread
        // runs.
        unsafe {
            self.max_paddr.set(count * PAGE_SIZE);
            self.list_ids.restart();
        }
        // SAFETY: promised by the caller.
        unsafe { H::reset_mailboxes(gives) };
    }

    /// Empties the mailboxes.
    ///
    /// # Safety
    ///
    /// No other thread uses the world during the call.
    unsafe fn reset_mailboxes(&self, gives: &[Option<usize>]) {
        // SAFETY: nobody else uses the world.
        let mailboxes = unsafe { &mut *self.mailboxes.get() };
        mailboxes.clear();
        mailboxes.extend(Mailbox::of(gives));
    }

    /// The mailbox of a slot.
    fn mailbox(&self, slot: usize) -> &Mailbox<AtomicU64> {
        // SAFETY: changed only while nobody uses the world.
        let mailboxes = unsafe { &*self.mailboxes.get() };
        mailboxes[slot]
            .as_ref()
            .expect("the program names the mailbox")
    }

    /// The slots.
    #[inline]
    pub fn slots(&self) -> &[MetaSlot] {
        // SAFETY: changed only while nobody uses the world.
        unsafe { &*self.slots.get() }
    }

    /// The newest state of a slot; not a step of the protocol.
    #[inline]
    pub fn state(&self, slot: usize) -> SlotState {
        self.slots()[slot].snapshot()
    }

    /// What is known of the metadata.
    #[inline]
    pub fn register(&self) -> MutexGuard<'_, Register> {
        // A panic under the lock ends the execution; the next one resets.
        self.register.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An operation of `thread` begins, which may tear down the metadata of
    /// this slot in this state.
    #[inline]
    pub(crate) fn begin_operation(&self, thread: usize, teardown: Option<(usize, SlotState)>) {
        let teardown = teardown.map_or_else(Teardown::default, |(slot, state)| {
            Teardown::of(slot..slot + 1, state)
        });
        self.teardowns.begin(thread, teardown);
    }

    /// An operation of `thread` begins, which may give up handles to any frame
    /// of this row.
    pub(crate) fn begin_row(&self, thread: usize, row: Range<usize>) {
        self.teardowns
            .begin(thread, Teardown::of(row, SlotState::Busy));
    }

    /// Whether the operation of `thread` tore down metadata of `slot`.
    #[inline]
    pub(crate) fn tore_down(&self, thread: usize, slot: usize) -> bool {
        self.teardowns.get(thread).has_done(slot)
    }

    /// Whether `thread` may be tearing down metadata of `slot` now.
    #[inline]
    fn may_tear_down(&self, thread: usize, slot: usize) -> bool {
        self.teardowns.get(thread).allows(slot, self.state(slot))
    }

    /// `thread` has torn down metadata of `slot`.
    #[inline]
    fn torn_down(&self, thread: usize, slot: usize) {
        self.teardowns.done(thread, slot);
    }

    /// The end of physical memory.
    #[inline]
    pub(crate) fn max_paddr(&self) -> &MaxPaddr {
        &self.max_paddr
    }

    /// Where the ids of lists come from.
    pub(crate) fn list_ids(&self) -> &ListIds {
        &self.list_ids
    }

    #[inline]
    pub(crate) fn first_slot(&self) -> NonNull<MetaSlot> {
        // A shared borrow of the vector, for other threads have theirs: a slot
        // is all interior mutability.
        //
        // SAFETY: changed only while nobody uses the world.
        let first = unsafe { &*self.slots.get() }.as_ptr().cast_mut();
        NonNull::new(first).expect("a vector's buffer is never null")
    }

    /// The page of a frame that exists.
    pub(crate) fn page(&self, paddr: Paddr) -> *mut u8 {
        self.assert_frame(paddr);
        // From the whole slice, of interior mutability: the pages follow one
        // another.
        let first = self.pages.as_ptr().cast_mut();
        first.wrapping_add(paddr / PAGE_SIZE).cast()
    }

    /// Stricter than a kernel, which would take whatever it is given.
    pub(crate) fn assert_frame(&self, paddr: Paddr) {
        assert!(
            paddr.is_multiple_of(PAGE_SIZE) && paddr < self.max_paddr.get(),
            "the platform was asked about {paddr:#x}, which is no frame"
        );
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Page")
    }
}

/// The address of the frame that `slot` describes.
pub const fn paddr_of(slot: usize) -> Paddr {
    slot * PAGE_SIZE
}
