//! What ends with a frame's metadata, ended by somebody else.

use meta_core::{AnyFrameMeta, VmReader};

fn end_twice(metadata: &mut dyn AnyFrameMeta, another_page: &mut VmReader<'_>) {
    metadata.on_drop(another_page); //~ E0133
}

fn main() {}
