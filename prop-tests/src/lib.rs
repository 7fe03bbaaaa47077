//! Programs over the metadata of physical frames, what the protocol allows
//! them to do, and the driver that performs them on `meta-core`.

pub mod driver;
// The boot is of real slots only.
#[cfg(not(model))]
pub mod hosted;
pub mod outcome;
pub mod outcomes;
pub mod program;
pub mod scenario;
pub mod spec;
pub mod text;
pub mod world;
