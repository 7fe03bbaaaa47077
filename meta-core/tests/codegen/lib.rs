//! Every operation twice: through the handles, and as written by hand with
//! `core::sync::atomic`. Compiled and compared, never run.

#![no_std]

mod hand;
mod ours;
