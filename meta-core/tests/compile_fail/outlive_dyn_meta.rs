//! Metadata of any type that is looked at after its shared handle is gone.

use meta_core::{AnyFrameMeta, Frame, Platform};

fn look<P: Platform>(handle: Frame<dyn AnyFrameMeta, P>) -> bool {
    let borrowed = handle.dyn_meta();
    drop(handle); //~ E0505
    borrowed.is_untyped()
}

fn main() {}
