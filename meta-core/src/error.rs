//! Why a frame could not be had.

use core::fmt;

/// Why a frame could not be had.
///
#[cfg_attr(not(model), doc = "```")]
#[cfg_attr(model, doc = "```ignore (needs the real atomics)")]
/// # mod kernel { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/kernel.rs")); }
/// # use kernel::Kernel;
/// use meta_core::{Frame, GetFrameError, PAGE_SIZE, UniqueFrame, impl_frame_meta_for};
///
/// struct PageTable;
/// impl_frame_meta_for!(PageTable);
///
/// let claim = |paddr| UniqueFrame::<_, Kernel>::from_unused(paddr, PageTable);
/// let look_up = |paddr| Frame::<_, Kernel>::from_in_use(paddr);
/// assert_eq!(look_up(0).unwrap_err(), GetFrameError::Unused);
/// let owned = claim(0)?;
/// assert_eq!(look_up(0).unwrap_err(), GetFrameError::Unique);
/// assert_eq!(claim(0).unwrap_err(), GetFrameError::Unique);
/// let _shared = Frame::from(owned);
/// assert_eq!(claim(0).unwrap_err(), GetFrameError::InUse);
/// assert_eq!(look_up(usize::MAX).unwrap_err(), GetFrameError::NotAligned);
/// assert_eq!(look_up(1 << 40).unwrap_err().to_string(), "the address is past the end of physical memory");
/// # Ok::<(), GetFrameError>(())
/// ```
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
