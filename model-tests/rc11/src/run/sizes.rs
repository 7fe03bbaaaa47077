//! The sizes of the atomics of one execution: two that overlap must be the same.

use rustc_hash::FxHashMap;

use crate::graph::LocationId;

/// The size of each location that was met, a power of two or 0.
#[derive(Debug, Default)]
pub(super) struct Sizes {
    of: Vec<u8>,
    /// All of them: mostly it is one.
    met: usize,
}

impl Sizes {
    /// Begins another execution.
    pub(super) fn clear(&mut self, locations: usize) {
        self.of.clear();
        self.of.resize(locations, 0);
        self.met = 0;
    }

    pub(super) fn bind(&mut self, location: LocationId, size: usize) {
        if self.of.len() <= location {
            self.of.resize(location + 1, 0);
        }
        self.of[location] = size as u8;
        self.met |= size;
    }

    /// The location of another size that shares memory with an atomic of this one,
    /// which is aligned to its size as all are.
    pub(super) fn overlapped(
        &self,
        addresses: &FxHashMap<usize, LocationId>,
        address: usize,
        size: usize,
    ) -> Option<LocationId> {
        if size == 0 || self.met & !size == 0 {
            return None;
        }
        let found = |at: usize| {
            let location = *addresses.get(&at)?;
            let of = usize::from(self.of[location]);
            (of != 0 && of != size && at + of > address).then_some(location)
        };
        let around = (0..=3).map(|bits| address & !((1 << bits) - 1));
        around.chain(address + 1..address + size).find_map(found)
    }

    /// Whether the bytes that two atomics share can be those of both: one that was
    /// moved away has left them to others.
    pub(super) fn agree(
        &self,
        (at, location, known): (usize, LocationId, u64),
        (address, size, found): (usize, usize, u64),
    ) -> bool {
        let of = usize::from(self.of[location]);
        let byte = |value: u64, size: usize, index: usize| match cfg!(target_endian = "big") {
            true => (value >> (8 * (size - 1 - index))) as u8,
            false => (value >> (8 * index)) as u8,
        };
        let mut shared = at.max(address)..(at + of).min(address + size);
        shared.all(|i| byte(known, of, i - at) == byte(found, size, i - address))
    }
}
