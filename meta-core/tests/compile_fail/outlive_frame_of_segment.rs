//! One frame of a segment that is looked at after the segment is gone.

use meta_core::{AnyFrameMeta, Platform, Segment};

fn look<P: Platform>(handle: Segment<dyn AnyFrameMeta, P>) -> bool {
    let borrowed = handle.frames().next().unwrap();
    drop(handle); //~ E0505
    borrowed.dyn_meta().is_untyped()
}

fn main() {}
