//! A protocol under a lock, with a fault in each operation but a claim.
//!
//! No step of it is modelled: under an explorer a program has one execution.

use std::any::Any;
use std::sync::{Mutex, MutexGuard, PoisonError};

use worker::program::{self, StartKind};
use worker::protocol::{Protocol, Refused, SlotState, Start};
use worker::world::{self, Host as _, Tracked};
use worker::{Host, engine};

/// The protocol.
pub(crate) struct Faulty;

/// A handle: nothing but its slot.
pub(crate) struct Handle(usize);

impl Drop for Handle {
    /// `drop`: the worker is gone.
    fn drop(&mut self) {
        std::process::exit(1);
    }
}

/// Metadata of either kind.
trait Metadata: Send {
    fn on_drop(&mut self);
}

impl<const KIND: u8> Metadata for Tracked<Faulty, KIND> {
    fn on_drop(&mut self) {
        Tracked::on_drop(self, |_| true);
    }
}

struct Slot {
    state: SlotState,
    metadata: Option<Box<dyn Metadata>>,
}

type Slots = Mutex<Vec<Slot>>;

fn slots() -> MutexGuard<'static, Vec<Slot>> {
    let slots = Host::world().memory::<Slots>();
    slots.lock().unwrap_or_else(PoisonError::into_inner)
}

fn set(slot: usize, state: SlotState) {
    slots()[slot].state = state;
}

/// Takes the metadata out, to be torn down without the lock.
fn take(slot: usize) -> Box<dyn Metadata> {
    slots()[slot].metadata.take().expect("a slot in use")
}

fn claim<const KIND: u8>(
    slot: usize,
    metadata: Tracked<Faulty, KIND>,
    state: SlotState,
) -> Result<Handle, Refused> {
    if Faulty::peek(slot) != SlotState::Unused {
        return Err(Refused::InUse);
    }
    slots()[slot] = Slot {
        state,
        metadata: Some(Box::new(metadata)),
    };
    Ok(Handle(slot))
}

// SAFETY: handles are numbers, and all is under a lock.
unsafe impl Protocol for Faulty {
    type Host = Host;
    type Shared = Handle;
    type Unique = Handle;

    const REF_COUNT_MAX: u64 = 16;

    /// Nobody needs two handles: so that there are programs which it cannot run.
    fn start_refused(start: program::Start) -> Option<&'static str> {
        (start.kind == StartKind::SharedTwice).then_some("two handles are too many")
    }

    unsafe fn reset(count: usize, first: Start<Self>) {
        let unused = || Slot {
            state: SlotState::Unused,
            metadata: None,
        };
        let before = std::mem::replace(&mut *slots(), (0..count).map(|_| unused()).collect());
        // What an execution left is none of the next one's.
        std::mem::forget(before);
        let (metadata, state) = match first {
            Start::Unused => return,
            Start::Shared(metadata, handles) => (metadata, SlotState::Shared(handles)),
            Start::Unique(metadata) => (metadata, SlotState::Unique),
        };
        let claimed = claim(0, metadata, state).map(std::mem::forget);
        claimed.expect("nobody uses it yet");
    }

    fn claim_shared<const KIND: u8>(
        slot: usize,
        metadata: Tracked<Self, KIND>,
    ) -> Result<Handle, Refused> {
        claim(slot, metadata, SlotState::Shared(1))
    }

    /// `alloc_unique`: loom alone is refused.
    fn claim_unique<const KIND: u8>(
        slot: usize,
        metadata: Tracked<Self, KIND>,
    ) -> Result<Handle, Refused> {
        if engine::compiled().as_str() == "loom" {
            return Err(Refused::Unique);
        }
        claim(slot, metadata, SlotState::Unique)
    }

    /// `get`: waits for somebody who never comes, if there is something to get.
    fn look_up(slot: usize) -> Result<Handle, Refused> {
        if Self::peek(slot) == SlotState::Unused {
            return Err(Refused::Unused);
        }
        loop {
            #[cfg(model)]
            facade::model::thread::park();
            #[cfg(not(model))]
            std::thread::park();
        }
    }

    /// `clone`: aborts.
    fn clone(_: &Handle) -> Handle {
        world::abort()
    }

    /// `try_unique`: panics.
    fn try_unique(handle: Handle) -> Result<Handle, Handle> {
        std::mem::forget(handle);
        panic!("no handle is ever unique")
    }

    /// `share`: tears the metadata down that it publishes.
    fn share(handle: Handle) -> Handle {
        set(handle.0, SlotState::Shared(1));
        drop(take(handle.0));
        handle
    }

    /// `repurpose`: tears the old metadata down twice.
    fn repurpose<const KIND: u8>(handle: Handle, metadata: Tracked<Self, KIND>) -> Handle {
        let mut old = take(handle.0);
        old.on_drop();
        old.on_drop();
        drop(old);
        slots()[handle.0].metadata = Some(Box::new(metadata));
        handle
    }

    /// `reset`: forgets the metadata.
    fn reset_as_unused(handle: Handle) {
        set(handle.0, SlotState::Unused);
        std::mem::forget((take(handle.0), handle));
    }

    /// `count`: one too many.
    fn count(handle: &Handle) -> u64 {
        match Self::peek(handle.0) {
            SlotState::Shared(handles) => handles + 1,
            _ => 0,
        }
    }

    fn shared_meta(_: &Handle) -> &dyn Any {
        &()
    }

    fn unique_meta(_: &Handle) -> &dyn Any {
        &()
    }

    fn unique_meta_mut(_: &mut Handle) -> &mut dyn Any {
        Box::leak(Box::new(()))
    }

    unsafe fn shared_again(slot: usize) -> Handle {
        Handle(slot)
    }

    unsafe fn unique_again(slot: usize) -> Handle {
        Handle(slot)
    }

    fn peek(slot: usize) -> SlotState {
        slots()[slot].state
    }
}
