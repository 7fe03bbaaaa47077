//! The hash of an outcome, also of one that is not put together: it is looked up
//! after every execution.

use std::hash::{Hash, Hasher};

use super::{End, OpResult, Outcome, SlotEnd, Writer};

/// One word for each.
impl Hash for OpResult {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(match *self {
            OpResult::Skipped => 0,
            OpResult::Ok => 1,
            OpResult::InUse => 2,
            OpResult::Unused => 3,
            OpResult::Busy => 4,
            OpResult::Unique => 5,
            OpResult::Abort => 6,
            OpResult::Yes => 7,
            OpResult::No => 8,
            OpResult::Last => 9,
            OpResult::Kept => 10,
            OpResult::Full => 11,
            OpResult::Empty => 12,
            OpResult::Mismatch => 13,
            OpResult::Read(Writer::Start) => 14,
            OpResult::Read(Writer::Op { thread, op }) => {
                u64::from(thread) << 32 | u64::from(op) << 16 | 15
            }
            OpResult::Count(n) => n << 16 | 16,
        });
    }
}

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
