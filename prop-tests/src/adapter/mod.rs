//! `meta-core` as a [`Protocol`]: its slots are memory of a host's world.

mod memory;
pub mod scenario;

use std::any::Any;
use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr::{self, NonNull};

use facade::named;
use meta_core::{
    self as core, AnyFrameMeta, AnyUFrameMeta, Frame, GetFrameError, ListIds, MaxPaddr, MetaSlot,
    PAGE_SIZE, Paddr, Platform, UniqueFrame, VmReader,
};

use crate::protocol::{Protocol, Refused, SlotState, Start};
use crate::world::{self, Host, Tracked, World};

pub use memory::{Memory, paddr_of};

thread_local! {
    /// The memory that this OS thread asked for last, and whose it is: asked for in
    /// every step.
    static LAST: Cell<Option<(&'static World, &'static Memory)>> = const { Cell::new(None) };
}

#[cold]
fn memory_of(world: &'static World) -> &'static Memory {
    let memory = world.memory();
    LAST.set(Some((world, memory)));
    memory
}

/// `meta-core`, and its platform, on a host.
#[derive(Debug)]
pub struct MetaCore<H>(PhantomData<H>);

impl<H: Host> MetaCore<H> {
    /// What the world of the host keeps for it.
    #[inline]
    pub fn memory() -> &'static Memory {
        let world = H::world();
        match LAST.get() {
            Some((of, memory)) if ptr::eq(of, world) => memory,
            _ => memory_of(world),
        }
    }
}

// SAFETY: the slots stay where they are, and there is a page for each; `abort`
// unwinds into the driver, which forgets all handles of the thread.
unsafe impl<H: Host> Platform for MetaCore<H> {
    #[inline]
    fn slots() -> NonNull<MetaSlot> {
        Self::memory().first_slot()
    }

    #[inline]
    fn max_paddr() -> &'static MaxPaddr {
        Self::memory().max_paddr()
    }

    fn list_ids() -> &'static ListIds {
        Self::memory().list_ids()
    }

    fn page(paddr: Paddr) -> *mut u8 {
        Self::memory().page(paddr)
    }

    unsafe fn free_frame(paddr: Paddr) {
        Self::memory().assert_frame(paddr);
        world::freed::<Self>(paddr / PAGE_SIZE);
    }

    fn abort() -> ! {
        world::abort()
    }
}

// SAFETY: the handles of `meta-core` are safe; its slots are the world's.
unsafe impl<H: Host> Protocol for MetaCore<H> {
    type Host = H;
    type Shared = Frame<dyn AnyFrameMeta, Self>;
    type Unique = UniqueFrame<dyn AnyFrameMeta, Self>;

    const REF_COUNT_MAX: u64 = core::REF_COUNT_MAX;

    const PARALLEL: bool = true;

    unsafe fn reset(slots: usize, first: Start<Self>) {
        let first = match first {
            Start::Unused => MetaSlot::new_unused(),
            Start::Shared(metadata, n) => {
                MetaSlot::new_in_use(metadata, core::SlotState::Shared(n))
            }
            Start::Unique(metadata) => MetaSlot::new_in_use(metadata, core::SlotState::Unique),
        };
        // SAFETY: promised by the caller.
        unsafe { Self::memory().reset(slots, first) };
    }

    fn claim_shared<const KIND: u8>(
        slot: usize,
        metadata: Tracked<Self, KIND>,
    ) -> Result<Self::Shared, Refused> {
        let claimed = Frame::from_unused(paddr_of(slot), metadata);
        claimed.map(Frame::into).map_err(refused)
    }

    fn claim_unique<const KIND: u8>(
        slot: usize,
        metadata: Tracked<Self, KIND>,
    ) -> Result<Self::Unique, Refused> {
        let claimed = UniqueFrame::from_unused(paddr_of(slot), metadata);
        claimed.map(UniqueFrame::into).map_err(refused)
    }

