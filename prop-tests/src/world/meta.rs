//! Metadata that knows who wrote it and tells the register when it goes.

use std::any::Any;
use std::marker::PhantomData;

use meta_core::{AnyFrameMeta, PAGE_SIZE, VmReader};

use super::Host;
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
        Tracked {
            kind: KIND,
            generation: H::world().register().born(slot),
            writer,
            _host: PhantomData,
        }
    }

    /// The metadata of the start state.
    pub(super) fn initial() -> Self {
        let initial = Self::new(0, Writer::Start);
        initial.store();
        initial
    }

    /// Says that the value is stored in a slot, and has to see `on_drop`.
    pub(crate) fn store(&self) {
        H::world().register().stored(self.generation);
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

/// The writer of metadata of either kind, or `None` if the value is not of the
/// kind that its vtable says.
pub fn tag_of<H: Host>(metadata: &dyn AnyFrameMeta) -> Option<Writer> {
    fn tag<H: Host, const KIND: u8>(metadata: &dyn Any) -> Option<(u8, u8, Writer)> {
        metadata
            .downcast_ref::<Tracked<H, KIND>>()
            .map(|m| (KIND, m.kind, m.writer))
    }
    let any: &dyn Any = metadata;
    let (vtable, value, writer) = tag::<H, b'A'>(any).or_else(|| tag::<H, b'B'>(any))?;
    (vtable == value).then_some(writer)
}

// SAFETY: `on_drop` only looks at the reader's length, and the page is never
// written.
unsafe impl<H: Host, const KIND: u8> AnyFrameMeta for Tracked<H, KIND> {
    fn on_drop(&mut self, page: &mut VmReader<'_>) {
        assert_eq!(page.remain(), PAGE_SIZE, "on_drop sees the whole page");
        let world = H::world();
        let mut register = world.register();
        let slot = register.slot_of(self.generation);
        register.on_drop(self.generation, world.state(slot));
    }
}

impl<H: Host, const KIND: u8> Drop for Tracked<H, KIND> {
    fn drop(&mut self) {
        let world = H::world();
        let mut register = world.register();
        let slot = register.slot_of(self.generation);
        register.dropped(self.generation, H::thread(), world.state(slot));
    }
}
