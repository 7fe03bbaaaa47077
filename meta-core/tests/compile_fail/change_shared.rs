//! Changing metadata that others read.

use meta_core::{Frame, Platform};

struct Count(u8);

meta_core::impl_frame_meta_for!(Count);

fn change<P: Platform>(frame: &mut Frame<Count, P>) {
    frame.meta_mut().0 = 1; //~ E0599
}

fn main() {}
