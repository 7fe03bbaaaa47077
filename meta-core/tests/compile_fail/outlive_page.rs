//! A reader that outlives the last handle: the page is somebody else's then.

use meta_core::{Platform, UFrame, UntypedMem};

fn read<P: Platform>(frame: UFrame<P>) -> Option<u64> {
    let mut reader = frame.reader();
    drop(frame); //~ E0505
    reader.read_val()
}

fn main() {}
