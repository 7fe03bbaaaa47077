//! The bytes of a typed frame: they are what its type says, nobody else's.

use meta_core::{AnyFrameMeta, Frame, Platform, Segment, UFrame, UntypedMem, VmReader};

struct PageTable;
meta_core::impl_frame_meta_for!(PageTable);

fn of_a_type<P: Platform>(frame: &Frame<PageTable, P>) -> VmReader<'_> {
    frame.reader()
}

fn of_any_type<P: Platform>(frame: &Frame<dyn AnyFrameMeta, P>) -> VmReader<'_> {
    frame.reader()
}

fn of_a_segment<P: Platform>(segment: &Segment<PageTable, P>) -> VmReader<'_> {
    segment.reader()
}

fn converted<P: Platform>(frame: Frame<PageTable, P>) -> UFrame<P> {
    frame.into()
}

fn main() {}
