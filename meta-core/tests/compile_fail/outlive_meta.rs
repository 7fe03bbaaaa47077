//! Metadata that is looked at after its shared handle is gone.

use meta_core::{Frame, Platform};

struct Count(u8);
meta_core::impl_frame_meta_for!(Count);

fn look<P: Platform>(handle: Frame<Count, P>) -> u8 {
    let borrowed = handle.meta();
    drop(handle); //~ E0505
    borrowed.0
}

fn main() {}
