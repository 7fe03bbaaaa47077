//! The bytes of a typed frame.

use meta_core::{Frame, Platform, UntypedMem};

struct PageTable;
meta_core::impl_frame_meta_for!(PageTable);

fn read<P: Platform>(handle: &Frame<PageTable, P>) {
    handle.reader(); //~ E0599
}

fn main() {}
