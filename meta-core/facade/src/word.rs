//! The memory of an atomic or a cell.

/// An atomic, as an explorer sees it: bytes at an address, aligned to their number.
pub(crate) trait Word {
    /// Its size in bytes.
    const SIZE: usize;

    /// How many bits its values have.
    const BITS: u32;

    fn address(&self) -> usize;

    /// What memory holds: the newest value.
    fn value(&self) -> u64;

    /// Puts a value into memory, which is no step of the model.
    fn set_value(&self, value: u64);
}

/// Plain memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    pub(crate) address: usize,
    pub(crate) size: usize,
}

impl Memory {
    /// So many bytes from an address on, of which nothing need be true.
    #[inline]
    pub(crate) fn at<T: ?Sized>(start: *const T, size: usize) -> Self {
        let address = start.expose_provenance();
        Memory { address, size }
    }

    #[inline]
    pub(crate) fn of<T: ?Sized>(value: &T) -> Self {
        Memory {
            address: ::core::ptr::from_ref(value).expose_provenance(),
            size: size_of_val(value),
        }
    }
}
