//! Why there is no handle.

/// Why a frame was not claimed, or not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// The address is not that of a frame.
    NotAligned,
    /// There is no memory at the address.
    OutOfBound,
    /// It is shared already.
    InUse,
    /// Nobody uses it.
    Unused,
    /// It has one owner.
    Unique,
    /// It is being built, or torn down.
    Busy,
}
