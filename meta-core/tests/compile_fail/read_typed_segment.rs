//! The bytes of typed frames in a row.

use meta_core::{Platform, Segment, UntypedMem};

struct PageTable;
meta_core::impl_frame_meta_for!(PageTable);

fn read<P: Platform>(handle: &Segment<PageTable, P>) {
    handle.reader(); //~ E0599
}

fn main() {}
