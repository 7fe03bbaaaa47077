//! Over-aligned metadata whose implementation does without the macro: found
//! where it would be written to a slot.

use meta_core::{AnyFrameMeta, MetaSlot, SlotState};

#[repr(align(128))]
struct OverAligned;

// SAFETY: the page is not read, and it is not said to be untyped.
unsafe impl AnyFrameMeta for OverAligned {}

fn main() {
    let _ = MetaSlot::new_in_use(OverAligned, SlotState::Unique);
}
