//! A reader that outlives its segment: the pages are somebody else's then.

use meta_core::{Platform, USegment, UntypedMem};

fn look<P: Platform>(handle: USegment<P>) -> usize {
    let borrowed = handle.reader();
    drop(handle); //~ E0505
    borrowed.remain()
}

fn main() {}
