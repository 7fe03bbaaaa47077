//! A hosted platform for tests: each test has memory of its own.

// Every test file is a crate that uses some of this.
#![allow(dead_code)]

use std::any::Any;
use std::cell::UnsafeCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::NonNull;
use std::sync::{Arc, Mutex};

use meta_core::{
    AnyFrameMeta, MaxPaddr, MetaSlot, PAGE_SIZE, Paddr, Platform, SlotState, VmReader, get_slot,
};

#[repr(align(4096))]
pub(crate) struct Page(UnsafeCell<[u8; PAGE_SIZE]>);

// SAFETY: a page is reached through the protocol alone, whose handles say who
// may touch it.
unsafe impl Sync for Page {}

/// Slots and pages, never given back to the host.
pub(crate) struct Region {
    slots: &'static [MetaSlot],
    pages: &'static [Page],
    pub(crate) max_paddr: MaxPaddr,
    freed: Mutex<Vec<(Paddr, SlotState)>>,
}

impl Region {
    /// A region described by `slots`, before its start-up.
    pub(crate) fn asleep(slots: Vec<MetaSlot>) -> Self {
        let page = |index| Page(UnsafeCell::new(std::array::from_fn(|at| byte(index, at))));
        Region {
            pages: (0..slots.len()).map(page).collect::<Vec<_>>().leak(),
            slots: slots.leak(),
            max_paddr: MaxPaddr::new(),
            freed: Mutex::default(),
        }
    }

    /// A region described by `slots`, in use.
    pub(crate) fn new(slots: Vec<MetaSlot>) -> Self {
        let region = Region::asleep(slots);
        // SAFETY: all slots are initialised, and nobody has this region yet.
        unsafe { region.max_paddr.set(region.slots.len() * PAGE_SIZE) };
        region
    }

    pub(crate) fn slots(&self) -> NonNull<MetaSlot> {
        // From the whole slice: the pointer is good for every slot.
        NonNull::from(self.slots).cast()
    }

    pub(crate) fn page(&self, paddr: Paddr) -> *mut u8 {
        assert!(paddr.is_multiple_of(PAGE_SIZE), "a page is asked for");
        let index = paddr / PAGE_SIZE;
        assert!(index < self.pages.len(), "a frame's page is asked for");
        // From the whole slice: pages in a row are read in one go.
        let first = self.pages.as_ptr().cast_mut();
        first.wrapping_add(index).cast()
    }

    /// Stricter than a kernel, which maps the pages of unused frames too.
    pub(crate) fn claimed_page(&self, paddr: Paddr) -> *mut u8 {
        let page = self.page(paddr);
        let state = self.slots[paddr / PAGE_SIZE].snapshot();
        assert_ne!(
            state,
            SlotState::Unused,
            "a claimed frame's page is asked for"
        );
        page
    }

    /// Takes a frame, and notes the state in which it was handed over.
    pub(crate) fn free(&self, paddr: Paddr) {
        let state = self.slots[paddr / PAGE_SIZE].snapshot();
        self.freed.lock().unwrap().push((paddr, state));
    }

    /// The frames that the allocator was given since the last call, each of
    /// them unused.
    pub(crate) fn take_freed(&self) -> Vec<Paddr> {
        let freed = std::mem::take(&mut *self.freed.lock().unwrap());
        let unused = |(paddr, state)| {
            assert_eq!(state, SlotState::Unused, "handed over at {paddr:#x}");
            paddr
        };
        freed.into_iter().map(unused).collect()
    }
}

/// The byte at `at` of the page of frame `index`.
pub(crate) fn byte(index: usize, at: usize) -> u8 {
    (index * 101 + at * 7 + at / 256) as u8
}

/// Slots of so many unused frames.
pub(crate) fn unused(frames: usize) -> Vec<MetaSlot> {
    (0..frames).map(|_| MetaSlot::new_unused()).collect()
}

/// `platform!(Name = region)` declares a platform type with a region of its
/// own.
#[macro_export]
macro_rules! platform {
    ($name:ident = $region:expr) => {
        enum $name {}

        #[allow(dead_code)]
        impl $name {
            fn region() -> &'static $crate::common::Region {
                static REGION: ::std::sync::LazyLock<$crate::common::Region> =
                    ::std::sync::LazyLock::new(|| $region);
                &REGION
            }

            /// The frames handed to the allocator since the last call.
            fn take_freed() -> Vec<::meta_core::Paddr> {
                Self::region().take_freed()
            }
        }

        // SAFETY: a region keeps its slots and pages for ever, initialised
        // before its start-up; an abort unwinds, and the tests that cause one
        // forget the handles concerned.
        unsafe impl ::meta_core::Platform for $name {
            fn slots() -> ::std::ptr::NonNull<::meta_core::MetaSlot> {
                Self::region().slots()
            }
            fn max_paddr() -> &'static ::meta_core::MaxPaddr {
                &Self::region().max_paddr
            }
            fn page(paddr: ::meta_core::Paddr) -> *mut u8 {
                Self::region().claimed_page(paddr)
            }
            unsafe fn free_frame(paddr: ::meta_core::Paddr) {
                Self::region().free(paddr);
            }
            fn abort() -> ! {
                $crate::common::abort()
            }
        }
    };
}

