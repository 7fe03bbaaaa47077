//! Two exclusive borrows of the metadata at once.

use meta_core::{Platform, UniqueFrame};

struct Count(u8);
meta_core::impl_frame_meta_for!(Count);

fn change<P: Platform>(owner: &mut UniqueFrame<Count, P>) {
    let first = owner.meta_mut();
    let second = owner.meta_mut(); //~ E0499
    (first.0, second.0) = (1, 2);
}

fn main() {}
