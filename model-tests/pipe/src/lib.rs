//! What goes through the pipe between a command and the workers of its engines:
//! JSON lines, and these are their types.
//!
//! A command writes a [`Request`], and the worker answers with [`Reply`] lines.
//! Nothing here knows the code under test: what a command has to know of it, a
//! worker [describes](Description).

mod answer;
mod description;
mod engine;
mod failure;
mod graph;
mod job;
mod ordering;
mod path;
mod scheduler;
mod step;
mod transition;
mod verdict;

pub use answer::{AllowedBy, Exploration, Left, Reply, Request, SoFar};
pub use description::{
    Broken, Description, Operation, Programs, RefCounts, Refused, Scenario, Site, SiteInfo,
};
pub use engine::EngineName;
pub use failure::{Failure, Fault, OPERATION, Reason, Violation};
pub use graph::Graph;
pub use job::{
    Inject, Job, Limits, Loom, Manner, Probe, Rc11, Record, Search, Shuttle, Spurious, Target,
    Threads,
};
pub use ordering::{Ordering, OrderingChange};
pub use path::path;
pub use scheduler::{Choice, Schedule, Scheduler};
pub use step::{Access, Origin, Step, StepKind};
pub use transition::{CLASSES, Transition};
pub use verdict::Verdict;
