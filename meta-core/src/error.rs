//! Why a frame could not be had.

use core::fmt;

/// Why a frame could not be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GetFrameError {
    /// The frame is shared.
    InUse,
    /// The frame is not in use.
    Unused,
    /// The frame's metadata is being built or torn down.
    Busy,
    /// The frame belongs to one [`UniqueFrame`](crate::UniqueFrame).
    Unique,
    /// The address is past the end of physical memory.
    OutOfBound,
    /// The address is not a multiple of [`PAGE_SIZE`](crate::PAGE_SIZE).
    NotAligned,
}

impl fmt::Display for GetFrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            GetFrameError::InUse => "the frame is in use",
            GetFrameError::Unused => "the frame is not in use",
            GetFrameError::Busy => "the frame is being built or torn down",
            GetFrameError::Unique => "the frame has a unique owner",
            GetFrameError::OutOfBound => "the address is past the end of physical memory",
            GetFrameError::NotAligned => "the address is not page-aligned",
        })
    }
}

impl core::error::Error for GetFrameError {}
