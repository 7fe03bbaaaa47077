//! Reading the bytes of a page.

use core::marker::PhantomData;
use core::ptr;

/// A cursor over bytes of physical memory.
///
/// It copies and never makes a reference: the bytes may be anything.
#[derive(Debug)]
pub struct VmReader<'a> {
    cursor: *const u8,
    remain: usize,
    _memory: PhantomData<&'a [u8]>,
}

impl VmReader<'_> {
    /// A reader over `len` bytes from `start`.
    ///
    /// # Safety
    ///
    /// The bytes are initialised and valid for reads for the lifetime of the
    /// reader, and nobody writes them while the reader reads.
    pub unsafe fn from_raw(start: *const u8, len: usize) -> Self {
        VmReader {
            cursor: start,
            remain: len,
            _memory: PhantomData,
        }
    }

    /// The number of bytes not yet read.
    pub fn remain(&self) -> usize {
        self.remain
    }

    /// Copies bytes into `into` until it is full or none remain, and returns
    /// their number.
    pub fn read(&mut self, into: &mut [u8]) -> usize {
        let len = into.len().min(self.remain);
        // SAFETY: `len` bytes from the cursor are readable as `from_raw` was
        // promised, `into` is as long, and an exclusive reference overlaps
        // nothing.
        unsafe { ptr::copy_nonoverlapping(self.cursor, into.as_mut_ptr(), len) };
        self.skip(len)
    }

    /// Passes over up to `len` bytes and returns how many.
    pub fn skip(&mut self, len: usize) -> usize {
        let len = len.min(self.remain);
        // SAFETY: within the readable bytes, or one past their end.
        self.cursor = unsafe { self.cursor.add(len) };
        self.remain -= len;
        len
    }
}
