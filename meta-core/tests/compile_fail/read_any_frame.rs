//! The bytes of a frame of any type: it may be a typed one.

use meta_core::{AnyFrameMeta, Frame, Platform, UntypedMem};

fn read<P: Platform>(handle: &Frame<dyn AnyFrameMeta, P>) {
    handle.reader(); //~ E0599
}

fn main() {}
