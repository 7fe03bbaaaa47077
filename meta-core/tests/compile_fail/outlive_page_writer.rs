//! A writer that outlives the last handle: the page is somebody else's then.

use meta_core::{Platform, UFrame, UntypedMem};

fn look<P: Platform>(handle: UFrame<P>) -> usize {
    let borrowed = handle.writer();
    drop(handle); //~ E0505
    borrowed.avail()
}

fn main() {}
