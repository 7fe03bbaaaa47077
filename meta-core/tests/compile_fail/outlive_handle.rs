//! Metadata that is looked at after its handle is gone.

use meta_core::{AnyFrameMeta, Frame, Platform};

fn look<M: AnyFrameMeta, P: Platform>(frame: Frame<M, P>) -> bool {
    let borrowed = frame.borrow();
    drop(frame); //~ E0505
    borrowed.dyn_meta().is_untyped()
}

fn main() {}
