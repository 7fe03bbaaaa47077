//! Two cursors into one list at once.

use meta_core::{AnyFrameMeta, LinkedList, Platform};

fn walk<M: AnyFrameMeta, P: Platform>(list: &mut LinkedList<M, P>) {
    let mut first = list.cursor_front_mut();
    let mut last = list.cursor_back_mut(); //~ E0499
    drop((first.take_current(), last.take_current()));
}

fn main() {}
