//! The handles of the code under test, as the driver uses them.
//!
//! Each subject implements [`Protocol`] in a file of its own, the adapter;
//! [`adapter`](crate::adapter) is that of `meta-core`. Shared state that the
//! protocol keeps, such as its slots, is [memory](crate::world::World::memory)
//! of the world, or statics that an explorer resets.

use std::any::Any;

pub use programs::spec::SlotState;

use crate::outcome::{OpResult, Writer};
use crate::program::{self, StartKind};
use crate::world::{Host, KindA, KindB, StartState, Tracked};

/// A protocol of shared and unique handles to the metadata of frames, as a host
/// runs it. Frames are named by their slots, which count from 0.
///
/// A handle gives its reference up when it is dropped. One that is forgotten
/// keeps it, and can be made again from its slot: that is how handles go
/// through mailboxes, and what happens to those of a thread that stops.
///
/// What the protocol reports to the world, beside the results:
///
/// - metadata that was stored is torn down by [`Tracked::on_drop`], which is the
///   protocol's hook for that, and then by its destructor;
/// - a frame that goes back to the allocator: [`freed`](crate::world::freed);
/// - a count that would overflow ends in [`abort`](crate::world::abort).
///
/// # Safety
///
/// The handles keep their own contract: safe methods lead to no undefined
/// behaviour as long as the code under test is right. Shared memory is that of
/// the host's world or, under an explorer, of statics that it resets.
pub unsafe trait Protocol: Sized + Send + Sync + 'static {
    /// Who runs the threads.
    type Host: Host;
    /// A handle that shares a frame, whatever the type of its metadata.
    type Shared;
    /// The handle that owns a frame, whatever the type of its metadata.
    type Unique;

    /// The highest number of handles that a frame may be shared by; one more
    /// aborts. Where it is above [`FARTHEST_LIMIT`], programs cannot reach it,
    /// and those that are meant to are left out.
    const REF_COUNT_MAX: u64;

    /// Whether each thread of the operating system has slots of its own, so that one
    /// process can explore a program on several cores. Slots that are statics are shared
    /// by all of them.
    const PARALLEL: bool = false;

    /// Why programs cannot begin like this, or `None` if they can. Those that
    /// cannot are left out of what is enumerated, and the reason is printed.
    fn start_refused(start: program::Start) -> Option<&'static str> {
        let _ = start;
        None
    }

    /// Makes so many slots, the first of them in this state and all others
    /// unused. Steps of the protocol that are made here come before all threads
    /// and are not shown. The handles of the start are forgotten.
    ///
    /// # Safety
    ///
    /// Handles from before the call are never used again, and no other thread
    /// uses the protocol during the call.
    unsafe fn reset(slots: usize, first: Start<Self>);

    /// Claims an unused frame, to share it.
    ///
    /// # Errors
    ///
    /// What the frame is instead of unused.
    fn claim_shared<const KIND: u8>(
        slot: usize,
        metadata: Tracked<Self, KIND>,
    ) -> Result<Self::Shared, Refused>;

    /// Claims an unused frame, to own it.
    ///
    /// # Errors
    ///
    /// What the frame is instead of unused.
    fn claim_unique<const KIND: u8>(
        slot: usize,
        metadata: Tracked<Self, KIND>,
    ) -> Result<Self::Unique, Refused>;

    /// Looks a frame up by its address, and shares it.
    ///
    /// # Errors
    ///
    /// What the frame is instead of shared.
    fn look_up(slot: usize) -> Result<Self::Shared, Refused>;

    /// One handle more.
    fn clone(frame: &Self::Shared) -> Self::Shared;

    /// Makes a shared handle the unique one, or gives it back if there are
    /// others.
    ///
    /// # Errors
    ///
    /// The same handle.
    fn try_unique(frame: Self::Shared) -> Result<Self::Unique, Self::Shared>;

    /// Makes the unique handle a shared one.
    fn share(frame: Self::Unique) -> Self::Shared;

    /// Replaces the metadata of an owned frame.
    fn repurpose<const KIND: u8>(
        frame: Self::Unique,
        metadata: Tracked<Self, KIND>,
    ) -> Self::Unique;

    /// Gives the slot of an owned frame up, without the allocator.
    fn reset_as_unused(frame: Self::Unique);

    /// The reference count.
    fn count(frame: &Self::Shared) -> u64;

    /// The metadata, by its dynamic type: [`Tracked`] of either kind.
    #[track_caller]
    fn shared_meta(frame: &Self::Shared) -> &dyn Any;

    /// As [`shared_meta`](Self::shared_meta).
    #[track_caller]
    fn unique_meta(frame: &Self::Unique) -> &dyn Any;

    /// The same, to write it.
    #[track_caller]
    fn unique_meta_mut(frame: &mut Self::Unique) -> &mut dyn Any;

    /// A shared handle that was forgotten.
    ///
    /// # Safety
    ///
    /// It was forgotten, or is one of the start, and is made again once.
    unsafe fn shared_again(slot: usize) -> Self::Shared;

    /// The unique handle that was forgotten.
    ///
    /// # Safety
    ///
    /// As [`shared_again`](Self::shared_again).
    unsafe fn unique_again(slot: usize) -> Self::Unique;

    /// The newest state of a slot: no step of the protocol.
    fn peek(slot: usize) -> SlotState;

    /// The slot that has something at this address, for the traces of
    /// explorers.
    fn slot_at(address: usize) -> Option<usize> {
        let _ = address;
        None
    }
}

/// The highest limit of the count that start states come near.
pub const FARTHEST_LIMIT: u64 = 16;

/// The first slot at the start, with its metadata where it has any.
pub enum Start<P: Protocol> {
    /// Unused.
    Unused,
    /// Shared by so many handles.
    Shared(KindA<P>, u64),
    /// Owned.
    Unique(KindA<P>),
}

impl<P: Protocol> Start<P> {
    /// That of a program, whose world has nothing in it yet.
    #[inline]
    pub(crate) fn of(start: &StartState) -> Self {
        match start.kind {
            StartKind::Unused => Start::Unused,
            StartKind::Shared | StartKind::SharedTwice => {
                Start::Shared(KindA::initial(), start.handles)
            }
            StartKind::Unique => Start::Unique(KindA::initial()),
        }
    }
}

/// Why a frame is not to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is shared.
    InUse,
    /// It is unused.
    Unused,
    /// Its metadata is being built or torn down.
    Busy,
    /// It is owned.
    Unique,
}

impl From<Refused> for OpResult {
    #[inline]
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::InUse => OpResult::InUse,
            Refused::Unused => OpResult::Unused,
            Refused::Busy => OpResult::Busy,
            Refused::Unique => OpResult::Unique,
        }
    }
}

/// Performs a write of the driver to metadata: false if it is of neither kind.
pub(crate) fn set_writer<P: Protocol>(metadata: &mut dyn Any, writer: Writer) -> bool {
    if let Some(metadata) = metadata.downcast_mut::<KindA<P>>() {
        metadata.set_writer(writer);
    } else if let Some(metadata) = metadata.downcast_mut::<KindB<P>>() {
        metadata.set_writer(writer);
    } else {
        return false;
    }
    true
}
