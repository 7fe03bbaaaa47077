//! Metadata of any type that is changed through a shared reference to its owner.

use meta_core::{AnyFrameMeta, Platform, UniqueFrame};

fn change<P: Platform>(owner: &UniqueFrame<dyn AnyFrameMeta, P>) {
    owner.dyn_meta_mut(); //~ E0596
}

fn main() {}
