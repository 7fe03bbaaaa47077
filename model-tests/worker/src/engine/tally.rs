//! How many executions showed each outcome.

use std::fmt::Display;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

/// What one execution showed, before it is made an outcome: it hashes as that does.
pub(super) trait Shown<S>: Hash {
    /// Whether it is this outcome.
    fn is(&self, outcome: &S) -> bool;

    /// The outcome.
    fn to_outcome(&self) -> S;
}

/// How many executions showed each outcome. Looked up after every execution, so
/// that a hash has to be quick, and nothing is put together for the look.
pub(super) struct Tally<S> {
    expected: Arc<Vec<S>>,
    table: HashTable<Entry<S>>,
    seen: usize,
}

struct Entry<S> {
    hash: u64,
    outcome: Which<S>,
    times: u64,
}

enum Which<S> {
    Expected(usize),
    Other(S),
}

impl<S> Entry<S> {
    #[inline]
    fn outcome<'a>(&'a self, expected: &'a [S]) -> &'a S {
        match &self.outcome {
            Which::Expected(n) => &expected[*n],
            Which::Other(outcome) => outcome,
        }
    }
}

/// An outcome that no execution showed before.
pub(super) struct First<'a, S> {
    pub(super) outcome: &'a S,
    /// Whether it was expected.
    pub(super) expected: bool,
}

impl<S> Default for Tally<S> {
    fn default() -> Self {
        Tally {
            expected: Arc::default(),
            table: HashTable::new(),
            seen: 0,
        }
    }
}

impl<S> Tally<S> {
    /// A tally of outcomes among which these, each another, are expected.
    pub(super) fn expecting(expected: Arc<Vec<S>>) -> Self
    where
        S: Hash,
    {
        let mut table = HashTable::with_capacity(expected.len());
        for (n, outcome) in expected.iter().enumerate() {
            let entry = Entry {
                hash: FxBuildHasher.hash_one(outcome),
                outcome: Which::Expected(n),
                times: 0,
            };
            table.insert_unique(entry.hash, entry, |entry| entry.hash);
        }
        Tally {
            expected,
            table,
            seen: 0,
        }
    }

    /// Counts what an execution showed; gives the outcome if it is the first
    /// that showed it.
    #[inline]
    pub(super) fn count(&mut self, shown: &impl Shown<S>) -> Option<First<'_, S>> {
        let hash = FxBuildHasher.hash_one(shown);
        let expected = &self.expected[..];
        let is = |entry: &Entry<S>| entry.hash == hash && shown.is(entry.outcome(expected));
        let entry = match self.table.find_entry(hash, is) {
            Ok(entry) => entry.into_mut(),
            Err(absent) => {
                let entry = Entry {
                    hash,
                    outcome: Which::Other(shown.to_outcome()),
                    times: 0,
                };
                let table = absent.into_table();
                (table.insert_unique(hash, entry, |entry| entry.hash)).into_mut()
            }
        };
        entry.times += 1;
        if entry.times > 1 {
            return None;
        }
        self.seen += 1;
        Some(First {
            outcome: entry.outcome(expected),
            expected: matches!(entry.outcome, Which::Expected(_)),
        })
    }

    /// How many outcomes there are.
    pub(super) fn len(&self) -> usize {
        self.seen
    }

    /// The outcomes, each with how many executions showed it.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&S, u64)> {
        let seen = self.table.iter().filter(|entry| entry.times > 0);
        seen.map(|entry| (entry.outcome(&self.expected), entry.times))
    }

    /// Those that were expected and that no execution showed, in their order.
    pub(super) fn missing(&self) -> impl Iterator<Item = &S> {
        let mut seen = vec![false; self.expected.len()];
        for entry in &self.table {
            if let Which::Expected(n) = entry.outcome {
                seen[n] = entry.times > 0;
            }
        }
        (self.expected.iter().zip(seen)).filter_map(|(outcome, seen)| (!seen).then_some(outcome))
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
            .filter_map(|number| tally.count(&Number(number)).map(|first| *first.outcome))
            .collect();
        assert_eq!((new, tally.len()), (vec![3, 5, 8], 3));
        let texts: BTreeMap<String, u64> = tally.to_texts();
        let text = |number: u64, times| (number.to_string(), times);
        assert_eq!(texts, BTreeMap::from([text(3, 3), text(5, 2), text(8, 1)]));
    }

    impl Shown<i8> for i8 {
        fn is(&self, outcome: &i8) -> bool {
            self == outcome
        }

        fn to_outcome(&self) -> i8 {
            *self
        }
    }

    #[test]
    fn what_was_expected_is_told_from_the_rest_and_missing_until_it_is_seen() {
        let mut tally = Tally::expecting(Arc::new(vec![1, 2, 3]));
        let missing = |tally: &Tally<i8>| tally.missing().copied().collect::<Vec<_>>();
        assert_eq!((missing(&tally), tally.len()), (vec![1, 2, 3], 0));
        let firsts = [3, -3, 3, 1, -3].map(|number: i8| {
            let first = tally.count(&number);
            first.map(|first| (*first.outcome, first.expected))
        });
        let expected = [
            Some((3, true)),
            Some((-3, false)),
            None,
            Some((1, true)),
            None,
        ];
        assert_eq!(firsts, expected);
        assert_eq!((missing(&tally), tally.len()), (vec![2], 3));
        let texts: BTreeMap<String, u64> = tally.to_texts();
        let text = |number: i8, times| (number.to_string(), times);
        assert_eq!(texts, BTreeMap::from([text(-3, 2), text(1, 1), text(3, 2)]));
    }
}
