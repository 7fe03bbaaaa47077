//! The boot, as section 5 of the protocol has it.
//!
//! - [`normalise`]: what is made of a memory map;
//! - [`region`]: what becomes of the frames, and what is asked of the platform;
//! - [`errors`]: typed, and nothing half-done stays behind;
//! - [`random`]: random maps, compared with an independent reading of them page
//!   by page;
//! - [`machines`]: shipped maps, on the hosted machine;
//! - [`text`]: memory maps as text;
//! - [`pasted`]: memory maps as people have them.

#![cfg(not(model))]

mod errors;
mod lab;
mod machines;
mod normalise;
mod pasted;
mod random;
mod region;
mod text;
