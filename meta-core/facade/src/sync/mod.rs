//! As [`core::sync`].

#[doc(no_inline)]
pub use ::core::sync::*;

pub mod atomic;
