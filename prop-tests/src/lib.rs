//! Programs over the metadata of physical frames, what the protocol allows
//! them to do, and the driver that performs them on `meta-core`.

pub mod driver;
pub mod outcome;
pub mod outcomes;
pub mod program;
pub mod spec;
pub mod text;
pub mod world;