    fn look_up(slot: usize) -> Result<Self::Shared, Refused> {
        Self::Shared::from_in_use(paddr_of(slot)).map_err(refused)
    }

    fn clone(frame: &Self::Shared) -> Self::Shared {
        frame.clone()
    }

    fn try_unique(frame: Self::Shared) -> Result<Self::Unique, Self::Shared> {
        frame.try_into()
    }

    fn share(frame: Self::Unique) -> Self::Shared {
        frame.into()
    }

    fn repurpose<const KIND: u8>(
        frame: Self::Unique,
        metadata: Tracked<Self, KIND>,
    ) -> Self::Unique {
        frame.repurpose(metadata).into()
    }

    fn reset_as_unused(frame: Self::Unique) {
        frame.reset_as_unused();
    }

    fn count(frame: &Self::Shared) -> u64 {
        frame.reference_count()
    }

    fn shared_meta(frame: &Self::Shared) -> &dyn Any {
        frame.dyn_meta()
    }

    fn unique_meta(frame: &Self::Unique) -> &dyn Any {
        frame.dyn_meta()
    }

    fn unique_meta_mut(frame: &mut Self::Unique) -> &mut dyn Any {
        frame.dyn_meta_mut()
    }

    unsafe fn shared_again(slot: usize) -> Self::Shared {
        // SAFETY: promised by the caller.
        unsafe { Self::Shared::from_raw(paddr_of(slot)) }
    }

    unsafe fn unique_again(slot: usize) -> Self::Unique {
        // SAFETY: promised by the caller.
        unsafe { Self::Unique::from_raw(paddr_of(slot)) }
    }

    #[inline]
    fn peek(slot: usize) -> SlotState {
        match Self::memory().slots()[slot].snapshot() {
            core::SlotState::Unused => SlotState::Unused,
            core::SlotState::Busy => SlotState::Busy,
            core::SlotState::Unique => SlotState::Unique,
            core::SlotState::Shared(n) | core::SlotState::Overflow(n) => SlotState::Shared(n),
        }
    }

    fn slot_at(address: usize) -> Option<usize> {
        Self::memory().slots().iter().position(|slot| {
            let fields = slot.field_addresses();
            fields.iter().any(|(_, field)| *field == address)
        })
    }
}

/// The word for a refusal.
pub(crate) fn refused(error: GetFrameError) -> Refused {
    match error {
        GetFrameError::InUse => Refused::InUse,
        GetFrameError::Unused => Refused::Unused,
        GetFrameError::Busy => Refused::Busy,
        GetFrameError::Unique => Refused::Unique,
        GetFrameError::OutOfBound | GetFrameError::NotAligned => {
            unreachable!("programs name frames that exist")
        }
    }
}

/// The metadata of untyped frames, whose pages scenarios write.
pub(crate) type Untyped<P> = Tracked<P, UNTYPED>;

const UNTYPED: u8 = b'U';

// SAFETY: pages of a world are never written but by `VmWriter`s, and those of typed
// frames not at all.
unsafe impl<H: Host, const KIND: u8> AnyFrameMeta for Tracked<MetaCore<H>, KIND> {
    unsafe fn on_drop(&mut self, page: &mut VmReader<'_>) {
        self.on_drop(|slot| page.remain() == PAGE_SIZE && (KIND == UNTYPED || begins(slot, page)));
    }

    fn is_untyped(&self) -> bool {
        KIND == UNTYPED
    }
}

// SAFETY: untyped, just above; only handles lead to the pages.
unsafe impl<H: Host> AnyUFrameMeta for Untyped<MetaCore<H>> {}

/// Whether the reader stands at the beginning of this frame's page, which nobody
/// writes.
fn begins(slot: usize, page: &mut VmReader<'_>) -> bool {
    let address = named::aside(|| page.read_val::<usize>());
    address == Some(paddr_of(slot))
}
