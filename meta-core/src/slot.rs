//! `MetaSlot`: every transition of `ref_count`, and nothing else.

use core::fmt;

use crate::error::GetFrameError;
use crate::mapping::{frame_to_meta, meta_to_frame};
use crate::meta::{AnyFrameMeta, FRAME_METADATA_MAX_SIZE, MetaVtable, assert_fits};
use crate::ordering as site;
use crate::platform::{PAGE_SIZE, Paddr, Platform};
use crate::reader::VmReader;
use crate::state::{
    Dropped, Ownership, REF_COUNT_BUSY, REF_COUNT_UNIQUE, REF_COUNT_UNUSED, SlotState, TryUnique,
};
use crate::sync::{self, Access, AtomicWord, Field, PlainCell, REF_COUNT_MAX};

/// Checks the state that a transition starts from, in debug builds and in
/// models. It is no step of the protocol: models do not see it.
macro_rules! check_start {
    ($found:expr, $legal:pat, $words:literal) => {
        if sync::CHECKED {
            let found = $found;
            if !matches!(found, $legal) {
                sync::wrong_state(found, $words);
            }
        }
    };
}

/// The bytes of the metadata value. In a slot they begin at its alignment.
pub(crate) type Storage = [u64; FRAME_METADATA_MAX_SIZE / 8];

pub(crate) enum StorageField {}
pub(crate) enum VtableField {}

impl Field for StorageField {
    const NAME: &'static str = "storage";
}

impl Field for VtableField {
    const NAME: &'static str = "vtable_ptr";
}

/// What the kernel keeps for one physical frame: 64 bytes.
///
#[cfg_attr(not(model), doc = "```")]
#[cfg_attr(model, doc = "```ignore (needs the real atomics)")]
/// # mod kernel { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/kernel.rs")); }
/// # use kernel::Kernel;
/// // What the handles do, step by step. It is for those who make handles of
/// // their own; all others use `Frame` and `UniqueFrame`.
/// use meta_core::{Access, Dropped, GetFrameError, MetaSlot, Ownership, PAGE_SIZE, SlotState};
/// use meta_core::{TryUnique, impl_frame_meta_for};
///
/// struct PageTable { level: u8 }
/// impl_frame_meta_for!(PageTable);
///
/// let table = PageTable { level: 2 };
/// let slot = MetaSlot::get_from_unused::<Kernel, _>(PAGE_SIZE, table, Ownership::Shared)?;
/// let same = MetaSlot::get_from_in_use::<Kernel>(PAGE_SIZE)?;
/// assert_eq!((same.reference_count(), same.in_list()), (2, 0));
///
/// // SAFETY: each step is one that the handles allow which it counts.
/// unsafe {
///     assert_eq!(slot.try_make_unique(), TryUnique::Shared);
///     slot.inc_ref_count::<Kernel>();
///     assert_eq!(slot.dec_ref_count(), Dropped::Kept);
///     assert_eq!(slot.dec_ref_count(), Dropped::Kept);
///
///     assert_eq!(slot.try_make_unique(), TryUnique::Unique);
///     let metadata = slot.as_meta_ptr::<PageTable>(Access::Write);
///     (*metadata).level = 1;
///     assert!(!(*slot.dyn_meta_ptr(Access::Read)).is_untyped());
///     slot.drop_meta_in_place::<Kernel>();
///     slot.write_meta(PageTable { level: 3 });
///
///     slot.share();
///     assert_eq!(slot.dec_ref_count(), Dropped::Last);
///     assert_eq!(slot.snapshot(), SlotState::Busy);
///     slot.drop_last_in_place::<Kernel>();
/// }
/// assert_eq!(slot.snapshot(), SlotState::Unused);
///
/// // An owner's end, and a reset, begin with steps of their own.
/// for begin in [MetaSlot::begin_unique_drop, MetaSlot::begin_reset] {
///     let table = PageTable { level: 2 };
///     let slot = MetaSlot::get_from_unused::<Kernel, _>(PAGE_SIZE, table, Ownership::Unique)?;
///     // SAFETY: the unique handle is given up.
///     unsafe {
///         begin(slot);
///         slot.drop_last_in_place::<Kernel>();
///     }
/// }
/// # Ok::<(), GetFrameError>(())
/// ```
#[repr(C, align(64))]
pub struct MetaSlot {
    /// The metadata. First, so that a slot pointer is a metadata pointer.
    pub(crate) storage: PlainCell<Storage, StorageField>,
    /// The state; see [`state`](crate::state).
    pub(crate) ref_count: AtomicWord,
    /// Which type of metadata is stored.
    pub(crate) vtable_ptr: PlainCell<MetaVtable, VtableField>,
    /// 0, or the id of the one list that holds the frame.
    pub(crate) in_list: AtomicWord,
}

