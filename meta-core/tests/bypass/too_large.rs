//! Metadata too large whose implementation does without the macro: found where
//! it would be written to a slot.

use meta_core::{AnyFrameMeta, MetaSlot, SlotState};

struct TooLarge([u8; meta_core::FRAME_METADATA_MAX_SIZE + 1]);

// SAFETY: the page is not read, and it is not said to be untyped.
unsafe impl AnyFrameMeta for TooLarge {}

fn main() {
    let metadata = TooLarge([0; meta_core::FRAME_METADATA_MAX_SIZE + 1]);
    let _ = MetaSlot::new_in_use(metadata, SlotState::Unique);
}
