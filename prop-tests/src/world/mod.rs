//! The world a program runs in: slots, a page, and a register of every
//! metadata value, so that each engine sees leaks and double drops.

mod host;
mod meta;
mod register;

use std::cell::UnsafeCell;
use std::ptr::NonNull;
use std::sync::{Mutex, MutexGuard};

use meta_core::{MaxPaddr, MetaSlot, PAGE_SIZE, Paddr, SlotState};

use crate::program::{MAX_SLOTS, Program};

pub use host::{Aborted, Host, Hosted, LocalHost};
pub use meta::{KindA, KindB, Tracked, tag_of};
pub use register::{Fault, FaultKind, Register};

/// A region of slots, and what is known of the metadata in them.
#[derive(Debug)]
pub struct World {
    /// Never grows beyond its first capacity, so that the base stays.
    slots: UnsafeCell<Vec<MetaSlot>>,
    max_paddr: MaxPaddr,
    page: Page,
    register: Mutex<Register>,
}

/// One page that stands for all of them: no program writes pages.
#[derive(Debug)]
#[repr(align(4096))]
struct Page(#[expect(dead_code, reason = "reached through its address")] [u8; PAGE_SIZE]);

// SAFETY: `slots` changes only in `reset`, whose caller promises that nobody
// else uses the world; everything else is `Sync`.
unsafe impl Sync for World {}

impl World {
    /// A world without slots, which lives for ever.
    pub fn leak() -> &'static World {
        Box::leak(Box::new(World {
            slots: UnsafeCell::new(Vec::with_capacity(MAX_SLOTS)),
            max_paddr: MaxPaddr::new(),
            page: Page([0; PAGE_SIZE]),
            register: Mutex::new(Register::default()),
        }))
    }

    /// Puts the world into the start state of `program`, by construction: no
    /// atomic access is made.
    ///
    /// The handles of the start state are made by
    /// [`Hands::of_start`](crate::driver::Hands::of_start).
    ///
    /// # Safety
    ///
    /// Handles from before the call are never used again, and no other thread
    /// uses the world during the call.
    pub unsafe fn reset<H: Host>(&self, program: &Program) {
        // SAFETY: nobody else uses the world.
        let slots = unsafe { &mut *self.slots.get() };
        slots.clear();
        self.register().reset(program.threads.len());
        let state = match program.start_count() {
            _ if program.start.kind == crate::program::StartKind::Unique => SlotState::Unique,
            0 => SlotState::Unused,
            n => SlotState::Shared(n),
        };
        slots.push(match state {
            SlotState::Unused => MetaSlot::new_unused(),
            state => MetaSlot::new_in_use(KindA::<H>::initial(), state),
        });
        slots.resize_with(program.slots(), MetaSlot::new_unused);
        // SAFETY: all slots are initialised, and no other thread runs.
        unsafe { self.max_paddr.set(slots.len() * PAGE_SIZE) };
    }

    /// The slots.
    pub fn slots(&self) -> &[MetaSlot] {
        // SAFETY: changed only while nobody uses the world.
        unsafe { &*self.slots.get() }
    }

    /// The newest state of a slot; not a step of the protocol.
    pub fn state(&self, slot: usize) -> SlotState {
        self.slots()[slot].snapshot()
    }

    /// What is known of the metadata.
    pub fn register(&self) -> MutexGuard<'_, Register> {
        // A panic under the lock ends the execution; the next one resets.
        self.register.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// The end of physical memory.
    pub(crate) fn max_paddr(&self) -> &MaxPaddr {
        &self.max_paddr
    }

    pub(crate) fn first_slot(&self) -> NonNull<MetaSlot> {
        // SAFETY: a vector's buffer is never null; nobody changes it now.
        unsafe { NonNull::new_unchecked((*self.slots.get()).as_mut_ptr()) }
    }

    pub(crate) fn page(&self) -> *mut u8 {
        std::ptr::from_ref(&self.page).cast_mut().cast()
    }
}

/// The address of the frame that `slot` describes.
pub const fn paddr_of(slot: usize) -> Paddr {
    slot * PAGE_SIZE
}
