//! A list that is changed through a shared reference: `pop_front`.

use meta_core::{AnyFrameMeta, LinkedList, Platform};

fn change<M: AnyFrameMeta, P: Platform>(list: &LinkedList<M, P>) {
    let _ = list.pop_front(); //~ E0596
}

fn main() {}
