//! Metadata that must not leave its thread: any thread may drop the last handle.

struct Unlocks(std::sync::MutexGuard<'static, u8>);

meta_core::impl_frame_meta_for!(Unlocks); //~ E0277

fn main() {}
