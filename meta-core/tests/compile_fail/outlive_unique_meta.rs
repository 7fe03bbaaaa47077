//! Metadata that is looked at after its owner is gone.

use meta_core::{Platform, UniqueFrame};

struct Count(u8);
meta_core::impl_frame_meta_for!(Count);

fn look<P: Platform>(handle: UniqueFrame<Count, P>) -> u8 {
    let borrowed = handle.meta();
    drop(handle); //~ E0505
    borrowed.0
}

fn main() {}