/// The address of a frame.
pub(crate) const fn frame(index: usize) -> Paddr {
    index * PAGE_SIZE
}

/// The states of all slots.
pub(crate) fn states<P: Platform>() -> Vec<SlotState> {
    (0..P::max_paddr().get())
        .step_by(PAGE_SIZE)
        .map(state::<P>)
        .collect()
}

/// The state of the slot of one frame.
pub(crate) fn state<P: Platform>(paddr: Paddr) -> SlotState {
    get_slot::<P>(paddr).unwrap().snapshot()
}

/// What the platform's abort unwinds with.
struct Abort;

pub(crate) fn abort() -> ! {
    // Without the panic hook: it is expected where it happens.
    resume_unwind(Box::new(Abort))
}

/// Whether `operation` stops through the platform.
pub(crate) fn aborts<R>(operation: impl FnOnce() -> R) -> bool {
    match catch_unwind(AssertUnwindSafe(operation)) {
        Ok(result) => {
            // Whatever it gave: it belongs to a slot that must not change now.
            std::mem::forget(result);
            false
        }
        Err(payload) if payload.is::<Abort>() => true,
        Err(payload) => resume_unwind(payload),
    }
}

/// What [`explode`] unwinds with.
struct Explosion;

/// A panic in `on_drop` or in a destructor.
pub(crate) fn explode() -> ! {
    resume_unwind(Box::new(Explosion))
}

/// Whether `operation` explodes.
pub(crate) fn explodes<R>(operation: impl FnOnce() -> R) -> bool {
    let thrown = catch_unwind(AssertUnwindSafe(operation)).err();
    match thrown {
        None => false,
        Some(payload) if payload.is::<Explosion>() => true,
        Some(payload) => resume_unwind(payload),
    }
}

/// What happened to metadata, in order.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub(crate) fn note(&self, event: impl Into<String>) {
        self.0.lock().unwrap().push(event.into());
    }

    /// The events since the last call.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// Metadata that notes its end, and does more then if a test asks it to.
pub(crate) struct Watched {
    log: Log,
    pub(crate) value: u64,
    on_drop: fn(&Log, &mut VmReader<'_>),
    destroy: fn(&Log),
}

impl Watched {
    pub(crate) fn new(log: &Log, value: u64) -> Self {
        Watched {
            log: log.clone(),
            value,
            on_drop: |_, _| {},
            destroy: |_| {},
        }
    }

    /// `hook` runs in `on_drop`.
    pub(crate) fn at_on_drop(self, hook: fn(&Log, &mut VmReader<'_>)) -> Self {
        let mut this = self;
        this.on_drop = hook;
        this
    }

    /// `hook` runs in the destructor.
    pub(crate) fn at_destroy(self, hook: fn(&Log)) -> Self {
        let mut this = self;
        this.destroy = hook;
        this
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.log.note(format!("destroy {}", self.value));
        (self.destroy)(&self.log);
    }
}

// SAFETY: no test writes a page whose frame has no handle, and it is not said
// to be untyped.
unsafe impl AnyFrameMeta for Watched {
    unsafe fn on_drop(&mut self, page: &mut VmReader<'_>) {
        self.log.note(format!("on_drop {}", self.value));
        (self.on_drop)(&self.log, page);
    }
}

/// The same, of another type.
pub(crate) struct Other(pub(crate) Watched);

// SAFETY: as for `Watched`; a page of plain bytes has no type to protect.
unsafe impl AnyFrameMeta for Other {
    unsafe fn on_drop(&mut self, page: &mut VmReader<'_>) {
        // SAFETY: the caller's promise is the same.
        unsafe { self.0.on_drop(page) };
    }

    fn is_untyped(&self) -> bool {
        true
    }
}

/// The value in metadata of either type.
pub(crate) fn value_of(meta: &dyn AnyFrameMeta) -> u64 {
    let meta: &dyn Any = meta;
    match meta.downcast_ref::<Watched>() {
        Some(watched) => watched.value,
        None => meta.downcast_ref::<Other>().unwrap().0.value,
    }
}
