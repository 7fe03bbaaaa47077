//! Programs over the metadata of physical frames, what the protocol allows
//! them to do, and the driver that performs them on `meta-core`.

pub mod outcome;
pub mod program;
pub mod text;
