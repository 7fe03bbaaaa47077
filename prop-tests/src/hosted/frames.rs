//! The frames that a machine's allocator hands out and takes back.

use std::fmt;
use std::ops::Range;

use buddy_system_allocator::FrameAllocator;

/// Frames by number, and which of them are handed out.
pub(super) struct Frames {
    buddies: FrameAllocator,
    free: usize,
    /// A bit for each frame from 0 to the last one opened.
    handed_out: Vec<u64>,
}

impl Frames {
    pub(super) const fn new() -> Self {
        Frames {
            buddies: FrameAllocator::new(),
            free: 0,
            handed_out: Vec::new(),
        }
    }

    /// Frames that may be handed out from now on.
    pub(super) fn open(&mut self, frames: Range<usize>) {
        let words = frames.end.div_ceil(64).max(self.handed_out.len());
        self.handed_out.resize(words, 0);
        self.free += frames.len();
        self.buddies.insert(frames);
    }

    /// Hands out so many frames in a row.
    pub(super) fn alloc(&mut self, count: usize) -> Option<usize> {
        if count == 0 || count > self.free {
            return None;
        }
        let first = self.buddies.alloc(count)?;
        for frame in first..first + count {
            self.handed_out[frame / 64] |= 1 << (frame % 64);
        }
        self.free -= count;
        // Buddies are powers of two.
        for spare in first + count..first + count.next_power_of_two() {
            self.buddies.dealloc(spare, 1);
        }
        Some(first)
    }

    /// Takes one frame back if it is handed out, and says whether it was.
    pub(super) fn free(&mut self, frame: usize) -> bool {
        let bit = 1 << (frame % 64);
        match self.handed_out.get_mut(frame / 64) {
            Some(word) if *word & bit != 0 => *word &= !bit,
            _ => return false,
        }
        self.free += 1;
        self.buddies.dealloc(frame, 1);
        true
    }

    /// How many frames can be handed out.
    pub(super) fn count(&self) -> usize {
        self.free
    }
}

impl fmt::Debug for Frames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frames")
            .field("free", &self.free)
            .finish_non_exhaustive()
    }
}
