//! How many canonical programs a bound has, and the n-th of them, without going
//! through the ones before.

use super::enumerate::{Bound, enumerate_with};
use super::{Holding, Op, OpName, Program, Start, StartKind};

/// The programs of a bound, each at its place in the order of
/// [`enumerate`](super::enumerate()).
///
/// ```
/// # use programs::program::Ranked;
/// let ranked = Ranked::new("3x3".parse().unwrap(), false);
/// assert_eq!(ranked.len(), 5_744_900);
/// assert_eq!(ranked.get(0).unwrap().threads.len(), 3);
/// assert!(ranked.get(ranked.len()).is_none());
/// ```
#[derive(Clone, Debug)]
pub struct Ranked(Vec<(Start, Vec<Group>)>);

/// Threads that begin with the same holding, and so are interchangeable.
#[derive(Clone, Debug)]
struct Group {
    /// All that one of them may do, in ascending order.
    each: Vec<Vec<Op>>,
    threads: usize,
}

impl Ranked {
    /// The programs of the bound, with or without `count` among the operations.
    ///
    /// What one thread alone can do is gone through: with many operations that
    /// takes long.
    pub fn new(bound: Bound, with_count: bool) -> Self {
        let alone = Bound {
            threads: 1,
            ..bound
        };
        let each: Vec<Program> = enumerate_with(alone, OpName::campaign_ops(with_count)).collect();
        let starts = StartKind::ALL.into_iter().map(|kind| {
            let start = Start { kind, forgotten: 0 };
            let mut groups: Vec<(Holding, Group)> = Vec::new();
            for thread in 0..bound.threads {
                let holding = start.holding(thread);
                match groups.last_mut() {
                    Some((last, group)) if *last == holding => group.threads += 1,
                    _ => groups.push((
                        holding,
                        Group {
                            each: of_hand(&each, holding),
                            threads: 1,
                        },
                    )),
                }
            }
            (start, groups.into_iter().map(|(_, group)| group).collect())
        });
        Self(starts.collect())
    }

    /// How many there are.
    pub fn len(&self) -> u128 {
        self.0.iter().map(|(_, groups)| product(groups)).sum()
    }

    /// Whether there is none; there always is one.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The program at this place, counted from 0.
    pub fn get(&self, mut place: u128) -> Option<Program> {
        for (start, groups) in &self.0 {
            let here = product(groups);
            if place < here {
                let mut threads = Vec::new();
                for (done, group) in groups.iter().enumerate() {
                    let rest = product(&groups[done + 1..]);
                    group.append(place / rest, &mut threads);
                    place %= rest;
                }
                return Some(Program {
                    start: *start,
                    threads,
                });
            }
            place -= here;
        }
        None
    }

    /// At most so many of the programs, at equal distances: the same ones each
    /// time, and all of them if there are no more.
    pub fn spread(&self, most: u64) -> impl Iterator<Item = Program> + '_ {
        let all = self.len();
        let some = all.min(most.into());
        // From the middle of each of `some` equal parts.
        (0..some).filter_map(move |part| self.get((2 * part + 1) * all / (2 * some)))
    }
}

impl Group {
    /// How many ascending choices there are of so many threads, none of them
    /// before the `from`-th.
    fn choices(&self, from: usize, threads: usize) -> u128 {
        // Multisets: C(n + k - 1, k).
        let n = (self.each.len() - from) as u128;
        (0..threads as u128).fold(1, |product, i| product * (n + i) / (i + 1))
    }

    /// Appends the threads of the choice at this place.
    fn append(&self, mut place: u128, threads: &mut Vec<Vec<Op>>) {
        let mut from = 0;
        for left in (0..self.threads).rev() {
            loop {
                let here = self.choices(from, left);
                if place < here {
                    break;
                }
                place -= here;
                from += 1;
            }
            threads.push(self.each[from].clone());
        }
    }
}

fn product(groups: &[Group]) -> u128 {
    groups.iter().map(|g| g.choices(0, g.threads)).product()
}

/// What a thread with this holding can do, of the programs of one thread.
fn of_hand(alone: &[Program], holding: Holding) -> Vec<Vec<Op>> {
    let Some(first) = alone
        .iter()
        .find(|program| program.start.holding(0) == holding)
    else {
        return Vec::new();
    };
    alone
        .iter()
        .filter(|program| program.start == first.start)
        .map(|program| program.threads[0].clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::enumerate;

    fn ranked(bound: &str) -> Ranked {
        Ranked::new(bound.parse().unwrap(), false)
    }

    #[test]
    fn every_place_has_the_program_that_is_enumerated_there() {
        for bound in ["2x1", "3x1", "4x1", "5x1", "2x2", "3x2"] {
            let ranked = ranked(bound);
            let mut place = 0;
            for program in enumerate(bound.parse().unwrap(), false) {
                assert_eq!(ranked.get(place), Some(program), "{bound}, {place}");
                place += 1;
            }
            assert_eq!(ranked.len(), place, "{bound}");
            assert!(!ranked.is_empty());
            assert_eq!(ranked.get(place), None);
        }
    }

    #[test]
    fn a_spread_is_all_of_few_and_some_of_many() {
        let small = ranked("2x1");
        let all: Vec<_> = enumerate("2x1".parse().unwrap(), false).collect();
        assert_eq!(small.spread(1_000).collect::<Vec<_>>(), all);
        assert_eq!(small.spread(1).next(), small.get(small.len() / 2));

        let mut some: Vec<_> = ranked("3x2").spread(40).collect();
        assert!(some.is_sorted());
        some.dedup();
        assert_eq!(some.len(), 40);
    }
}
