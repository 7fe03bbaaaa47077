//! Metadata that knows who wrote it and tells the register when it goes.

use std::any::Any;
use std::marker::PhantomData;

use meta_core::{AnyFrameMeta, Link, PAGE_SIZE, VmReader};

use super::{Host, Register, paddr_of};
use crate::outcome::Writer;

/// Metadata of one of two types that differ in `KIND`, so that a vtable word
/// that does not belong to the value beside it is seen.
#[derive(Debug)]
pub struct Tracked<H: Host, const KIND: u8> {
    kind: u8,
    generation: u32,
    writer: Writer,
    _host: PhantomData<H>,
}

/// The metadata of the start state and of `alloc`.
pub type KindA<H> = Tracked<H, b'A'>;

/// The metadata of `alloc_unique`.
pub type KindB<H> = Tracked<H, b'B'>;

impl<H: Host, const KIND: u8> Tracked<H, KIND> {
    /// A value of a new generation.
    pub fn new(slot: usize, writer: Writer) -> Self {
        Self::of(H::world().register().born(slot), writer)
    }

    /// The metadata of the start state.
    pub(super) fn initial(register: &mut Register) -> Self {
        let generation = register.born(0);
        register.stored(generation);
        Self::of(generation, Writer::Start)
    }

    fn of(generation: u32, writer: Writer) -> Self {
        Tracked {
            kind: KIND,
            generation,
            writer,
            _host: PhantomData,
        }
    }

    /// Its place in the register.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// Says that an operation writes to it.
    pub fn set_writer(&mut self, writer: Writer) {
        self.writer = writer;
    }
}

/// What metadata of either kind says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Who wrote it.
    pub writer: Writer,
    /// Its place in the register.
    pub generation: u32,
}

/// The tag of metadata of either kind, in a list's link or not; or `None` if the value is not of the
/// kind that its vtable says.
pub fn tag_of<H: Host>(metadata: &dyn AnyFrameMeta) -> Option<Tag> {
    fn tag<H: Host, const KIND: u8>(metadata: &Tracked<H, KIND>) -> Option<Tag> {
        (metadata.kind == KIND).then_some(Tag {
            writer: metadata.writer,
            generation: metadata.generation,
        })
    }
    let any: &dyn Any = metadata;
    if let Some(metadata) = any.downcast_ref::<KindA<H>>() {
        tag(metadata)
    } else if let Some(link) = any.downcast_ref::<Link<KindA<H>>>() {
        tag(link)
    } else {
        any.downcast_ref::<KindB<H>>().and_then(tag)
    }
}

// SAFETY: pages of a world are never written.
unsafe impl<H: Host, const KIND: u8> AnyFrameMeta for Tracked<H, KIND> {
    unsafe fn on_drop(&mut self, page: &mut VmReader<'_>) {
        let world = H::world();
        let mut register = world.register();
        let slot = register.slot_of(self.generation);
        let allowed = world.may_tear_down(H::thread(), slot);
        let own_page = is_page_of(slot, page);
        register.on_drop(self.generation, allowed, own_page);
    }
}

/// Whether the reader stands at the beginning of this frame's page, and ends
/// with it.
fn is_page_of(slot: usize, page: &mut VmReader<'_>) -> bool {
    let whole = page.remain() == PAGE_SIZE;
    let mut address = [0; size_of::<usize>()];
    page.read(&mut address);
    whole && usize::from_ne_bytes(address) == paddr_of(slot)
}

impl<H: Host, const KIND: u8> Drop for Tracked<H, KIND> {
    fn drop(&mut self) {
        let world = H::world();
        let mut register = world.register();
        let slot = register.slot_of(self.generation);
        let allowed = world.may_tear_down(H::thread(), slot);
        if register.dropped(self.generation, allowed) {
            world.torn_down(H::thread(), slot);
        }
    }
}
