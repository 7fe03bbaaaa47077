//! The kernel of `tree/` as a subject.
//!
//! [`frame`] and [`sync`] are the kernel's files as they are. The first line below
//! decides whose `core` they use. What they expect of the rest of the kernel, `arch`
//! and `task`, stands here: a machine of a few frames, and the threads of whoever runs
//! them.

extern crate alloc;
extern crate facade as core;

#[path = "../tree/src/frame/mod.rs"]
pub mod frame;
#[path = "../tree/src/sync/mod.rs"]
pub mod sync;

mod adapter;
mod arch;
mod cells;
mod scenarios;
mod task;

use worker::{Host, RefCounts, Subject};

pub use adapter::Kernel;

/// What there is to explore.
pub fn subject() -> Subject {
    cells::of(Subject::new())
        .protocol::<Kernel<Host>>()
        .ref_counts(RefCounts {
            unused: u64::MAX,
            unique: u64::MAX - 1,
            busy: 0,
            max: i64::MAX as u64,
        })
        .scenarios(scenarios::all())
}
