//! Metadata that knows who wrote it and reports to the register when it goes.

use std::any::Any;
use std::marker::PhantomData;

use super::Host;
use crate::outcome::Writer;
use crate::protocol::Protocol;

/// Metadata of one of two types that differ in `KIND`, so that a vtable word
/// that does not belong to the value beside it is seen.
pub struct Tracked<P: Protocol, const KIND: u8> {
    kind: u8,
    generation: u32,
    writer: Writer,
    _protocol: PhantomData<P>,
}

/// The metadata of the start state and of `alloc`.
pub type KindA<P> = Tracked<P, b'A'>;

/// The metadata of `alloc_unique`.
pub type KindB<P> = Tracked<P, b'B'>;

impl<P: Protocol, const KIND: u8> Tracked<P, KIND> {
    /// A value of a new generation.
    pub fn new(slot: usize, writer: Writer) -> Self {
        Self::of(P::Host::register().born(slot), writer)
    }

    /// The metadata of the start state.
    pub(crate) fn initial() -> Self {
        let mut register = P::Host::register();
        let generation = register.born(0);
        register.stored(generation);
        Self::of(generation, Writer::START)
    }

    fn of(generation: u32, writer: Writer) -> Self {
        Tracked {
            kind: KIND,
            generation,
            writer,
            _protocol: PhantomData,
        }
    }

    /// Its place in the register.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// Records that an operation writes to it.
    pub fn set_writer(&mut self, writer: Writer) {
        self.writer = writer;
    }

    /// The protocol's hook before its destructor, for metadata that was stored;
    /// was it given the frame that the metadata belongs to?
    pub fn on_drop(&mut self, own_frame: impl FnOnce(usize) -> bool) {
        let mut register = P::Host::register();
        let slot = register.slot_of(self.generation);
        let allowed = P::Host::world().may_tear_down(P::Host::thread(), slot, P::peek(slot));
        register.on_drop(self.generation, allowed, own_frame(slot));
    }
}

impl<P: Protocol, const KIND: u8> Drop for Tracked<P, KIND> {
    fn drop(&mut self) {
        P::Host::register().dropped(self.generation, |slot| {
            let (world, thread) = (P::Host::world(), P::Host::thread());
            world.torn_down(thread, slot);
            world.may_tear_down(thread, slot, P::peek(slot))
        });
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

/// The tag of metadata of either kind, or `None` if the value is not of the kind
/// that its vtable says.
pub fn tag_of<P: Protocol>(metadata: &dyn Any) -> Option<Tag> {
    fn tag<P: Protocol, const KIND: u8>(metadata: &Tracked<P, KIND>) -> Option<Tag> {
        (metadata.kind == KIND).then_some(Tag {
            writer: metadata.writer,
            generation: metadata.generation,
        })
    }
    if let Some(metadata) = metadata.downcast_ref::<KindA<P>>() {
        tag(metadata)
    } else {
        metadata.downcast_ref::<KindB<P>>().and_then(tag)
    }
}

/// The frame of a slot goes back to the allocator.
pub fn freed<P: Protocol>(slot: usize) {
    let emptied = P::Host::world().tore_down(P::Host::thread(), slot);
    P::Host::register().freed(slot, emptied, P::peek(slot));
}
