//! One form for all programs that differ only in names.
//!
//! Threads that hold the same at the start may swap places, and so may slots
//! that begin unused: neither changes what can happen, only what it is called.
//! Of all the programs that can be reached this way and whose slots are
//! numbered in the order of their first use, the canonical one is the least.

use super::{Op, Program, StartKind};
use std::collections::BTreeMap;
use std::ops::Range;

/// The operations of one thread.
type Thread = Vec<Op>;

impl Program {
    /// The same program in the one form of all programs that differ only in
    /// the order of interchangeable threads and in the numbers of slots that
    /// begin unused.
    #[must_use]
    pub fn canonical(&self) -> Self {
        let runs = self.interchangeable().into_iter();
        let runs = runs.map(|run| self.threads[run].to_vec()).collect();
        Self {
            start: self.start,
            threads: least(Names::new(self.start.kind), runs),
        }
    }

    /// Whether this is the canonical form.
    pub fn is_canonical(&self) -> bool {
        self.canonical() == *self
    }

    /// The runs of threads, counted from 0, that hold the same at the start:
    /// those of one run are interchangeable.
    pub fn interchangeable(&self) -> Vec<Range<usize>> {
        let threads: Vec<usize> = (0..self.threads.len()).collect();
        threads
            .chunk_by(|a, b| self.initial_handles(*a) == self.initial_handles(*b))
            .map(|run| run[0]..run[0] + run.len())
            .collect()
    }
}

/// The least order of the threads of each run, and the least names.
///
/// Thread by thread, the least of those that may come next is taken. Where
/// several are least, under different names, each choice is followed to the
/// end, unless the choice makes no difference.
fn least(mut names: Names, mut runs: Vec<Vec<Thread>>) -> Vec<Thread> {
    let mut ordered = Vec::new();
    while let Some(run) = runs.iter().position(|run| !run.is_empty()) {
        let renamed = |thread: &Thread| names.clone().rename(thread);
        let Some(next) = runs[run].iter().map(renamed).min() else {
            break;
        };
        let tied = (0..runs[run].len()).filter(|i| renamed(&runs[run][*i]) == next);
        let choices = distinct(tied.collect(), run, &runs);
        if let [choice] = choices[..] {
            ordered.push(names.rename(&runs[run].swap_remove(choice)));
            continue;
        }
        let follow = |choice: &usize| {
            let (mut names, mut runs) = (names.clone(), runs.clone());
            let mut ordered = vec![names.rename(&runs[run].swap_remove(*choice))];
            ordered.extend(least(names, runs));
            ordered
        };
        ordered.extend(choices.iter().map(follow).min().unwrap_or_default());
        break;
    }
    ordered
}

/// Those of the tied threads of a run between which the choice may matter.
///
/// It does not where exchanging the slots of the two threads exchanges the
/// threads and leaves the others, as a whole, as they are. That spares the
/// factorial search in the cases that programs are made of.
fn distinct(tied: Vec<usize>, run: usize, runs: &[Vec<Thread>]) -> Vec<usize> {
    let mut distinct: Vec<usize> = Vec::new();
    for choice in tied {
        let same = |kept: &usize| {
            let (a, b) = (&runs[run][*kept], &runs[run][choice]);
            exchange(a, b).is_some_and(|slots| is_symmetric(runs, &slots))
        };
        if !distinct.iter().any(same) {
            distinct.push(choice);
        }
    }
    distinct
}

/// The exchange of slots that turns one of two tied threads into the other and
/// back, if there is one. Slots that have a name keep it: threads that are tied
/// use the same ones, at the same places.
fn exchange(a: &[Op], b: &[Op]) -> Option<BTreeMap<usize, usize>> {
    let mut slots = BTreeMap::new();
    for (a, b) in a.iter().zip(b) {
        for (from, to) in [(a.slot, b.slot), (b.slot, a.slot)] {
            if *slots.entry(from).or_insert(to) != to {
                return None;
            }
        }
    }
    Some(slots)
}

