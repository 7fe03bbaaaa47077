//! The metadata in a list, kept while its frame is taken out of it.

use meta_core::{AnyFrameMeta, LinkedList, Platform};

fn keep<M: AnyFrameMeta, P: Platform>(list: &mut LinkedList<M, P>) {
    let mut cursor = list.cursor_front_mut();
    let metadata = cursor.current_meta();
    drop(cursor.take_current()); //~ E0499
    drop(metadata);
}

fn main() {}
