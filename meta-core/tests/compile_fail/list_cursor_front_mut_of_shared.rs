//! A list that is changed through a shared reference: `cursor_front_mut`.

use meta_core::{AnyFrameMeta, LinkedList, Platform};

fn change<M: AnyFrameMeta, P: Platform>(list: &LinkedList<M, P>) {
    let _ = list.cursor_front_mut(); //~ E0596
}

fn main() {}
