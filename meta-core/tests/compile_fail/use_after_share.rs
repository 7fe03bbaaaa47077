//! Changing metadata after it was shared.

use meta_core::{AnyFrameMeta, Frame, Platform, UniqueFrame};

fn change<M: AnyFrameMeta, P: Platform>(mut owned: UniqueFrame<M, P>) -> Frame<M, P> {
    let meta = owned.meta_mut();
    let shared = Frame::from(owned); //~ E0505
    let _ = meta;
    shared
}

fn main() {}
