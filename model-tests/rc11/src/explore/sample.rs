//! Executions drawn at random, of what is too large to explore.

use std::fmt;
use std::ops::Range;

use super::pool::Pool;
use super::{Builder, Execution, Exploration, Flow, Model, Program, Report};
use crate::graph::Graph;

/// The name of an execution that was drawn: with it alone it is drawn again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Sample {
    /// The seed of all.
    pub seed: u64,
    /// Its number, counted from 0.
    pub number: u64,
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sample {} of seed {}", self.number, self.seed)
    }
}

impl Sample {
    /// Where its draws come from: not from those of the samples before.
    pub(super) fn draws(self) -> fastrand::Rng {
        let of_seed = fastrand::Rng::with_seed(self.seed).u64(..);
        let of_number = fastrand::Rng::with_seed(of_seed.wrapping_add(self.number)).u64(..);
        fastrand::Rng::with_seed(of_number)
    }
}

impl Builder {
    /// Draws so many executions of a model: [`sample_program`](Self::sample_program)
    /// tells how.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use rc11::sync::atomic::{AtomicU64, Ordering::Relaxed};
    /// use rc11::{Builder, FailureKind, thread};
    ///
    /// let report = Builder::new().sample(1, 1_000, || {
    ///     let count = Arc::new(AtomicU64::new(0));
    ///     let threads = [(); 20].map(|()| {
    ///         let count = count.clone();
    ///         thread::spawn(move || count.store(count.load(Relaxed) + 1, Relaxed))
    ///     });
    ///     for thread in threads {
    ///         thread.join().unwrap();
    ///     }
    ///     assert_eq!(count.load(Relaxed), 20, "an increment was lost");
    /// });
    /// let failure = report.failure.unwrap();
    /// assert!(matches!(failure.kind, FailureKind::Panic { .. }));
    /// ```
    pub fn sample(&self, seed: u64, executions: u64, model: impl Fn() + Sync) -> Report {
        let look = |_: &Execution<'_>| Flow::GoOn;
        self.sample_program(seed, 0..executions, &Model { run: |_| model(), look })
    }

    /// Draws executions of a program: those of a seed, with these numbers. It ends
    /// with the first failure, and each limit of the builder.
    ///
    /// The memory model is that of the exploration. At each step any thread makes
    /// its next event that can go on; a read reads from any write, and a write
    /// stands in any place, that the model allows. Every execution graph that an
    /// exploration shows has a chance, since its events have an order in which
    /// each comes after those that it depends on. Chances are not equal: what has
    /// many such orders is drawn more often.
    ///
    /// A thread at a spin hint, or at its second yield in a loop, goes on
    ///
    /// - when it may read another value than it read in this round of its loop,
    /// - after an exchange that failed, or when nobody else can go on, if this round
    ///   is none that it went before.
    ///
    /// So almost no sample is blocked. Its graph has events that the exploration does
    /// not show, where other executions stand for it. A loop that changes something
    /// in each round, and waits for ever, is no deadlock here, but cut off by
    /// [`max_events`](Self::max_events).
    ///
    /// An execution is drawn by its seed and number alone, whatever was drawn
    /// before.
    pub fn sample_program(&self, seed: u64, numbers: Range<u64>, program: &dyn Program) -> Report {
        let pool = Pool::new(self, 1, Vec::new());
        let mut exploration = Exploration::new(self, program, &pool);
        let start = Graph::start(program.threads());
        let mut flow = Flow::GoOn;
        let mut number = numbers.start;
        while number < numbers.end && flow == Flow::GoOn && !exploration.is_over(1) {
            let sample = Sample { seed, number };
            flow = exploration.go_forward(&start, Some(sample));
            if let Some(failure) = &mut exploration.state().failure {
                failure.sample = Some(sample);
            }
            number += 1;
        }
        let mut report = exploration.report(flow);
        report.cut_off |= report.failure.is_none() && number < numbers.end;
        report.sampled = Some(number - numbers.start);
        report
    }
}
