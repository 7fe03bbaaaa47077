//! The hash of an outcome, also of one that is not put together: it is looked up
//! after every execution.

use std::hash::{Hash, Hasher};

use super::{End, OpResult, Outcome, SlotEnd};

/// As [`hash_parts`] has it.
impl Hash for Outcome {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let results = self.results.iter().map(Vec::as_slice);
        let drops = self.drops.iter().map(|drops| drops.iter().copied());
        let slots = match &self.end {
            End::NotJudged => None,
            End::Slots(slots) => Some(&slots[..]),
        };
        hash_parts(results, drops, slots, state);
    }
}

/// Hashes the outcome that has these results, drops by thread and slots at the end;
/// none if they are not judged.
#[inline]
pub fn hash_parts<'a, D: ExactSizeIterator<Item = OpResult>>(
    results: impl Iterator<Item = &'a [OpResult]>,
    drops: impl Iterator<Item = D>,
    slots: Option<&[(SlotEnd, bool)]>,
    state: &mut impl Hasher,
) {
    // Outcomes of one program have as many results.
    results.flatten().for_each(|result| result.hash(state));
    for drops in drops {
        state.write_usize(drops.len());
        drops.for_each(|result| result.hash(state));
    }
    slots.hash(state);
}
