//! Random programs.

use super::{
    Holding, MAX_SLOTS, MAX_THREADS, Op, OpName, PossibleHoldings, Program, Start, StartKind,
};
use rand::{Rng, RngExt};
use std::ops::RangeInclusive;

/// How often an operation is picked regardless of what the thread may hold.
const MISFIT: f64 = 0.1;

/// Programs with so many threads, operations in each thread, slots, and
/// forgotten handles at the most.
///
/// Nine operations in ten can apply in some execution, in the sense of
/// [`PossibleHoldings::allow`].
///
/// One thread is possible too, though such a program has no text form.
/// Handles stay with their threads: see [`program_with_mailboxes`].
///
/// # Panics
///
/// When a range is empty or beyond the limits of the text form.
pub fn program(
    threads: RangeInclusive<usize>,
    ops: RangeInclusive<usize>,
    slots: usize,
    max_forgotten: u64,
) -> Programs {
    assert!(!threads.is_empty() && *threads.start() > 0, "no thread");
    assert!(*threads.end() <= MAX_THREADS, "too many threads");
    assert!(!ops.is_empty() && *ops.start() > 0, "no operation");
    assert!((1..=MAX_SLOTS).contains(&slots), "no slot, or too many");
    Programs {
        threads,
        ops,
        slots,
        max_forgotten,
        names: OpName::campaign_ops(true),
    }
}

/// Like [`program`], with `give` and `take` among the operations.
///
/// # Panics
///
/// As [`program`].
pub fn program_with_mailboxes(
    threads: RangeInclusive<usize>,
    ops: RangeInclusive<usize>,
    slots: usize,
    max_forgotten: u64,
) -> Programs {
    Programs {
        names: &OpName::ALL,
        ..program(threads, ops, slots, max_forgotten)
    }
}

/// What [`program`] and [`program_with_mailboxes`] draw from.
#[derive(Clone, Debug)]
pub struct Programs {
    pub(super) threads: RangeInclusive<usize>,
    pub(super) ops: RangeInclusive<usize>,
    slots: usize,
    max_forgotten: u64,
    names: &'static [OpName],
}

impl Programs {
    /// Draws a program.
    pub fn draw(&self, rng: &mut impl Rng) -> Program {
        let count = rng.random_range(self.threads.clone());
        let start = self.start(rng, count);
        let threads = (0..count).map(|thread| self.thread(rng, start, thread));
        Program {
            start,
            threads: threads.collect(),
        }
    }

    fn start(&self, rng: &mut impl Rng, threads: usize) -> Start {
        let twice = |kind: &StartKind| threads > 1 || *kind != StartKind::SharedTwice;
        let kinds: Vec<_> = StartKind::ALL.into_iter().filter(twice).collect();
        let kind = pick(rng, &kinds);
        let forgotten = if kind.is_shared() && rng.random_bool(0.5) {
            rng.random_range(0..=self.max_forgotten)
        } else {
            0
        };
        Start { kind, forgotten }
    }

    fn thread(&self, rng: &mut impl Rng, start: Start, thread: usize) -> Vec<Op> {
        let mut held: Vec<PossibleHoldings> = vec![Holding::Empty.into(); self.slots];
        held[0] = start.holding(thread).into();
        let count = rng.random_range(self.ops.clone());
        let op = |_| {
            let slot = rng.random_range(0..self.slots);
            let misfit = rng.random_bool(MISFIT);
            let fits = |op: &OpName| misfit || held[slot].allow(*op);
            let names: Vec<_> = self.names.iter().copied().filter(fits).collect();
            let name = pick(rng, &names);
            held[slot] = held[slot].after(name);
            Op { name, slot }
        };
        (0..count).map(op).collect()
    }
}

fn pick<T: Copy>(rng: &mut impl Rng, from: &[T]) -> T {
    from[rng.random_range(0..from.len())]
}
