//! How many executions showed each outcome.

use std::fmt::Display;
use std::hash::{BuildHasher, Hash};

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

/// What one execution showed, before it is made an outcome. Those that show the
/// same one hash alike.
pub(super) trait Shown<S>: Hash {
    /// Whether it is this outcome.
    fn is(&self, outcome: &S) -> bool;

    /// The outcome.
    fn to_outcome(&self) -> S;
}

/// How many executions showed each outcome. Looked up after every execution, so
/// that a hash has to be quick, and nothing is put together for the look.
pub(super) struct Tally<S>(HashTable<Entry<S>>);

struct Entry<S> {
    hash: u64,
    outcome: S,
    times: u64,
}

impl<S> Default for Tally<S> {
    fn default() -> Self {
        Tally(HashTable::new())
    }
}

impl<S> Tally<S> {
    /// Counts what an execution showed; gives the outcome if it is the first
    /// that showed it.
    #[inline]
    pub(super) fn count(&mut self, shown: &impl Shown<S>) -> Option<&S> {
        let hash = FxBuildHasher.hash_one(shown);
        let is = |entry: &Entry<S>| entry.hash == hash && shown.is(&entry.outcome);
        if let Some(entry) = self.0.find_mut(hash, is) {
            entry.times += 1;
            return None;
        }
        let entry = Entry {
            hash,
            outcome: shown.to_outcome(),
            times: 1,
        };
        let entry = self.0.insert_unique(hash, entry, |entry| entry.hash);
        Some(&entry.into_mut().outcome)
    }

    /// How many outcomes there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The outcomes, each with how many executions showed it.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&S, u64)> {
        self.0.iter().map(|entry| (&entry.outcome, entry.times))
    }

    /// The same in the text form.
    pub(super) fn to_texts<C: FromIterator<(String, u64)>>(&self) -> C
    where
        S: Display,
    {
        self.iter()
            .map(|(outcome, times)| (outcome.to_string(), times))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::hash::Hasher;

    use super::*;

    /// All of them hash alike.
    struct Number(u64);

    impl Hash for Number {
        fn hash<H: Hasher>(&self, _state: &mut H) {}
    }

    impl Shown<u64> for Number {
        fn is(&self, outcome: &u64) -> bool {
            self.0 == *outcome
        }

        fn to_outcome(&self) -> u64 {
            self.0
        }
    }

    #[test]
    fn outcomes_are_new_once_and_counted_each_time() {
        let mut tally = Tally::default();
        let new: Vec<_> = [3, 5, 3, 3, 8, 5]
            .into_iter()
            .filter_map(|number| tally.count(&Number(number)).copied())
            .collect();
        assert_eq!((new, tally.len()), (vec![3, 5, 8], 3));
        let texts: BTreeMap<String, u64> = tally.to_texts();
        let text = |number: u64, times| (number.to_string(), times);
        assert_eq!(texts, BTreeMap::from([text(3, 3), text(5, 2), text(8, 1)]));
    }
}
