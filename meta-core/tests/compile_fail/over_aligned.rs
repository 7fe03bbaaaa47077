//! Metadata that wants a stricter alignment than a slot has.

#[repr(align(128))]
struct OverAligned;

meta_core::impl_frame_meta_for!(OverAligned); //~ E0080

fn main() {}
