//! A typed segment as an untyped one.

use meta_core::{Platform, Segment, USegment};

struct PageTable;
meta_core::impl_frame_meta_for!(PageTable);

fn convert<P: Platform>(segment: Segment<PageTable, P>) -> USegment<P> {
    segment.into() //~ E0277
}

fn main() {}
