//! A list that is changed through a shared reference: `cursor_mut_at`.

use meta_core::{AnyFrameMeta, LinkedList, Platform};

fn change<M: AnyFrameMeta, P: Platform>(list: &LinkedList<M, P>) {
    let _ = list.cursor_mut_at(0); //~ E0596
}

fn main() {}
