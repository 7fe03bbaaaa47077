//! The driver that performs [`programs`] on the handles of a protocol, the worlds
//! that they run in, and scenarios; and the adapter of `meta-core`.

pub mod adapter;
pub mod driver;
// The boot is of real slots only.
#[cfg(all(feature = "hosted", not(model)))]
pub mod hosted;
pub mod protocol;
pub mod scenario;
pub mod world;

pub use programs::{outcome, program};