// SAFETY: the cells are accessed only as the rules of the crate say: by one
// thread while Busy or Unique, read-only while Shared. The metadata in them is
// `Send + Sync`.
unsafe impl Sync for MetaSlot {}

// SAFETY: as for `Sync`; nothing in a slot belongs to a thread.
unsafe impl Send for MetaSlot {}

/// The slot of the frame at `paddr`.
///
/// # Errors
///
/// [`NotAligned`](GetFrameError::NotAligned) unless `paddr` is a multiple of
/// [`PAGE_SIZE`], else [`OutOfBound`](GetFrameError::OutOfBound) unless it is
/// below the end of physical memory.
///
#[cfg_attr(not(model), doc = "```")]
#[cfg_attr(model, doc = "```ignore (needs the real atomics)")]
/// # mod kernel { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/kernel.rs")); }
/// # use kernel::Kernel;
/// use meta_core::{GetFrameError, PAGE_SIZE, Platform, SlotState, get_slot};
///
/// let slot = get_slot::<Kernel>(PAGE_SIZE)?;
/// assert_eq!((slot.frame_paddr::<Kernel>(), slot.snapshot()), (PAGE_SIZE, SlotState::Unused));
///
/// let end = Kernel::max_paddr().get();
/// assert_eq!(get_slot::<Kernel>(end).unwrap_err(), GetFrameError::OutOfBound);
/// assert_eq!(get_slot::<Kernel>(end + 1).unwrap_err(), GetFrameError::NotAligned);
/// # Ok::<(), GetFrameError>(())
/// ```
#[inline]
pub fn get_slot<P: Platform>(paddr: Paddr) -> Result<&'static MetaSlot, GetFrameError> {
    if !paddr.is_multiple_of(PAGE_SIZE) {
        return Err(GetFrameError::NotAligned);
    }
    if paddr >= P::max_paddr().get() {
        return Err(GetFrameError::OutOfBound);
    }
    // SAFETY: below the end of physical memory the platform has initialised
    // slots, which live for ever and which nobody borrows mutably.
    Ok(unsafe { &*frame_to_meta::<P>(paddr) })
}

impl MetaSlot {
    /// The slot of an unused frame, a constant: slots can be a static array.
    pub const fn new_unused() -> Self {
        Self::with_count(REF_COUNT_UNUSED)
    }

    /// The slot of a frame that is in use from the start, before any other
    /// thread can see it. The caller makes the handles.
    ///
    /// # Panics
    ///
    /// If `state` is not [`Shared`](SlotState::Shared) by at least one handle
    /// or [`Unique`](SlotState::Unique): no other state has metadata.
    ///
    #[cfg_attr(not(model), doc = "```")]
    #[cfg_attr(model, doc = "```ignore (needs the real atomics)")]
    /// use meta_core::{MetaSlot, SlotState, impl_frame_meta_for};
    ///
    /// struct KernelImage;
    /// impl_frame_meta_for!(KernelImage);
    ///
    /// let slot = MetaSlot::new_in_use(KernelImage, SlotState::Shared(1));
    /// assert_eq!(slot.snapshot(), SlotState::Shared(1));
    /// let fields = slot.field_addresses().map(|(name, _)| name);
    /// assert_eq!(fields, ["storage", "ref_count", "vtable_ptr", "in_list"]);
    /// ```
    pub fn new_in_use<M: AnyFrameMeta>(metadata: M, state: SlotState) -> Self {
        assert!(
            matches!(
                state,
                SlotState::Shared(1..=REF_COUNT_MAX) | SlotState::Unique
            ),
            "a slot in state {state} holds no metadata"
        );
        let slot = Self::with_count(state.to_raw());
        // SAFETY: nobody else has this slot.
        unsafe { slot.write_meta(metadata) };
        slot
    }

    const fn with_count(count: u64) -> Self {
        MetaSlot {
            storage: PlainCell::uninit(),
            ref_count: AtomicWord::new(count),
            vtable_ptr: PlainCell::uninit(),
            in_list: AtomicWord::new(0),
        }
    }

    /// Claims an unused frame and gives it `metadata`: shared by one handle, or
    /// uniquely owned. The caller makes the handle.
    ///
    /// # Errors
    ///
    /// Those of [`get_slot`]; [`Unique`](GetFrameError::Unique),
    /// [`Busy`](GetFrameError::Busy) or [`InUse`](GetFrameError::InUse) if the
    /// frame is not unused. The metadata is dropped then, without `on_drop`.
    #[inline]
    pub fn get_from_unused<P: Platform, M: AnyFrameMeta>(
        paddr: Paddr,
        metadata: M,
        ownership: Ownership,
    ) -> Result<&'static Self, GetFrameError> {
        let slot = get_slot::<P>(paddr)?;

