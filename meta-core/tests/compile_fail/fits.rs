//! The limits themselves fit.

use meta_core::{AnyFrameMeta, MetaSlot, SlotState};

struct Large([u8; meta_core::FRAME_METADATA_MAX_SIZE]);

#[repr(align(64))]
struct Aligned;

meta_core::impl_frame_meta_for!(Large, Aligned);

fn main() {
    MetaSlot::new_in_use(
        Large([0; meta_core::FRAME_METADATA_MAX_SIZE]),
        SlotState::Unique,
    );
    let slot = MetaSlot::new_in_use(Aligned, SlotState::Shared(1));
    let _: &dyn AnyFrameMeta = &Aligned;
    assert_eq!(slot.reference_count(), 1);
}
