//! All canonical programs of a bound, of one slot or of several.

use super::{
    Holding, MAX_SLOTS, MAX_THREADS, Op, OpName, PossibleHoldings, Program, Start, StartKind,
};
use crate::text::{ParseError, quoted};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// How large the programs of a campaign are; `2x3` is two threads of three
/// operations each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bound {
    /// How many threads: 2 to [`MAX_THREADS`].
    pub threads: usize,
    /// How many operations each thread has: 1 to [`Bound::MAX_OPS`].
    pub ops: usize,
}

/// All canonical one-slot programs with exactly the threads and the operations
/// of the bound, in the order of the start states, then of the operations.
///
/// An operation that applies in no execution is left out, in the sense of
/// [`PossibleHoldings::allow`]: what a thread may hold at each point is followed from the
/// start state through every way its own operations can go. `count` is an
/// operation like the others, or none at all.
///
/// ```
/// # use programs::program::enumerate;
/// let mut programs = enumerate("2x2".parse().unwrap(), false);
/// assert_eq!(programs.next().unwrap().to_string(), "unused: alloc alloc | alloc alloc");
/// assert_eq!(programs.count(), 1_504);
/// ```
pub fn enumerate(bound: Bound, with_count: bool) -> impl Iterator<Item = Program> {
    enumerate_with(bound, OpName::campaign_ops(with_count))
}

/// Like [`enumerate`], of these operations, which are in the order of
/// [`OpName::ALL`].
///
/// # Panics
///
/// If a thread may come to hold something to which none of them applies.
pub fn enumerate_with(bound: Bound, ops: &'static [OpName]) -> impl Iterator<Item = Program> {
    StartKind::ALL.into_iter().flat_map(move |kind| {
        let start = Start { kind, forgotten: 0 };
        let enumeration = Enumeration {
            start,
            bound,
            slots: 1,
            ops,
        };
        enumeration.programs()
    })
}

/// Like [`enumerate`], of programs that name each of so many slots: with two, the
/// canonical ones that name slot 0 and slot 1.
///
/// ```
/// # use programs::program::enumerate_on;
/// let mut programs = enumerate_on("2x2".parse().unwrap(), 2, false);
/// assert_eq!(programs.next().unwrap().to_string(), "unused: alloc alloc | alloc alloc@1");
/// ```
///
/// # Panics
///
/// Without slots, or with more than the text form has.
pub fn enumerate_on(bound: Bound, slots: usize, with_count: bool) -> impl Iterator<Item = Program> {
    assert!((1..=MAX_SLOTS).contains(&slots), "no slot, or too many");
    let ops = OpName::campaign_ops(with_count);
    StartKind::ALL.into_iter().flat_map(move |kind| {
        let start = Start { kind, forgotten: 0 };
        let enumeration = Enumeration {
            start,
            bound,
            slots,
            ops,
        };
        // Threads are in ascending order already; which names slots have is not.
        enumeration
            .programs()
            .filter(move |program| names_each(program, slots) && program.is_canonical())
    })
}

/// How many programs [`enumerate_on`] goes through to find those of so many slots:
/// with one slot, how many there are. `u128::MAX` stands for that many and more.
/// Nothing is enumerated.
///
/// ```
/// # use programs::program::size;
/// assert_eq!(size("2x2".parse().unwrap(), 1, false), 1_505);
/// assert!(size("5x9".parse().unwrap(), 1, false) > 1 << 90);
/// ```
pub fn size(bound: Bound, slots: usize, with_count: bool) -> u128 {
    let ops = OpName::campaign_ops(with_count);
    let of_start = |kind| {
        let start = Start { kind, forgotten: 0 };
        // Threads that hold the same are interchangeable: combinations of their
        // sequences, with repetition.
        let holdings: Vec<_> = (0..bound.threads).map(|t| start.holding(t)).collect();
        holdings
            .chunk_by(|a, b| a == b)
            .map(|run| combinations(sequences(bound.ops, run[0], slots, ops), run.len()))
            .fold(1, u128::saturating_mul)
    };
    StartKind::ALL
        .map(of_start)
        .into_iter()
        .fold(0, u128::saturating_add)
}

