//! Random programs for property tests.
//!
//! A failing program shrinks by losing threads, operations, forgotten handles
//! and held handles, and by using lower slots.

use super::random::Programs;
use super::{Program, StartKind};
use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use std::collections::BTreeSet;

pub use super::random::{program, program_with_mailboxes};

impl Strategy for Programs {
    type Tree = ProgramTree;
    type Value = Program;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        Ok(ProgramTree {
            current: self.draw(runner.rng()),
            before: None,
            next: 0,
            helped: false,
            min_threads: *self.threads.start(),
            min_ops: *self.ops.start(),
        })
    }
}

/// A program that shrinks.
#[derive(Clone, Debug)]
pub struct ProgramTree {
    current: Program,
    /// The program before the last step, in case that went too far.
    before: Option<Program>,
    /// Steps before this one were tried since the last restart.
    next: usize,
    /// Whether a step helped since the last restart.
    helped: bool,
    min_threads: usize,
    min_ops: usize,
}

/// One way to make a program simpler. Each makes it smaller in a well-founded
/// order, so shrinking ends.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Remove a thread.
    Thread(usize),
    /// Remove an operation of a thread.
    Op(usize, usize),
    /// Forget fewer handles.
    Forgotten(u64),
    /// Start with fewer handles.
    Kind(StartKind),
    /// Use a lower slot instead of one, everywhere.
    Rename(usize, usize),
    /// Use a lower slot in one operation of a thread.
    Slot(usize, usize, usize),
}

impl Step {
    fn apply(self, program: &mut Program) {
        match self {
            Self::Thread(thread) => {
                program.threads.remove(thread);
            }
            Self::Op(thread, op) => {
                program.threads[thread].remove(op);
            }
            Self::Forgotten(forgotten) => program.start.forgotten = forgotten,
            Self::Kind(kind) => program.start.kind = kind,
            Self::Rename(from, to) => {
                let ops = program.threads.iter_mut().flatten();
                ops.filter(|op| op.slot == from).for_each(|op| op.slot = to);
            }
            Self::Slot(thread, op, slot) => program.threads[thread][op].slot = slot,
        }
    }
}

impl ProgramTree {
    /// Every step there is, the largest first.
    fn steps(&self) -> Vec<Step> {
        let Program { start, threads } = &self.current;
        let mut steps = Vec::new();

        let needed = match start.kind {
            StartKind::SharedTwice => self.min_threads.max(2),
            _ => self.min_threads,
        };
        if threads.len() > needed {
            steps.extend((0..threads.len()).rev().map(Step::Thread));
        }
        for (thread, ops) in threads.iter().enumerate().rev() {
            if ops.len() > self.min_ops {
                steps.extend((0..ops.len()).rev().map(|op| Step::Op(thread, op)));
            }
        }
        let fewer = [0, start.forgotten / 2, start.forgotten.saturating_sub(1)];
        let fewer = fewer.into_iter().filter(|n| *n < start.forgotten);
        steps.extend(fewer.map(Step::Forgotten));
        // A start that is not shared has nothing forgotten.
        let simpler = |kind: &StartKind| {
            *kind < start.kind
                && (kind.is_shared() || start.forgotten == 0)
                && (*kind != StartKind::SharedTwice || threads.len() > 1)
        };
        steps.extend(StartKind::ALL.into_iter().filter(simpler).map(Step::Kind));

        let used: BTreeSet<usize> = threads.iter().flatten().map(|op| op.slot).collect();
        for &slot in &used {
            steps.extend((0..slot).map(|lower| Step::Rename(slot, lower)));
        }
        for (thread, ops) in threads.iter().enumerate() {
            for (index, op) in ops.iter().enumerate() {
                steps.extend((0..op.slot).map(|slot| Step::Slot(thread, index, slot)));
            }
        }
        steps
    }

    /// Takes the next step, if there is one.
    fn step(&mut self) -> bool {
        let mut steps = self.steps();
        if self.next >= steps.len() && self.helped {
            // A step that did not help earlier may help now.
            self.next = 0;
            self.helped = false;
        }
        if self.next >= steps.len() {
            return false;
        }
        self.before = Some(self.current.clone());
        steps.swap_remove(self.next).apply(&mut self.current);
        true
    }
}

impl ValueTree for ProgramTree {
    type Value = Program;

    fn current(&self) -> Program {
        self.current.clone()
    }

    fn simplify(&mut self) -> bool {
        // The program still fails: the last step, if there was one, helped.
        self.helped |= self.before.take().is_some();
        self.step()
    }

