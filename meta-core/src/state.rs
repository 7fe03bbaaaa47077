//! The values of `ref_count` and their names.

use core::fmt;

use crate::sync::REF_COUNT_MAX;
use static_assertions::const_assert;

/// The frame is unused.
pub const REF_COUNT_UNUSED: u64 = u64::MAX;

/// The frame belongs to one [`UniqueFrame`](crate::UniqueFrame).
pub const REF_COUNT_UNIQUE: u64 = u64::MAX - 1;

/// The metadata is being built or torn down.
pub const REF_COUNT_BUSY: u64 = 0;

// An overflow margin wide enough that increments racing past the limit, one a
// processor, never reach a sentinel before they abort.
const_assert!(REF_COUNT_BUSY < 1 && 1 < REF_COUNT_MAX);
const_assert!(REF_COUNT_MAX < REF_COUNT_UNIQUE && REF_COUNT_UNIQUE < REF_COUNT_UNUSED);
const_assert!(REF_COUNT_UNIQUE - REF_COUNT_MAX > u32::MAX as u64);

/// How a frame belongs to the handle that claims it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ownership {
    /// To this handle and to those that are made of it or look the frame up.
    Shared,
    /// To this handle alone.
    Unique,
}

/// What is left of a frame's handles when one was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "the last handle must tear the metadata down"]
pub enum Dropped {
    /// None: the slot is Busy, and whoever dropped the last one tears it down.
    Last,
    /// Others, which keep the metadata.
    Kept,
}

/// What a shared handle is after it tried to become the unique one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "the handle is another one if it is unique"]
pub enum TryUnique {
    /// The unique handle.
    Unique,
    /// Shared as before.
    Shared,
}

/// A value of `ref_count`, named.
///
/// ```
/// use meta_core::{REF_COUNT_BUSY, REF_COUNT_MAX, REF_COUNT_UNIQUE, REF_COUNT_UNUSED, SlotState};
///
/// for (raw, state) in [
///     (REF_COUNT_UNUSED, SlotState::Unused),
///     (REF_COUNT_BUSY, SlotState::Busy),
///     (2, SlotState::Shared(2)),
///     (REF_COUNT_MAX + 1, SlotState::Overflow(REF_COUNT_MAX + 1)),
///     (REF_COUNT_UNIQUE, SlotState::Unique),
/// ] {
///     assert_eq!(SlotState::from_raw(raw), state);
///     assert_eq!(state.to_raw(), raw);
/// }
/// assert_eq!(SlotState::Shared(2).to_string(), "SHARED(2)");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SlotState {
    /// Nobody may touch the slot's metadata.
    Unused,
    /// Only the thread that made it so may touch the metadata.
    Busy,
    /// This many handles read the metadata.
    Shared(u64),
    /// One owner reads and writes the metadata.
    Unique,
    /// Above [`REF_COUNT_MAX`]: between an increment and its abort.
    Overflow(u64),
}

impl SlotState {
    /// Names a raw value.
    #[inline]
    pub const fn from_raw(raw: u64) -> SlotState {
        match raw {
            REF_COUNT_UNUSED => SlotState::Unused,
            REF_COUNT_UNIQUE => SlotState::Unique,
            REF_COUNT_BUSY => SlotState::Busy,
            1..=REF_COUNT_MAX => SlotState::Shared(raw),
            _ => SlotState::Overflow(raw),
        }
    }

    /// The raw value.
    pub const fn to_raw(self) -> u64 {
        match self {
            SlotState::Unused => REF_COUNT_UNUSED,
            SlotState::Busy => REF_COUNT_BUSY,
            SlotState::Unique => REF_COUNT_UNIQUE,
            SlotState::Shared(n) | SlotState::Overflow(n) => n,
        }
    }
}

impl fmt::Display for SlotState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SlotState::Unused => f.pad("UNUSED"),
            SlotState::Busy => f.pad("BUSY"),
            SlotState::Unique => f.pad("UNIQUE"),
            SlotState::Shared(n) => write!(f, "SHARED({n})"),
            SlotState::Overflow(n) => write!(f, "OVERFLOW({n})"),
        }
    }
}
