//! Frames of a segment that are looked at after the segment is gone.

use meta_core::{AnyFrameMeta, Platform, Segment};

fn look<P: Platform>(handle: Segment<dyn AnyFrameMeta, P>) -> usize {
    let borrowed = handle.frames();
    drop(handle); //~ E0505
    borrowed.count()
}

fn main() {}
