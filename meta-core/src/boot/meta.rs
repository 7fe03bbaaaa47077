//! The metadata of frames that no allocator ever hands out.

/// The frame holds slots.
#[derive(Debug)]
pub struct MetaPageMeta;

/// The frame was allocated before there were slots.
#[derive(Debug)]
pub struct EarlyAllocatedFrameMeta;

/// The frame cannot be used: bad, or somebody's for good.
#[derive(Debug)]
pub struct UnusableMemoryMeta;

/// The frame is no memory of ours; it may be a device's.
#[derive(Debug)]
pub struct ReservedMemoryMeta;

/// The frame holds the kernel's image.
#[derive(Debug)]
pub struct KernelMeta;

crate::impl_frame_meta_for!(
    MetaPageMeta,
    EarlyAllocatedFrameMeta,
    UnusableMemoryMeta,
    ReservedMemoryMeta,
    KernelMeta,
);
