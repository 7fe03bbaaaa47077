//! Metadata that is changed after its owner is gone.

use meta_core::{Platform, UniqueFrame};

struct Count(u8);
meta_core::impl_frame_meta_for!(Count);

fn look<P: Platform>(mut handle: UniqueFrame<Count, P>) {
    let borrowed = handle.meta_mut();
    drop(handle); //~ E0505
    borrowed.0 = 1;
}

fn main() {}
