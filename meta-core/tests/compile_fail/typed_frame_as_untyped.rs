//! A typed frame as an untyped one.

use meta_core::{Frame, Platform, UFrame};

struct PageTable;
meta_core::impl_frame_meta_for!(PageTable);

fn convert<P: Platform>(frame: Frame<PageTable, P>) -> UFrame<P> {
    frame.into() //~ E0277
}

fn main() {}
