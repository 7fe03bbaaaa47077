//! Metadata of physical frames: one slot of 64 bytes for each.
//!
//! The reference count of a slot says who may touch the rest of it:
//!
//! | count | state | who |
//! |---|---|---|
//! | `u64::MAX` | unused | nobody |
//! | 0 | being built, or torn down | the thread that made it 0 |
//! | 1 to `i64::MAX` | shared by so many handles | each of them, to read |
//! | `u64::MAX - 1` | owned | the one [`UniqueFrame`] |

mod boot;
mod error;
mod meta;
mod page;
mod region;
mod segment;
mod shared;
mod slot;
mod unique;

pub use boot::{MemoryRegion, MetaPages, RegionKind, SystemMemory, init, init_slots};
pub use error::FrameError;
pub use meta::{FrameMeta, META_MAX_ALIGN, META_MAX_SIZE, Opaque};
pub use page::PageReader;
pub use region::max_paddr;
pub use segment::Segment;
pub use shared::Frame;
pub use slot::{Count, MetaSlot};
pub use unique::UniqueFrame;

/// A physical address.
pub type Paddr = usize;

/// The size of a frame in bytes.
pub const PAGE_SIZE: usize = 4096;
