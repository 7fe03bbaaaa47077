//! Which atomics an execution has met, and of which sizes: two that overlap must be the
//! same.

use std::vec::Vec;

use rustc_hash::{FxBuildHasher, FxHashMap};

/// What is kept of a word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Met {
    size: usize,
    /// What memory holds, unless something else has been put there.
    pub(super) value: u64,
    /// What else the explorer keeps.
    #[cfg_attr(shuttle, allow(dead_code, reason = "it keeps nothing"))]
    pub(super) object: usize,
}

#[derive(Debug)]
pub(super) struct Words {
    all: Vec<Met>,
    /// Where each stands in `all`, by its address.
    met: FxHashMap<usize, usize>,
    /// The address of the word that was met last, and where it stands: mostly it is the
    /// next one, too.
    last: (usize, usize),
    /// The sizes of all: mostly it is one.
    sizes: usize,
}

/// No word lies there.
const NONE: (usize, usize) = (0, 0);

impl Words {
    pub(super) const fn new() -> Self {
        Words {
            all: Vec::new(),
            met: FxHashMap::with_hasher(FxBuildHasher),
            last: NONE,
            sizes: 0,
        }
    }

    pub(super) fn clear(&mut self) {
        self.all.clear();
        self.met.clear();
        self.last = NONE;
        self.sizes = 0;
    }

    pub(super) fn forget(&mut self, address: usize) {
        if self.last.0 == address {
            self.last = NONE;
        }
        self.met.remove(&address);
    }

    /// The word at an address where `value` lies, if it was met before and is still
    /// there: another one may have been put in its place.
    ///
    /// # Errors
    ///
    /// If one of another size shares memory with it.
    #[inline]
    pub(super) fn find(
        &mut self,
        address: usize,
        size: usize,
        value: u64,
    ) -> Result<Option<&mut Met>, Overlaps> {
        if self.sizes & !size != 0 {
            self.check(address, size, value)?;
        }
        if self.last.0 != address {
            let Some(&index) = self.met.get(&address) else {
                return Ok(None);
            };
            self.last = (address, index);
        }
        let met = &mut self.all[self.last.1];
        Ok((met.value == value).then_some(met))
    }

    #[cold]
    fn check(&mut self, address: usize, size: usize, value: u64) -> Result<(), Overlaps> {
        let around = (0..=3).map(|bits| address & !((1 << bits) - 1));
        for at in around.chain(address + 1..address + size) {
            let Some(met) = self.met.get(&at).map(|&index| self.all[index]) else {
                continue;
            };
            if met.size == size || at + met.size <= address {
                continue;
            }
            let byte = |value: u64, size: usize, index: usize| match cfg!(target_endian = "big") {
                true => (value >> (8 * (size - 1 - index))) as u8,
                false => (value >> (8 * index)) as u8,
            };
            let mut shared = at.max(address)..(at + met.size).min(address + size);
            if shared.all(|i| byte(met.value, met.size, i - at) == byte(value, size, i - address)) {
                return Err(Overlaps);
            }
            // Something else has been put there: the atomic was moved away.
            self.forget(at);
        }
        Ok(())
    }

    /// A word has another value now.
    #[cfg(loom)]
    pub(super) fn wrote(&mut self, address: usize, value: u64) {
        if self.last.0 == address {
            self.all[self.last.1].value = value;
        } else if let Some(&index) = self.met.get(&address) {
            self.all[index].value = value;
        }
    }

    pub(super) fn bind(&mut self, address: usize, size: usize, value: u64, object: usize) {
        self.sizes |= size;
        let met = Met {
            size,
            value,
            object,
        };
        self.last = (address, self.all.len());
        self.met.insert(address, self.all.len());
        self.all.push(met);
    }
}

/// Two atomics of different sizes share memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Overlaps;
