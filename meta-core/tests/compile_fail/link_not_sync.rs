//! A link around metadata that must not be read by two threads.

use meta_core::Link;

fn sync<T: Sync>() {}

fn of_a_link() {
    sync::<Link<std::cell::Cell<u8>>>(); //~ E0277
}

fn main() {}
