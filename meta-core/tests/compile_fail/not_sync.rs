//! Metadata that must not be read by two threads: any two may hold handles.

struct Counts(std::cell::Cell<u8>);

meta_core::impl_frame_meta_for!(Counts); //~ E0277

fn main() {}
