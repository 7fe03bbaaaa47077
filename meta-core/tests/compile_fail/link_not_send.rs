//! A link around metadata that must not leave its thread.

use meta_core::Link;

fn send<T: Send>() {}

fn of_a_link() {
    send::<Link<std::rc::Rc<u8>>>(); //~ E0277
}

fn main() {}
