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

#[cfg(any(loom, shuttle))]
use crate::model;
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

/// Where an access stands.
type Place = &'static ::core::panic::Location<'static>;

/// loom and shuttle must not be entered while their thread unwinds.
#[cfg(any(loom, shuttle))]
#[inline]
pub(crate) fn is_on() -> bool {
    model::is_running() && !model::is_unwinding()
}

/// Ends the execution at an access to an atomic.
#[cfg(any(loom, shuttle))]
#[cold]
fn fail(kind: model::ViolationKind, location: Place) -> ! {
    model::violate(model::Violation {
        kind,
        cell: "atomic",
        access: Access::Write,
        location,
    })
}
