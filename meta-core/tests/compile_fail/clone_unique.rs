//! A second owner.

use meta_core::{AnyFrameMeta, Platform, UniqueFrame};

fn clone<M: AnyFrameMeta, P: Platform>(owned: &UniqueFrame<M, P>) -> UniqueFrame<M, P> {
    owned.clone() //~ E0308
}

fn main() {}
