//! Metadata that is larger than a slot has room for.

struct TooLarge([u8; meta_core::FRAME_METADATA_MAX_SIZE + 1]);

meta_core::impl_frame_meta_for!(TooLarge); //~ E0080

fn main() {}
