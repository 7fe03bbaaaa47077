//! A part of a kernel: the metadata of physical frames, a reader-writer mutex
//! whose threads sleep, and a counted pointer.
//!
//! [`frame`] and [`sync`] are the kernel's own. [`arch`] and [`task`] stand for
//! what is below them: here a machine of 64 frames within this process, and its
//! threads.

#![no_std]

extern crate alloc;

pub mod arch;
pub mod frame;
pub mod sync;
pub mod task;
