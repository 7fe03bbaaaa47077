//! The bytes of frames of any type: they may be typed ones.

use meta_core::{AnyFrameMeta, Platform, Segment, UntypedMem};

fn read<P: Platform>(handle: &Segment<dyn AnyFrameMeta, P>) {
    handle.reader(); //~ E0599
}

fn main() {}
