//! What an execution showed, as it is found in the world and in what the
//! threads did: looked at after each execution, and made an [`Outcome`] only
//! where one like it was not seen before.

use std::hash::{Hash, Hasher};

use smallvec::{SmallVec, smallvec};

use super::ThreadResult;
use crate::outcome::{End, Ends, OpResult, Outcome, SlotEnd, hash_parts};
use crate::program::Program;
use crate::protocol::{Protocol, SlotState};
use crate::world::{Fault, Host};

/// What an execution showed. It hashes as its outcome.
#[derive(Clone, Debug)]
pub struct Shown<'a> {
    ends: Ends,
    threads: &'a [ThreadResult],
    /// The state of each slot, and whether it holds live metadata; nothing if
    /// the end is not judged.
    slots: Option<SmallVec<[(SlotEnd, bool); 2]>>,
}

impl Shown<'_> {
    /// The results of the final drops of each thread; none with [`Ends::Left`].
    fn drops(&self) -> impl ExactSizeIterator<Item = impl ExactSizeIterator<Item = OpResult>> {
        let threads = match self.ends {
            Ends::Dropped => self.threads,
            Ends::Left => &[],
        };
        threads
            .iter()
            .map(|thread| thread.drops.iter().map(|(_, result)| *result))
    }

    /// Whether this is the outcome.
    pub fn is(&self, outcome: &Outcome) -> bool {
        let results = self.threads.iter().map(|thread| &thread.results[..]);
        let end = match (&self.slots, &outcome.end) {
            (None, End::NotJudged) => true,
            (Some(slots), End::Slots(ends)) => slots[..] == ends[..],
            _ => false,
        };
        end && results.eq(outcome.results.iter().map(|results| &results[..]))
            && self.drops().len() == outcome.drops.len()
            && self
                .drops()
                .zip(&outcome.drops)
                .all(|(shown, drops)| shown.eq(drops.iter().copied()))
    }

    /// The outcome.
    pub fn to_outcome(&self) -> Outcome {
        Outcome {
            results: self
                .threads
                .iter()
                .map(|thread| thread.results.clone())
                .collect(),
            drops: self.drops().map(Iterator::collect).collect(),
            end: match &self.slots {
                Some(slots) => End::Slots(slots.to_vec()),
                None => End::NotJudged,
            },
        }
    }
}

impl Hash for Shown<'_> {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        let results = self.threads.iter().map(|thread| &thread.results[..]);
        hash_parts(results, self.drops(), self.slots.as_deref(), state);
    }
}

/// What an execution with so many slots showed, when all its threads are done.
///
/// # Errors
///
/// The first contract of the metadata's life that was broken.
pub fn show<'a, P: Protocol>(
    program: &Program,
    slots: usize,
    ends: Ends,
    threads: &'a [ThreadResult],
) -> Result<Shown<'a>, Fault> {
    // By slot, how many drops tore its metadata down: each gives the frame back once.
    let mut last_drops: SmallVec<[u32; 2]> = smallvec![0; slots];
    let mut judged = true;
    let mut add = |slot: usize, result| match result {
        OpResult::Last => last_drops[slot] += 1,
        OpResult::Abort => judged = false,
        _ => {}
    };
    for (ops, thread) in program.threads.iter().zip(threads) {
        let results = ops.iter().zip(&thread.results);
        results.for_each(|(op, result)| add(op.slot, *result));
        let drops = thread.drops.iter();
        drops.for_each(|(slot, result)| add(*slot, *result));
    }
    let register = P::Host::register();
    let mut slots = SmallVec::new();
    for (slot, &last_drops) in last_drops.iter().enumerate() {
        let state = P::peek(slot);
        if let Some(fault) = register.first_fault(slot, state, last_drops) {
            return Err(fault);
        }
        let end = match state {
            SlotState::Unused => SlotEnd::Unused,
            SlotState::Busy => SlotEnd::Busy,
            SlotState::Unique => SlotEnd::Unique,
            SlotState::Shared(n) => SlotEnd::Shared(n),
        };
        slots.push((end, register.live(slot)));
    }
    Ok(Shown {
        ends,
        threads,
        slots: judged.then_some(slots),
    })
}

/// The outcome of an execution, when all its threads are done.
///
/// # Errors
///
/// As [`show`].
pub fn outcome<P: Protocol>(
    program: &Program,
    ends: Ends,
    threads: &[ThreadResult],
) -> Result<Outcome, Fault> {
    show::<P>(program, program.slots(), ends, threads).map(|shown| shown.to_outcome())
}

#[cfg(test)]
mod tests {
    use std::hash::BuildHasher;

    use rustc_hash::FxBuildHasher;
    use smallvec::smallvec;

    use super::*;
    use OpResult::{Kept, Last, Ok, Skipped};

    fn thread(results: &[OpResult], drops: &[(usize, OpResult)]) -> ThreadResult {
        ThreadResult {
            results: results.to_vec(),
            drops: drops.to_vec(),
        }
    }

    #[test]
    fn what_was_shown_is_its_outcome_and_no_other() {
        let two = [thread(&[Ok, Skipped], &[]), thread(&[Ok], &[(0, Last)])];
        let moved = [thread(&[Ok], &[(0, Last)]), thread(&[Ok, Skipped], &[])];
        let kept = [thread(&[Ok, Skipped], &[]), thread(&[Ok], &[(0, Kept)])];
        let more = [
            thread(&[Ok, Skipped], &[(0, Last)]),
            thread(&[Ok], &[(0, Last)]),
        ];
        let unused = (SlotEnd::Unused, false);
        let dead = (SlotEnd::Unique, false);
        let shown = |threads, ends, slots| Shown {
            ends,
            threads,
            slots,
        };
        let different = [
            shown(&two[..], Ends::Dropped, Some(smallvec![unused])),
            shown(&two[..1], Ends::Dropped, Some(smallvec![unused])),
            shown(&two, Ends::Dropped, Some(smallvec![dead])),
            shown(&two, Ends::Dropped, Some(smallvec![unused, unused])),
            shown(&two, Ends::Dropped, None),
            shown(&two, Ends::Left, Some(smallvec![unused])),
            shown(&moved, Ends::Dropped, Some(smallvec![unused])),
            shown(&kept, Ends::Dropped, Some(smallvec![unused])),
            shown(&more, Ends::Dropped, Some(smallvec![unused])),
        ];
        for (at, one) in different.iter().enumerate() {
            for (other_at, other) in different.iter().enumerate() {
                let outcome = other.to_outcome();
                assert_eq!(one.is(&outcome), at == other_at, "{one:?} and {outcome}");
            }
        }
    }

    #[test]
    fn what_was_shown_hashes_as_its_outcome() {
        // An outcome does not say of which slot a drop was.
        let of_slot = |slot| [thread(&[Ok], &[(slot, Last)]), thread(&[Skipped], &[])];
        let (first, second) = (of_slot(0), of_slot(1));
        for (ends, slots) in [
            (Ends::Dropped, None),
            (Ends::Left, Some(smallvec![(SlotEnd::Shared(2), true)])),
        ] {
            let [first, second] = [&first, &second].map(|threads| Shown {
                ends,
                threads,
                slots: slots.clone(),
            });
            let outcome = second.to_outcome();
            assert!(first.is(&outcome));
            assert_eq!(
                FxBuildHasher.hash_one(&first),
                FxBuildHasher.hash_one(&outcome)
            );
        }
    }
}
