//! Programs over the metadata of physical frames, their outcomes, and what the
//! protocol allows. Nothing here knows the code under test.

pub mod outcome;
pub mod program;
pub mod spec;
pub mod text;