    fn complicate(&mut self) -> bool {
        let Some(before) = self.before.take() else {
            return false;
        };
        self.current = before;
        self.next += 1;
        // The program before is known to fail, so the next step can follow at
        // once. When there is none, that program itself is the answer.
        self.step();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Holding, Op, OpName, PossibleHoldings};
    use super::*;

    /// What the first failing program shrinks to.
    fn shrunk(strategy: &Programs, fails: impl Fn(&Program) -> bool) -> Program {
        let mut runner = TestRunner::deterministic();
        let mut tree = loop {
            let tree = strategy.new_tree(&mut runner).unwrap();
            if fails(&tree.current()) {
                break tree;
            }
        };
        let mut going = tree.simplify();
        while going {
            going = if fails(&tree.current()) {
                tree.simplify()
            } else {
                tree.complicate()
            };
        }
        assert!(fails(&tree.current()), "the answer fails");
        tree.current()
    }

    #[test]
    fn only_what_the_failure_needs_remains() {
        let strategy = program(2..=5, 1..=8, 4, 100);
        let two_resets = |program: &Program| {
            let with = |ops: &&Vec<Op>| ops.iter().any(|op| op.name == OpName::Reset);
            program.threads.iter().filter(with).count() == 2
        };
        let answer = shrunk(&strategy, two_resets);
        assert_eq!(answer.to_string(), "unused: reset | reset");

        let forgotten = |program: &Program| program.start.forgotten >= 37 && program.slots() > 1;
        let answer = shrunk(&strategy, forgotten);
        assert_eq!(answer.start.to_string(), "shared+37");
        assert_eq!((answer.threads.len(), answer.slots()), (2, 2));

        let third = |program: &Program| {
            program.start.kind == StartKind::SharedTwice && program.threads.len() > 2
        };
        let answer = shrunk(&strategy, third);
        assert_eq!(
            answer.threads.iter().map(Vec::len).collect::<Vec<_>>(),
            [1; 3]
        );
    }

    #[test]
    fn most_operations_can_apply() {
        let strategy = program(2..=3, 1..=6, 2, 4);
        let mut runner = TestRunner::deterministic();
        let (mut fitting, mut all) = (0, 0);
        for _ in 0..500 {
            let program = strategy.new_tree(&mut runner).unwrap().current();
            for (thread, ops) in program.threads.iter().enumerate() {
                for slot in 0..program.slots() {
                    let start = if slot == 0 {
                        program.start.holding(thread)
                    } else {
                        Holding::Empty
                    };
                    let mut held = PossibleHoldings::from(start);
                    for op in ops.iter().filter(|op| op.slot == slot) {
                        fitting += usize::from(held.allow(op.name));
                        all += 1;
                        held = held.after(op.name);
                    }
                }
            }
        }
        assert!(fitting * 10 > all * 9, "{fitting} of {all}");
        assert!(fitting < all, "operations that are always skipped occur");
    }

    #[test]
    fn handles_move_between_threads_only_where_asked_for() {
        let used = |strategy: Programs| {
            let mut runner = TestRunner::deterministic();
            let mut used = BTreeSet::new();
            for _ in 0..200 {
                let program = strategy.new_tree(&mut runner).unwrap().current();
                used.extend(program.threads.iter().flatten().map(|op| op.name));
            }
            used
        };
        let without = used(program(2..=3, 1..=6, 2, 4));
        assert!(without.iter().eq(OpName::campaign_ops(true)));
        let with = used(program_with_mailboxes(2..=3, 1..=6, 2, 4));
        assert!(with.into_iter().eq(OpName::ALL));
    }

    #[test]
    fn one_thread_is_possible() {
        let strategy = program(1..=1, 20..=20, 3, 0);
        let writes = |program: &Program| {
            let mut ops = program.threads.iter().flatten();
            ops.any(|op| op.name == OpName::Write)
        };
        let line = shrunk(&strategy, writes).to_string();
        assert!(line.starts_with("unused: "), "{line}");
        assert!(!line.contains('@') && !line.contains('|'), "{line}");
    }

    #[test]
    fn one_thread_begins_in_each_way_but_that_of_two() {
        let mut runner = TestRunner::deterministic();
        let begins = |_| program(1..=1, 1..=1, 1, 0).draw(runner.rng()).start.kind;
        let begins: BTreeSet<_> = (0..100).map(begins).collect();
        let alone = StartKind::ALL.map(|kind| (kind != StartKind::SharedTwice).then_some(kind));
        assert!(begins.into_iter().eq(alone.into_iter().flatten()));
    }
}