/// How many sequences of so many operations a thread can have that holds this of
/// the first slot. Beyond what anybody explores, a number below it.
fn sequences(len: usize, holding: Holding, slots: usize, ops: &[OpName]) -> u128 {
    const FAR_TOO_MANY: u128 = 1 << 40;
    // What is held of the first slot and, in any order, of the others.
    let mut states = BTreeMap::new();
    let others = vec![PossibleHoldings::from(Holding::Empty); slots - 1];
    states.insert((PossibleHoldings::from(holding), others), 1u128);
    for _ in 0..len {
        let mut next = BTreeMap::new();
        for ((first, others), n) in states {
            for &op in ops {
                let mut add = |state| {
                    let sum: &mut u128 = next.entry(state).or_default();
                    *sum = sum.saturating_add(n);
                };
                if first.allow(op) {
                    add((first.after(op), others.clone()));
                }
                for slot in (0..others.len()).filter(|slot| others[*slot].allow(op)) {
                    let mut others = others.clone();
                    others[slot] = others[slot].after(op);
                    others.sort_unstable();
                    add((first, others));
                }
            }
        }
        states = next;
        if slots > 1 && states.values().sum::<u128>() > FAR_TOO_MANY {
            break;
        }
    }
    states.into_values().fold(0, u128::saturating_add)
}

/// In how many ways `k` of `n` can be chosen, any of them several times.
fn combinations(n: u128, k: usize) -> u128 {
    let step = |ways: u128, i: u128| Some(ways.checked_mul(n.checked_add(i)?)? / (i + 1));
    (0..k as u128).try_fold(1, step).unwrap_or(u128::MAX)
}

fn names_each(program: &Program, slots: usize) -> bool {
    (0..slots).all(|slot| {
        let mut ops = program.threads.iter().flatten();
        ops.any(|op| op.slot == slot)
    })
}

/// The programs of one start state, in lexicographic order.
struct Enumeration {
    start: Start,
    bound: Bound,
    /// Operations are on these slots.
    slots: usize,
    ops: &'static [OpName],
}

impl Enumeration {
    fn programs(self) -> impl Iterator<Item = Program> {
        std::iter::successors(Some(self.first()), move |program| self.next(program))
    }

    fn first(&self) -> Program {
        let mut program = Program {
            start: self.start,
            threads: Vec::new(),
        };
        self.fill(&mut program.threads);
        program
    }

    fn next(&self, program: &Program) -> Option<Program> {
        let mut threads = program.threads.clone();
        while let Some(mut thread) = threads.pop() {
            if self.advance(&mut thread, self.start.holding(threads.len())) {
                threads.push(thread);
                self.fill(&mut threads);
                return Some(Program {
                    start: self.start,
                    threads,
                });
            }
        }
        None
    }

    /// Adds the least threads that may follow the ones that are there.
    fn fill(&self, threads: &mut Vec<Vec<Op>>) {
        while threads.len() < self.bound.threads {
            let holding = self.start.holding(threads.len());
            // Interchangeable threads are counted once: in ascending order.
            let last = threads.len().checked_sub(1);
            let same = last.filter(|last| self.start.holding(*last) == holding);
            let thread = same.map_or_else(
                || {
                    let mut thread = Vec::new();
                    self.extend(&mut thread, self.at_start(holding));
                    thread
                },
                |last| threads[last].clone(),
            );
            threads.push(thread);
        }
    }

    /// Turns the thread into the next one; false after the last.
    fn advance(&self, thread: &mut Vec<Op>, holding: Holding) -> bool {
        while let Some(last) = thread.pop() {
            let mut held = self.at_start(holding);
            for op in &*thread {
                held[op.slot] = held[op.slot].after(op.name);
            }
            let larger = self.applicable(&held).find(|op| *op > last);
            if let Some(op) = larger {
                thread.push(op);
                held[op.slot] = held[op.slot].after(op.name);
                self.extend(thread, held);
                return true;
            }
        }
        false
    }

