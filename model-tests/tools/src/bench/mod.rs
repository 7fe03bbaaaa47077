//! What the protocol, the harness and the commands cost: figures of one run, to
//! be compared with each other and with those of another run.
//!
//! Times wobble, on a shared machine by more than what is looked for. So all
//! that is compared is measured in the same run, in several rounds that take
//! turns; a ratio is formed within each round, and the median of the rounds
//! counts.

pub mod compare;
mod controls;
mod criterion;
mod figure;
pub mod goals;
mod instructions;
mod machine;
mod plan;
pub mod results;
mod run;
pub mod tables;
mod timed;

pub use figure::{Figure, Part, Unit};
pub use machine::Machine;
pub use plan::Plan;
pub use results::Results;
pub use run::Tools;
