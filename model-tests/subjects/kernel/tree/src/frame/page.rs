//! The bytes of a page, for metadata that looks at them on its way out.

use core::marker::PhantomData;

use super::{PAGE_SIZE, Paddr};
use crate::arch;

/// Reads a page from its start to its end.
#[derive(Debug)]
pub struct PageReader<'a> {
    next: *const u8,
    left: usize,
    _page: PhantomData<&'a [u8]>,
}

impl PageReader<'_> {
    /// # Safety
    ///
    /// The frame is the caller's for as long as the reader lives.
    pub(super) unsafe fn new(paddr: Paddr) -> Self {
        PageReader {
            next: arch::page(paddr),
            left: PAGE_SIZE,
            _page: PhantomData,
        }
    }

    /// How many bytes are left.
    pub fn remaining(&self) -> usize {
        self.left
    }

    /// Copies as many bytes as are left and fit, and returns their number.
    pub fn read(&mut self, to: &mut [u8]) -> usize {
        let len = to.len().min(self.left);
        for byte in &mut to[..len] {
            // SAFETY: not past the end of the page, which is the frame's own.
            // Volatile: a device may have written it.
            *byte = unsafe { self.next.read_volatile() };
            self.next = self.next.wrapping_add(1);
        }
        self.left -= len;
        len
    }
}
