//! Through the handles.

use core::ptr::{NonNull, with_exposed_provenance_mut};

use meta_core::{
    AnyFrameMeta, Frame, GetFrameError, Link, LinkedList, MaxPaddr, MetaSlot, Paddr, Platform,
    Segment, UniqueFrame, VmReader, VmWriter, impl_frame_meta_for,
};

/// Where a kernel keeps its slots and its linear mapping.
const SLOTS: usize = 0xffff_e000_0000_0000;
const LINEAR_MAPPING: usize = 0xffff_8000_0000_0000;

pub struct Meta([u64; 2]);
pub struct Other([u64; 3]);
pub struct Small(u8);
impl_frame_meta_for!(Meta, Other, Small);

// Exported, so that the compiler cannot know that nobody stores it.
#[unsafe(no_mangle)]
static OURS_MAX_PADDR: MaxPaddr = MaxPaddr::new();

unsafe extern "Rust" {
    fn kernel_free_frame(paddr: Paddr);
    fn kernel_abort() -> !;
}

pub struct Kernel;

// SAFETY: as in a kernel; nothing here is ever run.
unsafe impl Platform for Kernel {
    #[inline]
    fn slots() -> NonNull<MetaSlot> {
        // SAFETY: not null.
        unsafe { NonNull::new_unchecked(with_exposed_provenance_mut(SLOTS)) }
    }
    #[inline]
    fn max_paddr() -> &'static MaxPaddr {
        &OURS_MAX_PADDR
    }
    #[inline]
    fn page(paddr: Paddr) -> *mut u8 {
        with_exposed_provenance_mut(LINEAR_MAPPING + paddr)
    }
    #[inline]
    unsafe fn free_frame(paddr: Paddr) {
        // SAFETY: the kernel's allocator takes every unused frame.
        unsafe { kernel_free_frame(paddr) }
    }
    #[inline]
    fn abort() -> ! {
        // SAFETY: it stops the machine.
        unsafe { kernel_abort() }
    }
}

type Shared = Frame<Meta, Kernel>;
type Any = Frame<dyn AnyFrameMeta, Kernel>;
type Owned = UniqueFrame<Meta, Kernel>;

#[unsafe(no_mangle)]
pub fn ours_from_unused(paddr: Paddr, meta: Meta) -> Result<Shared, GetFrameError> {
    Frame::from_unused(paddr, meta)
}

#[unsafe(no_mangle)]
pub fn ours_from_unused_unique(paddr: Paddr, meta: Meta) -> Result<Owned, GetFrameError> {
    UniqueFrame::from_unused(paddr, meta)
}

#[unsafe(no_mangle)]
pub fn ours_from_in_use(paddr: Paddr) -> Result<Any, GetFrameError> {
    Frame::from_in_use(paddr)
}

#[unsafe(no_mangle)]
pub fn ours_clone(frame: &Shared) -> Shared {
    frame.clone()
}

#[unsafe(no_mangle)]
pub fn ours_drop(frame: Shared) {
    drop(frame);
}

#[unsafe(no_mangle)]
pub fn ours_try_unique(frame: Shared) -> Result<Owned, Shared> {
    UniqueFrame::try_from(frame)
}

#[unsafe(no_mangle)]
pub fn ours_share(owned: Owned) -> Shared {
    owned.into()
}

#[unsafe(no_mangle)]
pub fn ours_unique_drop(owned: Owned) {
    drop(owned);
}

#[unsafe(no_mangle)]
pub fn ours_reset(owned: Owned) {
    owned.reset_as_unused();
}

#[unsafe(no_mangle)]
pub fn ours_repurpose(owned: Owned, meta: Other) -> UniqueFrame<Other, Kernel> {
    owned.repurpose(meta)
}

#[unsafe(no_mangle)]
pub fn ours_count(frame: &Shared) -> u64 {
    frame.reference_count()
}

#[unsafe(no_mangle)]
pub fn ours_meta(frame: &Shared) -> u64 {
    frame.meta().0[1]
}

#[unsafe(no_mangle)]
pub fn ours_start_paddr(frame: &Shared) -> Paddr {
    frame.start_paddr()
}

// Without a twin by hand: what they do is pinned, access by access.

#[unsafe(no_mangle)]
pub fn ours_into_raw(frame: Shared) -> Paddr {
    frame.into_raw()
}

/// # Safety
///
/// That of `from_raw`.
#[unsafe(no_mangle)]
pub unsafe fn ours_from_raw(paddr: Paddr) -> Shared {
    // SAFETY: the caller's promise is the same.
    unsafe { Frame::from_raw(paddr) }
}

#[unsafe(no_mangle)]
pub fn ours_borrow(frame: &Any) -> bool {
    frame.borrow().dyn_meta().is_untyped()
}

#[unsafe(no_mangle)]
pub fn ours_list_push(
    list: &mut LinkedList<Small, Kernel>,
    owned: UniqueFrame<Link<Small>, Kernel>,
) {
    list.push_back(owned);
}

#[unsafe(no_mangle)]
pub fn ours_list_pop(
    list: &mut LinkedList<Small, Kernel>,
) -> Option<UniqueFrame<Link<Small>, Kernel>> {
    list.pop_front()
}

#[unsafe(no_mangle)]
pub fn ours_list_contains(list: &LinkedList<Small, Kernel>, paddr: Paddr) -> bool {
    list.contains(paddr)
}

#[unsafe(no_mangle)]
pub fn ours_segment_claim(start: Paddr) -> Result<Segment<Other, Kernel>, GetFrameError> {
    Segment::from_unused(start..start + 4096, |_| Other([0; 3]))
}

#[unsafe(no_mangle)]
pub fn ours_segment_clone(segment: &Segment<Meta, Kernel>) -> Segment<Meta, Kernel> {
    segment.clone()
}

#[unsafe(no_mangle)]
pub fn ours_segment_drop(segment: Segment<Meta, Kernel>) {
    drop(segment);
}

#[unsafe(no_mangle)]
pub fn ours_read_word(reader: &mut VmReader<'_>) -> Option<u64> {
    reader.read_val()
}

#[unsafe(no_mangle)]
pub fn ours_write_word(writer: &mut VmWriter<'_>, value: u64) -> Option<()> {
    writer.write_val(&value)
}

#[unsafe(no_mangle)]
pub fn ours_write_bytes(writer: &mut VmWriter<'_>, value: &[u8; 5]) -> Option<()> {
    writer.write_val(value)
}
