//! The reference-counted metadata of physical memory frames.
//!
//! A kernel keeps one [`MetaSlot`] for every physical frame. One atomic word in
//! it, `ref_count`, determines who may access the rest:
//!
//! | value | state | who may access the metadata and its vtable word |
//! |---|---|---|
//! | [`REF_COUNT_UNUSED`] | Unused | nobody |
//! | 0 | Busy: being built or torn down | the thread that made it 0 |
//! | 1 to [`REF_COUNT_MAX`] | Shared(n) | every handle, to read |
//! | [`REF_COUNT_UNIQUE`] | Unique | the one [`UniqueFrame`], to read and write |
//! | between the last two | overflow, until the abort | nobody |
//!
//! # The rules
//!
//! 1. Only `slot.rs` changes `ref_count`, and each change is one row of the
//!    [ordering table](ordering::SITES). In debug builds and in models it checks
//!    the state that it starts from.
//! 2. Whoever makes a slot Busy builds or tears down its metadata alone, and
//!    ends the Busy state. If it panics the slot stays Busy for ever: leaked,
//!    never dropped twice.
//! 3. A handle is counted before it exists and given up before it is uncounted.
//! 4. Metadata is written before the store that makes it reachable (Release),
//!    and read after the compare-and-swap that reached it (Acquire).
//! 5. Everything a handle did happens before the teardown by the last handle
//!    and before the writes of the next unique owner.
//! 6. A teardown happens before the next generation's construction.
//!    An unused frame belongs to nobody, not even to the allocator: anyone may
//!    claim it at any time, and whoever accesses its page claims it first.
//! 7. A failed operation leaves the slot as it was.
//! 8. A lookup by address that fails promises nothing: without a happens-before
//!    edge to a publication it may miss it.
//! 9. A frame in a list is Unique and has no handle but the list. `in_list` of
//!    its slot is that list's id, changed under exclusive access to the list;
//!    it is 0 again before there is a handle, so before any teardown.
//! 10. The bytes of an untyped page belong to no handle: they are reached as
//!     relaxed atomic words, by [`VmReader`] and [`VmWriter`] alone.
//!
//! # Using it
//!
//! Implement [`Platform`] once. Then `Frame<M, P>` and `UniqueFrame<M, P>` are
//! words that know where their slot is, `Segment<M, P>` holds frames in a row,
//! and `LinkedList<M, P>` holds unique frames.
//!
// In a model build the atomics are an explorer's, and rustdoc does not pass its
// cfg on to examples.
#![cfg_attr(not(model), doc = "```")]
#![cfg_attr(model, doc = "```ignore (needs the real atomics)")]
//! use core::ptr::NonNull;
//! use meta_core::{AnyFrameMeta, Frame, GetFrameError, MaxPaddr, MetaSlot};
//! use meta_core::{PAGE_SIZE, Paddr, Platform, UniqueFrame, impl_frame_meta_for};
//! # use std::cell::UnsafeCell;
//! # static SLOTS: [MetaSlot; 8] = [const { MetaSlot::new_unused() }; 8];
//! # #[repr(align(4096))]
//! # struct Memory(UnsafeCell<[u8; 8 * PAGE_SIZE]>);
//! # // SAFETY: pages are reached through the handles, which determine who may access them.
//! # unsafe impl Sync for Memory {}
//! # static MEMORY: Memory = Memory(UnsafeCell::new([0; 8 * PAGE_SIZE]));
//! # static MAX_PADDR: MaxPaddr = MaxPaddr::new();
//! # mod allocator { pub fn put(_: usize) {} }
//!
//! struct Kernel;
//!
//! // SAFETY: eight slots and pages that exist for ever.
//! unsafe impl Platform for Kernel {
//!     fn slots() -> NonNull<MetaSlot> { NonNull::from(&SLOTS).cast() }
//!     fn max_paddr() -> &'static MaxPaddr { &MAX_PADDR }
//!     fn page(paddr: Paddr) -> *mut u8 {
//!         // the linear mapping
//! #       MEMORY.0.get().cast::<u8>().wrapping_add(paddr)
//!     }
//!     unsafe fn free_frame(paddr: Paddr) { allocator::put(paddr) }
//!     fn abort() -> ! { std::process::abort() }
//! }
//!
//! struct PageTable { level: u8 }
//! impl_frame_meta_for!(PageTable);
//!
//! // SAFETY: all slots are initialised, and no other thread runs yet.
//! unsafe { MAX_PADDR.set(8 * PAGE_SIZE) };
//!
//! // Claim a frame to own it, and write its metadata.
//! let paddr = 3 * PAGE_SIZE;
//! let mut owned = UniqueFrame::<_, Kernel>::from_unused(paddr, PageTable { level: 1 })?;
//! owned.meta_mut().level = 2;
//! assert_eq!(Frame::<_, Kernel>::from_in_use(paddr).unwrap_err(), GetFrameError::Unique);
//!
//! // Share it: now its address finds it, whatever its metadata.
//! let shared = Frame::from(owned);
//! let found: Frame<dyn AnyFrameMeta, Kernel> = Frame::from_in_use(paddr)?;
//! let found = Frame::<PageTable, Kernel>::try_from(found).expect("a page table");
//! assert_eq!((found.meta().level, found.reference_count()), (2, 2));
//!
//! // The last handle drops the metadata and gives the frame back.
//! drop((shared, found));
//! assert_eq!(Frame::<_, Kernel>::from_in_use(paddr).unwrap_err(), GetFrameError::Unused);
//! # Ok::<(), GetFrameError>(())
//! ```
#![no_std]

pub mod boot;
mod error;
mod frame;
mod layout;
mod list;
mod mapping;
mod meta;
pub mod ordering;
mod platform;
mod reader;
mod segment;
mod slot;
mod state;
mod sync;
mod unique;
mod untyped;

#[doc(inline)]
pub use crate::sync::*;
pub use error::GetFrameError;
pub use frame::{Frame, FrameRef};
pub use list::{CursorMut, Link, LinkedList, ListIds};
pub use mapping::{frame_to_index, frame_to_meta, meta_to_frame};
pub use meta::{AnyFrameMeta, FRAME_METADATA_MAX_ALIGN, FRAME_METADATA_MAX_SIZE, META_SLOT_SIZE};
pub use platform::{MaxPaddr, PAGE_SIZE, Paddr, Platform};
pub use reader::{Pod, VmReader, VmWriter};
pub use segment::Segment;
pub use slot::{MetaSlot, get_slot};
pub use state::{Dropped, Ownership, REF_COUNT_BUSY, REF_COUNT_UNIQUE, REF_COUNT_UNUSED};
pub use state::{SlotState, TryUnique};
pub use unique::UniqueFrame;
pub use untyped::{AnyUFrameMeta, UFrame, USegment, UntypedMem};
