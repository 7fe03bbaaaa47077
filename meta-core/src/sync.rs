//! The one switch between real and modelled primitives.
//!
//! Everything the protocol shares between threads goes through this module.
//! Normal builds get [`core::sync::atomic`] and nothing else; with
//! `--cfg loom`, `--cfg shuttle` or `--cfg rc11` the same calls reach that explorer, and the
//! `model` module lets a harness trace them, change one site's ordering and
//! make a weak compare-and-swap fail. No model changes an ordering by itself.

#[cfg(any(all(loom, shuttle), all(loom, rc11), all(shuttle, rc11)))]
compile_error!("give one of --cfg loom, shuttle and rc11: each replaces the same atomics");

#[cfg_attr(not(any(loom, shuttle, rc11)), path = "sync/core.rs")]
#[cfg_attr(any(loom, shuttle, rc11), path = "sync/modelled.rs")]
mod primitives;

#[cfg(any(loom, shuttle, rc11))]
#[cfg_attr(loom, path = "sync/loom.rs")]
#[cfg_attr(shuttle, path = "sync/shuttle.rs")]
#[cfg_attr(rc11, path = "sync/rc11.rs")]
mod explorer;

#[cfg(any(loom, shuttle, rc11))]
pub mod model;

pub(crate) use primitives::{AtomicWord, CHECKED, PlainCell, fence, retry_hint, wrong_state};

/// A function that makes primitives: `const` in builds that ship. Explorers
/// register each word when it is made.
#[cfg(not(any(loom, shuttle, rc11)))]
macro_rules! const_fn {
    ($(#[$attribute:meta])* $visibility:vis fn $($rest:tt)*) => {
        $(#[$attribute])*
        $visibility const fn $($rest)*
    };
}

#[cfg(any(loom, shuttle, rc11))]
macro_rules! const_fn {
    ($($function:tt)*) => { $($function)* };
}

pub(crate) use const_fn;

/// The greatest number of handles to one frame.
///
/// Reaching it aborts instead of overflowing.
#[cfg(not(any(loom, shuttle, rc11)))]
pub const REF_COUNT_MAX: u64 = i64::MAX as u64;

/// The greatest number of handles to one frame.
///
/// Small in model builds, so that programs can reach the edge.
#[cfg(any(loom, shuttle, rc11))]
pub const REF_COUNT_MAX: u64 = 16;

/// How a pointer to plain memory is about to be used.
///
#[cfg_attr(not(model), doc = "```")]
#[cfg_attr(model, doc = "```ignore (needs the real atomics)")]
/// # mod kernel { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/kernel.rs")); }
/// # use kernel::Kernel;
/// # use meta_core::{Access, GetFrameError, MetaSlot, Ownership};
/// # struct PageTable { level: u8 }
/// # meta_core::impl_frame_meta_for!(PageTable);
/// # let table = PageTable { level: 2 };
/// # let slot = MetaSlot::get_from_unused::<Kernel, _>(0, table, Ownership::Unique)?;
/// // Said at each access, so that a model can see it.
/// let metadata = slot.as_meta_ptr::<PageTable>(Access::Read);
/// // SAFETY: the slot is unique, and the metadata is a `PageTable`.
/// assert_eq!(unsafe { (*metadata).level }, 2);
/// # Ok::<(), GetFrameError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Uninitialised memory gets a value.
    Init,
    /// The value is read.
    Read,
    /// The value is changed in place.
    Write,
    /// The value is moved or dropped, and the memory uninitialised after it.
    Take,
}

/// Words that are not part of the slot protocol and need no exploring: written
/// once at start-up, of use only for their uniqueness, or bytes of a page.
pub(crate) mod unmodelled {
    pub(crate) use core::sync::atomic::{AtomicU64, AtomicUsize};
}