/// Whether the threads of each run are the same after the exchange.
fn is_symmetric(runs: &[Vec<Thread>], slots: &BTreeMap<usize, usize>) -> bool {
    runs.iter().all(|run| {
        let mut before = run.clone();
        let mut after = run.clone();
        for op in after.iter_mut().flatten() {
            op.slot = slots.get(&op.slot).copied().unwrap_or(op.slot);
        }
        before.sort_unstable();
        after.sort_unstable();
        before == after
    })
}

/// The new numbers of slots: the old ones, in the order of the new.
#[derive(Clone)]
struct Names(Vec<usize>);

impl Names {
    fn new(start: StartKind) -> Self {
        // Slot 0 is like the others when it begins unused.
        Self(if start == StartKind::Unused {
            vec![]
        } else {
            vec![0]
        })
    }

    /// The thread under its new names, which are given as they are needed.
    fn rename(&mut self, thread: &[Op]) -> Thread {
        let rename = |op: &Op| Op {
            slot: self.name(op.slot),
            ..*op
        };
        thread.iter().map(rename).collect()
    }

    fn name(&mut self, slot: usize) -> usize {
        let known = self.0.iter().position(|old| *old == slot);
        known.unwrap_or_else(|| {
            self.0.push(slot);
            self.0.len() - 1
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(line: &str) -> String {
        let program: Program = line.parse().unwrap_or_else(|error| panic!("{error}"));
        program.canonical().to_string()
    }

    #[test]
    fn threads_are_sorted_among_those_that_hold_the_same() {
        assert_eq!(canonical("unused: get | alloc"), "unused: alloc | get");
        assert_eq!(
            canonical("shared: read | get | alloc"),
            "shared: read | alloc | get"
        );
        assert_eq!(
            canonical("shared*2+1: read | drop | get | alloc"),
            "shared*2+1: drop | read | alloc | get"
        );
        assert_eq!(
            canonical("unique: write | get | alloc"),
            "unique: write | alloc | get"
        );
    }

    #[test]
    fn slots_that_begin_unused_are_numbered_by_first_use() {
        assert_eq!(
            canonical("shared: read get@7 drop@7 | alloc@3"),
            "shared: read get@1 drop@1 | alloc@2"
        );
        assert_eq!(
            canonical("unused: get@2 | alloc@2 get"),
            "unused: alloc get@1 | get"
        );
    }

    #[test]
    fn slot_0_keeps_its_name_when_it_is_held() {
        assert_eq!(canonical("shared: get@2 | get"), "shared: get@1 | get");
    }

    #[test]
    fn ties_are_followed_to_the_end() {
        // Either of the first two threads may come first; only then is it
        // known which slot the third one uses.
        let least = "unused: alloc drop | alloc@1 read@1 | get";
        for line in [
            "unused: alloc drop | alloc@1 read@1 | get",
            "unused: alloc@1 drop@1 | alloc read | get@1",
            "unused: get@4 | alloc@3 read@3 | alloc@4 drop@4",
        ] {
            assert_eq!(canonical(line), least);
        }
        for line in [
            "unused: alloc@1 | get@2 | get@2 | alloc@2",
            "unused: alloc@2 | alloc@3 | get@2 | get@2",
            "unused: alloc@3 | alloc@2 | get@2 | get@2",
        ] {
            assert_eq!(canonical(line), "unused: alloc | alloc@1 | get | get");
        }
    }

    #[test]
    fn symmetric_programs_take_no_factorial_time() {
        let mut threads: Vec<String> = (0..8).map(|slot| format!("alloc@{slot}")).collect();
        threads.extend((0..8).rev().map(|slot| format!("get@{slot}")));
        let line = format!("unused: {}", threads.join(" | "));
        assert!(canonical(&line).ends_with("get@5 | get@6 | get@7"));
        // More than any computer goes through, unless the ties are seen.
        let threads: Vec<String> = (0..16).rev().map(|slot| format!("alloc@{slot}")).collect();
        let line = format!("unused: {}", threads.join(" | "));
        assert!(canonical(&line).ends_with("alloc@14 | alloc@15"));
    }
}
