//! Metadata that borrows: a frame may outlive whatever it borrows from.

struct Borrows<'a>(&'a u8);

// SAFETY: the page is not read, and it is not said to be untyped.
unsafe impl<'a> meta_core::AnyFrameMeta for Borrows<'a> {} //~ E0478 E0803

fn main() {}
