//! What threads share.

pub mod atomic;

pub use std::sync::Arc;
