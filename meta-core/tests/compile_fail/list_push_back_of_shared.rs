//! A list that is changed through a shared reference: `push_back`.

use meta_core::{AnyFrameMeta, Link, LinkedList, Platform, UniqueFrame};

fn change<M: AnyFrameMeta, P: Platform>(list: &LinkedList<M, P>, frame: UniqueFrame<Link<M>, P>) {
    let _ = list.push_back(frame); //~ E0596
}

fn main() {}