    /// Adds the least operations that may follow.
    fn extend(&self, thread: &mut Vec<Op>, mut held: Vec<PossibleHoldings>) {
        while thread.len() < self.bound.ops {
            let op = self.applicable(&held).next();
            let op = op.expect("every holding allows some operation");
            thread.push(op);
            held[op.slot] = held[op.slot].after(op.name);
        }
    }

    /// What a thread holds of each slot that holds this of the first one.
    fn at_start(&self, holding: Holding) -> Vec<PossibleHoldings> {
        let mut held = vec![Holding::Empty.into(); self.slots];
        held[0] = holding.into();
        held
    }

    /// The operations that may apply, in ascending order.
    fn applicable(&self, held: &[PossibleHoldings]) -> impl Iterator<Item = Op> {
        self.ops.iter().flat_map(move |&name| {
            let slots = held.iter().enumerate();
            slots
                .filter(move |(_, held)| held.allow(name))
                .map(move |(slot, _)| Op { name, slot })
        })
    }
}

impl Bound {
    /// The most operations of a thread: far more than can be explored.
    pub const MAX_OPS: usize = 16;
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}x{}", self.threads, self.ops))
    }
}

impl FromStr for Bound {
    type Err = ParseError;

    fn from_str(input: &str) -> Result<Self, ParseError> {
        let text = input.trim();
        let start = input.len() - input.trim_start().len();
        let error = |message: String| {
            ParseError::new(input, start..start + text.len(), message)
                .with_hint("a bound is THREADSxOPS, such as `2x2`")
        };
        let limited = |number: &str, what, min, max| {
            if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(error(format!("{} is not a bound", quoted(text))));
            }
            let parsed = number.parse().ok().filter(|n| (min..=max).contains(n));
            parsed.ok_or_else(|| error(format!("{what} must be {min} to {max}")))
        };
        let (threads, ops) = text.split_once('x').unwrap_or_default();
        Ok(Self {
            threads: limited(threads, "threads", 2, MAX_THREADS)?,
            ops: limited(ops, "operations", 1, Self::MAX_OPS)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn count(bound: &str, with_count: bool) -> usize {
        let bound = bound.parse().unwrap_or_else(|error| panic!("{error}"));
        enumerate(bound, with_count).count()
    }

    #[test]
    fn the_programs_of_each_bound_are_those_that_were_measured() {
        assert_eq!(count("2x2", false), 1_505);
        assert_eq!(count("3x1", false), 100);
        assert_eq!(count("2x3", false), 64_960);
        assert_eq!(count("3x2", false), 18_929);
    }

    #[test]
    fn the_size_is_known_beforehand() {
        for (bound, with_count) in [
            ("2x1", false),
            ("2x1", true),
            ("2x2", false),
            ("2x2", true),
            ("2x3", false),
        ] {
            assert_eq!(
                size(bound.parse().unwrap(), 1, with_count),
                count(bound, with_count) as u128
            );
        }
        for bound in ["3x1", "4x1", "3x2", "8x1"] {
            assert_eq!(
                size(bound.parse().unwrap(), 1, false),
                count(bound, false) as u128
            );
        }
        for (bound, slots) in [("2x1", 2), ("2x2", 2), ("3x1", 3)] {
            let bound: Bound = bound.parse().unwrap();
            let listed = enumerate_on(bound, slots, false).count() as u128;
            assert!((listed..listed * 20).contains(&size(bound, slots, false)));
        }
        assert_eq!(size("16x16".parse().unwrap(), 1, true), u128::MAX);
        assert!(size("16x16".parse().unwrap(), MAX_SLOTS, true) > 1 << 100);
    }

    #[test]
    fn the_programs_with_count_are_more() {
        assert_eq!(count("2x1", true), 54);
        assert_eq!(count("2x2", true), 2_051);
    }

    #[test]
    fn the_programs_with_mailboxes_are_those_of_all_operations() {
        let bound = Bound { threads: 2, ops: 2 };
        let (with, without): (Vec<_>, Vec<_>) =
            enumerate_with(bound, &OpName::ALL).partition(Program::uses_mailboxes);
        assert_eq!(with.len(), 3_760);
        assert!(without.into_iter().eq(enumerate(bound, true)));
    }

    /// The canonical forms of all programs, put together without regard to names.
    fn canonical_forms(bound: Bound, slots: usize) -> BTreeSet<Program> {
        let ops: Vec<_> = OpName::campaign_ops(false)
            .iter()
            .flat_map(|&name| (0..slots).map(move |slot| Op { name, slot }))
            .collect();
        let sequences = |length| {
            (0..length).fold(vec![Vec::new()], |all: Vec<Vec<Op>>, _| {
                all.iter()
                    .flat_map(|ops_so_far| ops.iter().map(|op| [&ops_so_far[..], &[*op]].concat()))
                    .collect()
            })
        };
        let threads = sequences(bound.ops);
        let mut forms = BTreeSet::new();
        for kind in StartKind::ALL {
            let start = Start { kind, forgotten: 0 };
            let of_thread = |thread| {
                let applies = |ops: &&Vec<Op>| {
                    let mut held = vec![PossibleHoldings::from(Holding::Empty); slots];
                    held[0] = start.holding(thread).into();
                    ops.iter().all(|op| {
                        let allowed = held[op.slot].allow(op.name);
                        held[op.slot] = held[op.slot].after(op.name);
                        allowed
                    })
                };
                threads.iter().filter(applies).cloned().collect::<Vec<_>>()
            };
            let mut programs = vec![Vec::new()];
            for thread in 0..bound.threads {
                let next = of_thread(thread);
                programs = programs
                    .iter()
                    .flat_map(|threads: &Vec<Vec<Op>>| {
                        next.iter()
                            .map(|next| [&threads[..], std::slice::from_ref(next)].concat())
                    })
                    .collect();
            }
            for threads in programs {
                let program = Program { start, threads };
                let named: BTreeSet<_> =
                    program.threads.iter().flatten().map(|op| op.slot).collect();
                if named.len() == slots {
                    forms.insert(program.canonical());
                }
            }
        }
        forms
    }

    #[test]
    fn the_programs_of_several_slots_are_all_canonical_ones() {
        for (bound, slots) in [("2x1", 2), ("2x2", 2), ("3x1", 2), ("3x1", 3)] {
            let bound: Bound = bound.parse().unwrap();
            let listed: Vec<_> = enumerate_on(bound, slots, false).collect();
            assert!(listed.is_sorted());
            let forms = canonical_forms(bound, slots);
            assert!(listed.iter().eq(&forms), "{bound} on {slots} slots");
        }
    }

    #[test]
    fn the_programs_of_two_slots_are_counted() {
        let count = |bound: &str| enumerate_on(bound.parse().unwrap(), 2, false).count();
        assert_eq!(["2x1", "2x2", "3x1"].map(count), [66, 10_090, 378]);
    }

    #[test]
    fn the_programs_of_one_slot_are_those_of_a_campaign() {
        let bound = "2x2".parse().unwrap();
        assert!(enumerate_on(bound, 1, true).eq(enumerate(bound, true)));
    }

    #[test]
    fn a_large_bound_begins_at_once() {
        let bound = "16x16".parse().unwrap();
        assert_eq!(enumerate(bound, true).take(1_000).count(), 1_000);
    }

    #[test]
    fn a_bound_is_two_numbers() {
        let bound: Bound = " 2x3 ".parse().unwrap();
        assert_eq!((bound.threads, bound.ops), (2, 3));
        assert_eq!(bound.to_string(), "2x3");

        let shown = |line: &str| line.parse::<Bound>().unwrap_err().to_string();
        assert_eq!(
            shown(" 2*2"),
            "\
`2*2` is not a bound
   2*2
   ^^^
hint: a bound is THREADSxOPS, such as `2x2`"
        );
        assert_eq!(
            shown("17x2"),
            "\
threads must be 2 to 16
  17x2
  ^^^^
hint: a bound is THREADSxOPS, such as `2x2`"
        );
        for line in [
            "", "x", "2", "2x", "x2", "2x2x2", "+2x2", "2x0", "1x2", "2x2 2x2",
        ] {
            assert!(line.parse::<Bound>().is_err(), "{line}");
        }
    }
}
