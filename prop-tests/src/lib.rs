//! The driver that performs [`programs`] on `meta-core`, the worlds that they
//! run in, and scenarios over its real handles.

pub mod driver;
// The boot is of real slots only.
#[cfg(not(model))]
pub mod hosted;
pub mod scenario;
pub mod world;

pub use programs::{outcome, program};
