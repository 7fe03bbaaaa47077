//! Metadata of any type that is changed after its owner is gone.

use meta_core::{AnyFrameMeta, Platform, UniqueFrame};

fn look<P: Platform>(mut handle: UniqueFrame<dyn AnyFrameMeta, P>) -> bool {
    let borrowed = handle.dyn_meta_mut();
    drop(handle); //~ E0505
    (borrowed as &mut dyn std::any::Any).is::<u8>()
}

fn main() {}
