//! The explorers, behind one interface.
//!
//! Each function takes the place of the access. `None` stands for *outside of a
//! model*: the real operation is to be performed then.

#[cfg_attr(loom, path = "loom.rs")]
#[cfg_attr(shuttle, path = "shuttle.rs")]
#[cfg_attr(rc11, path = "rc11.rs")]
mod explorer;
#[cfg(any(loom, shuttle))]
mod sizes;

/// There is no execution graph.
#[cfg(any(loom, shuttle))]
pub(crate) fn performed() -> usize {
    0
}

pub(crate) use explorer::*;
pub use explorer::{check, thread};

use crate::named::Access;

/// A plain access.
#[derive(Clone, Copy, Debug)]
#[allow(dead_code, reason = "not every explorer asks for all of it")]
pub(crate) struct Plain {
    pub(crate) access: Access,
    pub(crate) writes: bool,
    /// Whether it is known to write, if it does.
    pub(crate) sure: bool,
    /// Whether its name, rather than the table, tells what it does.
    pub(crate) named: bool,
    /// The name of the field.
    pub(crate) cell: &'static str,
}

/// Ends the execution: there is no model for two atomics that share memory and differ in
/// size.
#[cfg(shuttle)]
#[cold]
fn mixed_sizes(location: &'static ::core::panic::Location<'static>) -> ! {
    use crate::model::{Violation, ViolationKind, violate};

    violate(Violation {
        kind: ViolationKind::MixedSizes,
        cell: "atomic",
        access: Access::Write,
        location,
    })
}