        // ORDERING: CLAIM, Acquire with RETIRE: the last generation's
        // destructor happens before our writes. CLAIM_FAIL, Relaxed, no
        // partner: the value only names the error.
        slot.ref_count
            .compare_exchange(
                REF_COUNT_UNUSED,
                REF_COUNT_BUSY,
                site::CLAIM,
                site::CLAIM_FAIL,
            )
            .map_err(|count| match count {
                REF_COUNT_UNIQUE => GetFrameError::Unique,
                REF_COUNT_BUSY => GetFrameError::Busy,
                _ => GetFrameError::InUse,
            })?;

        // SAFETY: we made the slot Busy, so that nobody else touches it, and an
        // unused slot holds no metadata.
        unsafe { slot.write_meta(metadata) };

        match ownership {
            // ORDERING: PUBLISH_SHARED, Release with ACQUIRE_REF: whoever looks
            // the frame up sees the metadata.
            Ownership::Shared => slot.ref_count.store(1, site::PUBLISH_SHARED),
            // ORDERING: PUBLISH_UNIQUE, Relaxed, no partner: no lookup succeeds
            // on UNIQUE; SHARE publishes when the owner shares.
            Ownership::Unique => slot.ref_count.store(REF_COUNT_UNIQUE, site::PUBLISH_UNIQUE),
        }
        Ok(slot)
    }

    /// Looks up a shared frame and counts one more handle, which the caller
    /// makes.
    ///
    /// It aborts at [`REF_COUNT_MAX`].
    ///
    /// # Errors
    ///
    /// Those of [`get_slot`]; [`Unused`](GetFrameError::Unused),
    /// [`Unique`](GetFrameError::Unique) or [`Busy`](GetFrameError::Busy) if the
    /// frame is not shared. Without a happens-before edge to the publication a
    /// lookup may also miss it.
    #[inline]
    pub fn get_from_in_use<P: Platform>(paddr: Paddr) -> Result<&'static Self, GetFrameError> {
        let slot = get_slot::<P>(paddr)?;
        loop {
            // ORDERING: PROBE, Relaxed, no partner: a guess for the CAS, or the
            // name of an error.
            let count = match slot.ref_count.load(site::PROBE) {
                // First, for most lookups succeed.
                count @ 1..REF_COUNT_MAX => count,
                REF_COUNT_UNUSED => return Err(GetFrameError::Unused),
                REF_COUNT_UNIQUE => return Err(GetFrameError::Unique),
                REF_COUNT_BUSY => return Err(GetFrameError::Busy),
                REF_COUNT_MAX.. => P::abort(),
            };
            // ORDERING: ACQUIRE_REF, Acquire with PUBLISH_SHARED and SHARE:
            // the metadata was written before we read it. ACQUIRE_REF_FAIL,
            // Relaxed, no partner: the value is thrown away.
            let acquired = slot.ref_count.compare_exchange_weak(
                count,
                count + 1,
                site::ACQUIRE_REF,
                site::ACQUIRE_REF_FAIL,
            );
            if acquired.is_ok() {
                return Ok(slot);
            }
            sync::retry_hint();
        }
    }

    /// Counts one more handle to a shared frame.
    ///
    /// It aborts at [`REF_COUNT_MAX`].
    ///
    /// # Safety
    ///
    /// The caller has a shared handle to this frame, and makes one more.
    #[inline]
    pub unsafe fn inc_ref_count<P: Platform>(&self) {
        // ORDERING: INC, Relaxed, no partner: the caller's handle already
        // orders the metadata before anything it does.
        let count = self.ref_count.fetch_add(1, site::INC);
        check_start!(
            SlotState::from_raw(count),
            SlotState::Shared(_) | SlotState::Overflow(_),
            "SHARED(n)"
        );
        if count >= REF_COUNT_MAX {
            P::abort();
        }
    }

    /// Counts one handle less. If it was the last one, the slot is Busy and the
    /// caller must call [`drop_last_in_place`](Self::drop_last_in_place).
    ///
    /// # Safety
    ///
    /// The caller gives up a shared handle to this frame.
    #[inline]
    pub unsafe fn dec_ref_count(&self) -> Dropped {
        // ORDERING: DEC, Release with LAST_FENCE and TRY_UNIQUE: this handle's
        // reads happen before the metadata is destroyed or rewritten.
        let count = self.ref_count.fetch_sub(1, site::DEC);
        check_start!(
            SlotState::from_raw(count),
            SlotState::Shared(_) | SlotState::Overflow(_),
            "SHARED(n)"
        );
        if count != 1 {
            return Dropped::Kept;
        }
        // ORDERING: LAST_FENCE, Acquire with DEC: all other handles' reads
        // happen before what follows.
        sync::fence(site::LAST_FENCE);
        Dropped::Last
    }

    /// Tries to turn the only shared handle into the unique one.
    ///
    /// # Safety
    ///
    /// The caller has a shared handle, which on success is unique.
    #[inline]
    pub unsafe fn try_make_unique(&self) -> TryUnique {
        // ORDERING: TRY_UNIQUE, Acquire with DEC: reads through handles dropped
        // since happen before our writes. TRY_UNIQUE_FAIL, Relaxed, no partner:
        // nothing is touched.
        match self.ref_count.compare_exchange(
            1,
            REF_COUNT_UNIQUE,
            site::TRY_UNIQUE,
            site::TRY_UNIQUE_FAIL,
        ) {
            Ok(_) => TryUnique::Unique,
            Err(count) => {
                check_start!(
                    SlotState::from_raw(count),
                    SlotState::Shared(_) | SlotState::Overflow(_),
                    "SHARED(n)"
                );
                TryUnique::Shared
            }
        }
    }

    /// Turns the unique handle into a shared one.
    ///
    /// # Safety
    ///
    /// The caller has the unique handle, which is shared afterwards.
    #[inline]
    pub unsafe fn share(&self) {
        check_start!(self.snapshot(), SlotState::Unique, "UNIQUE");
        // ORDERING: SHARE, Release with ACQUIRE_REF: whoever looks the frame up
        // sees what the owner wrote.
        self.ref_count.store(1, site::SHARE);
    }

    /// Makes a unique frame Busy because its handle is dropped. The caller must
    /// call [`drop_last_in_place`](Self::drop_last_in_place).
    ///
    /// # Safety
    ///
    /// The caller gives up the unique handle.
    #[inline]
    pub unsafe fn begin_unique_drop(&self) {
        check_start!(self.snapshot(), SlotState::Unique, "UNIQUE");
        // ORDERING: UNIQUE_RESET, Relaxed, no partner: the metadata is ours
        // already, and RETIRE releases what follows.
        self.ref_count.store(REF_COUNT_BUSY, site::UNIQUE_RESET);
    }

    /// Makes a unique frame Busy because it is reset. The caller must call
    /// [`drop_last_in_place`](Self::drop_last_in_place).
    ///
    /// # Safety
    ///
    /// The caller gives up the unique handle.
    #[inline]
    pub unsafe fn begin_reset(&self) {
        check_start!(self.snapshot(), SlotState::Unique, "UNIQUE");
        // ORDERING: RESET_STORE, Relaxed, no partner: as in
        // `begin_unique_drop`.
        self.ref_count.store(REF_COUNT_BUSY, site::RESET_STORE);
    }

    /// Tears the metadata down and makes the slot Unused.
    ///
    /// If `on_drop` or the destructor panics, the slot stays Busy for ever.
    ///
    /// # Safety
    ///
    /// The slot is Busy with initialised metadata, the caller made it so, and
    /// everything other handles did happens before this. No list holds the
    /// frame: a list has no handle to drop.
    #[inline]
    pub unsafe fn drop_last_in_place<P: Platform>(&self) {
        check_start!(self.snapshot(), SlotState::Busy, "BUSY");
        debug_assert_eq!(self.in_list.peek(), 0, "a frame in a list is torn down");
        // SAFETY: the caller's promise is the same.
        unsafe { self.drop_meta_in_place::<P>() };
        // ORDERING: RETIRE, Release with CLAIM: the destructor happens before
        // the next generation's writes.
        self.ref_count.store(REF_COUNT_UNUSED, site::RETIRE);
    }

    /// Calls `on_drop` and drops the metadata; it is uninitialised afterwards.
    ///
    /// If either panics, the metadata is gone all the same: it must not be
    /// touched again.
    ///
    /// # Safety
    ///
    /// The caller alone may touch the metadata, and it is initialised.
    pub unsafe fn drop_meta_in_place<P: Platform>(&self) {
        let page = P::page(self.frame_paddr::<P>());
        // SAFETY: the frame is claimed, so the platform maps its whole page;
        // `AnyFrameMeta` promises that reading it in `on_drop` races with nobody.
        let mut reader = unsafe { VmReader::from_raw(page, PAGE_SIZE) };
        // SAFETY: the vtable word is initialised along with the metadata, and
        // both are ours alone.
        let vtable = unsafe { self.vtable_ptr.get(Access::Take).read() };
        let metadata = vtable.attach(self.storage.get(Access::Write).cast());
        // SAFETY: initialised, of the vtable's type, and ours alone; the reader
        // is over this frame's page, and the metadata is dropped next.
        unsafe { (*metadata).on_drop(&mut reader) };
        // The same place, and the same type.
        self.storage.get(Access::Take);
        // SAFETY: as above; the value is never used again.
        unsafe { metadata.drop_in_place() };
    }

    /// The frame that this slot of `P`'s array describes.
    #[inline]
    pub fn frame_paddr<P: Platform>(&self) -> Paddr {
        meta_to_frame::<P>(self)
    }

    /// A pointer to the metadata with its type attached, to be used right away
    /// and only as `access` states.
    ///
    /// # Safety
    ///
    /// The metadata is initialised, and the caller may access it so.
    #[inline]
    #[track_caller]
    pub unsafe fn dyn_meta_ptr(&self, access: Access) -> *mut dyn AnyFrameMeta {
        // SAFETY: the vtable word is initialised along with the metadata, and
        // written only while the slot is Busy or Unique.
        let vtable = unsafe { self.vtable_ptr.get(Access::Read).read() };
        vtable.attach(self.storage.get(access).cast())
    }

    /// A pointer to the metadata as an `M`, to be used right away and only as
    /// `access` states.
    ///
    /// Calling it is always safe; the pointer is good for what the state of the
    /// slot and the type of the stored metadata allow.
    #[inline]
    #[track_caller]
    pub fn as_meta_ptr<M: AnyFrameMeta>(&self, access: Access) -> *mut M {
        self.storage.get(access).cast()
    }

    /// Writes the metadata and its vtable word, without dropping a previous
    /// value.
    ///
    /// # Safety
    ///
    /// The caller alone may touch the metadata.
    #[inline]
    pub unsafe fn write_meta<M: AnyFrameMeta>(&self, metadata: M) {
        const { assert_fits::<M>() };
        let vtable_ptr = self.vtable_ptr.get(Access::Init);
        // SAFETY: inside the slot, aligned, and ours alone.
        unsafe { vtable_ptr.write(MetaVtable::of::<M>()) };
        let storage = self.storage.get(Access::Init).cast::<M>();
        // SAFETY: `M` fits the storage, which begins at the slot's own
        // alignment, and it is ours alone.
        unsafe { storage.write(metadata) };
    }

    /// The number of handles, which may be old by the time it is used.
    #[inline]
    pub fn reference_count(&self) -> u64 {
        // ORDERING: COUNT, Relaxed, no partner: nothing is inferred from it.
        self.ref_count.load(site::COUNT)
    }

    /// The id of the list that holds the frame, or 0. A list that compares it
    /// with its own id is right for as long as it is borrowed.
    #[inline]
    pub fn in_list(&self) -> u64 {
        // ORDERING: LIST_ID, Relaxed, no partner: changed only under exclusive
        // access to the list whose id is compared.
        self.in_list.load(site::LIST_ID)
    }

    /// Notes the list that holds the frame, or 0.
    ///
    /// # Safety
    ///
    /// The frame is Unique. A list with this id, exclusively borrowed, holds it
    /// from now on instead of a handle, or for 0 does so no longer.
    #[inline]
    pub(crate) unsafe fn set_in_list(&self, id: u64) {
        // ORDERING: LIST_ID_STORE, Relaxed, no partner: whatever hands the list
        // to another thread orders it.
        self.in_list.store(id, site::LIST_ID_STORE);
    }

    /// The newest state, for diagnostics and checks: not a step of the
    /// protocol, and invisible to models.
    #[inline]
    pub fn snapshot(&self) -> SlotState {
        SlotState::from_raw(self.ref_count.peek())
    }

    /// Addresses of the slot's fields, by name, to make sense of a trace.
    pub fn field_addresses(&self) -> [(&'static str, usize); 4] {
        [
            ("storage", core::ptr::from_ref(&self.storage).addr()),
            ("ref_count", core::ptr::from_ref(&self.ref_count).addr()),
            ("vtable_ptr", core::ptr::from_ref(&self.vtable_ptr).addr()),
            ("in_list", core::ptr::from_ref(&self.in_list).addr()),
        ]
    }
}

impl fmt::Debug for MetaSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetaSlot")
            .field("state", &self.snapshot())
            .finish_non_exhaustive()
    }
}
