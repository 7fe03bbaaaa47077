//! The bytes of a typed frame, by its owner.

use meta_core::{Platform, UniqueFrame, UntypedMem};

struct PageTable;
meta_core::impl_frame_meta_for!(PageTable);

fn read<P: Platform>(handle: &UniqueFrame<PageTable, P>) {
    handle.reader(); //~ E0599
}

fn main() {}
