//! Metadata of any type that is looked at after its owner is gone.

use meta_core::{AnyFrameMeta, Platform, UniqueFrame};

fn look<P: Platform>(handle: UniqueFrame<dyn AnyFrameMeta, P>) -> bool {
    let borrowed = handle.dyn_meta();
    drop(handle); //~ E0505
    borrowed.is_untyped()
}

fn main() {}
