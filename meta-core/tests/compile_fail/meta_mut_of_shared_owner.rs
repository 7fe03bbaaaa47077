//! Metadata that is changed through a shared reference to its owner.

use meta_core::{Platform, UniqueFrame};

struct Count(u8);
meta_core::impl_frame_meta_for!(Count);

fn change<P: Platform>(owner: &UniqueFrame<Count, P>) {
    owner.meta_mut().0 = 1; //~ E0596
}

fn main() {}
