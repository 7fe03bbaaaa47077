//! By hand: the same steps on a plain structure with plain atomics. Each
//! ordering stands here literally, as the protocol gives it.

use core::mem::MaybeUninit;
use core::ptr::{drop_in_place, with_exposed_provenance, with_exposed_provenance_mut};
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use core::sync::atomic::{AtomicU64, AtomicUsize, fence};

use meta_core::{AnyFrameMeta, GetFrameError, PAGE_SIZE, Paddr, VmReader};

use crate::ours::{Meta, Other};

const SLOTS: usize = 0xffff_e000_0000_0000;
const LINEAR_MAPPING: usize = 0xffff_8000_0000_0000;

const UNUSED: u64 = u64::MAX;
const UNIQUE: u64 = u64::MAX - 1;
const MAX: u64 = i64::MAX as u64;

#[repr(C, align(64))]
pub struct Slot {
    storage: MaybeUninit<[u64; 5]>,
    ref_count: AtomicU64,
    vtable: MaybeUninit<fn(*mut ()) -> *mut dyn AnyFrameMeta>,
    in_list: AtomicU64,
}

type Handle = &'static Slot;

// Exported, so that the compiler cannot know that nobody stores it.
#[unsafe(no_mangle)]
static HAND_MAX_PADDR: AtomicUsize = AtomicUsize::new(0);

unsafe extern "Rust" {
    fn kernel_free_frame(paddr: Paddr);
    fn kernel_abort() -> !;
}

#[inline]
fn abort() -> ! {
    // SAFETY: it stops the machine.
    unsafe { kernel_abort() }
}

#[inline]
fn slot_of(paddr: Paddr) -> Result<Handle, GetFrameError> {
    if paddr % PAGE_SIZE != 0 {
        return Err(GetFrameError::NotAligned);
    }
    if paddr >= HAND_MAX_PADDR.load(Relaxed) {
        return Err(GetFrameError::OutOfBound);
    }
    let slots: *const Slot = with_exposed_provenance(SLOTS);
    // SAFETY: below the end of physical memory there is a slot.
    Ok(unsafe { &*slots.wrapping_add(paddr / PAGE_SIZE) })
}

#[inline]
fn paddr_of(slot: Handle) -> Paddr {
    (core::ptr::from_ref(slot).addr() - SLOTS) / size_of::<Slot>() * PAGE_SIZE
}

#[inline]
fn write<M: AnyFrameMeta>(slot: Handle, meta: M) {
    let slot = core::ptr::from_ref(slot).cast_mut();
    // SAFETY: the caller has the slot to itself.
    unsafe {
        (*slot)
            .vtable
            .write(|storage| storage.cast::<M>() as *mut dyn AnyFrameMeta);
        (*slot).storage.as_mut_ptr().cast::<M>().write(meta);
    }
}

#[inline]
fn destroy(slot: Handle) {
    let page = with_exposed_provenance_mut(LINEAR_MAPPING + paddr_of(slot));
    let storage = core::ptr::from_ref(slot).cast_mut();
    // SAFETY: the caller has the initialised metadata to itself.
    unsafe {
        let mut reader = VmReader::from_raw(page, PAGE_SIZE);
        let meta = slot.vtable.assume_init()(storage.cast());
        (*meta).on_drop(&mut reader);
        drop_in_place(meta);
    }
}

#[inline]
fn retire(slot: Handle) {
    destroy(slot);
    slot.ref_count.store(UNUSED, Release);
}

#[inline]
fn free(slot: Handle) {
    // SAFETY: the kernel's allocator takes every unused frame.
    unsafe { kernel_free_frame(paddr_of(slot)) }
}

#[inline]
fn claim(paddr: Paddr, meta: Meta) -> Result<Handle, GetFrameError> {
    let slot = slot_of(paddr)?;
    match slot.ref_count.compare_exchange(UNUSED, 0, Acquire, Relaxed) {
        Ok(_) => {}
        Err(UNIQUE) => return Err(GetFrameError::Unique),
        Err(0) => return Err(GetFrameError::Busy),
        Err(_) => return Err(GetFrameError::InUse),
    }
    write(slot, meta);
    Ok(slot)
}

#[unsafe(no_mangle)]
pub fn hand_from_unused(paddr: Paddr, meta: Meta) -> Result<Handle, GetFrameError> {
    let slot = claim(paddr, meta)?;
    slot.ref_count.store(1, Release);
    Ok(slot)
}

#[unsafe(no_mangle)]
pub fn hand_from_unused_unique(paddr: Paddr, meta: Meta) -> Result<Handle, GetFrameError> {
    let slot = claim(paddr, meta)?;
    slot.ref_count.store(UNIQUE, Relaxed);
    Ok(slot)
}

#[unsafe(no_mangle)]
pub fn hand_from_in_use(paddr: Paddr) -> Result<Handle, GetFrameError> {
    let slot = slot_of(paddr)?;
    loop {
        let count = match slot.ref_count.load(Relaxed) {
            count @ 1..MAX => count,
            UNUSED => return Err(GetFrameError::Unused),
            UNIQUE => return Err(GetFrameError::Unique),
            0 => return Err(GetFrameError::Busy),
            MAX.. => abort(),
        };
        if slot
            .ref_count
            .compare_exchange_weak(count, count + 1, Acquire, Relaxed)
            .is_ok()
        {
            return Ok(slot);
        }
        core::hint::spin_loop();
    }
}

#[unsafe(no_mangle)]
pub fn hand_clone(slot: &Handle) -> Handle {
    if slot.ref_count.fetch_add(1, Relaxed) >= MAX {
        abort();
    }
    slot
}

#[unsafe(no_mangle)]
pub fn hand_drop(slot: Handle) {
    if slot.ref_count.fetch_sub(1, Release) == 1 {
        fence(Acquire);
        retire(slot);
        free(slot);
    }
}

#[unsafe(no_mangle)]
pub fn hand_try_unique(slot: Handle) -> Result<Handle, Handle> {
    match slot.ref_count.compare_exchange(1, UNIQUE, Acquire, Relaxed) {
        Ok(_) => Ok(slot),
        Err(_) => Err(slot),
    }
}

#[unsafe(no_mangle)]
pub fn hand_share(slot: Handle) -> Handle {
    slot.ref_count.store(1, Release);
    slot
}

#[unsafe(no_mangle)]
pub fn hand_unique_drop(slot: Handle) {
    slot.ref_count.store(0, Relaxed);
    retire(slot);
    free(slot);
}

#[unsafe(no_mangle)]
pub fn hand_reset(slot: Handle) {
    slot.ref_count.store(0, Relaxed);
    retire(slot);
}

#[unsafe(no_mangle)]
pub fn hand_repurpose(slot: Handle, meta: Other) -> Handle {
    destroy(slot);
    write(slot, meta);
    slot
}

#[unsafe(no_mangle)]
pub fn hand_count(slot: &Handle) -> u64 {
    slot.ref_count.load(Relaxed)
}

#[unsafe(no_mangle)]
pub fn hand_meta(slot: &Handle) -> u64 {
    // SAFETY: the handle keeps the metadata initialised.
    unsafe { slot.storage.assume_init()[1] }
}

#[unsafe(no_mangle)]
pub fn hand_start_paddr(slot: &Handle) -> Paddr {
    paddr_of(slot)
}
