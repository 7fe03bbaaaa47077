//! An exploration on several OS threads.

use std::thread;

use super::pool::Pool;
use super::{Builder, Exploration, Program, Report, refuse};
use crate::graph::Graph;

impl Builder {
    /// Explores a program on so many OS threads. The report is that of an
    /// exploration on one, whatever the order; a failure stops all, and if there
    /// are several, any may come first.
    ///
    /// All threads of one execution run on one OS thread, and another execution
    /// runs on another one at the same time. The program is shared: what its
    /// executions change must be made anew in each, or kept for each OS thread
    /// (`thread_local!`), or be safe to share, like a count of outcomes.
    ///
    /// A graph is replayed on any OS thread. Values in atomics must not depend on
    /// which: pointers to what an execution allocates do, if not from an
    /// [`Allocator`](crate::alloc::Allocator).
    ///
    /// Each OS thread but one may make 64 executions more than
    /// [`max_executions`](Self::max_executions).
    ///
    /// # Panics
    ///
    /// If `threads` is 0, or the program panics outside of its threads.
    pub fn explore_parallel(&self, program: &(dyn Program + Sync), threads: usize) -> Report {
        self.go_on_parallel(vec![Graph::start(program.threads())], program, threads)
    }

    /// Explores on so many OS threads what another exploration has
    /// [left](Report::left). [`go_on_from`](Self::go_on_from) and
    /// [`explore_parallel`](Self::explore_parallel) state the conditions.
    ///
    /// # Panics
    ///
    /// As `explore_parallel`.
    pub fn go_on_parallel(
        &self,
        left: Vec<Graph>,
        program: &(dyn Program + Sync),
        threads: usize,
    ) -> Report {
        assert!(threads > 0, "somebody has to explore");
        if let Some(report) = refuse(&left, program) {
            return report;
        }
        let pool = Pool::new(self, threads, left);
        let reports: Vec<_> = thread::scope(|scope| {
            let pool = &pool;
            let explore = || {
                let _stop = StopOnPanic(pool);
                Exploration::new(self, program, pool).run()
            };
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(explore)).collect();
            let reports = workers.into_iter().map(|worker| match worker.join() {
                Ok(report) => report,
                Err(payload) => std::panic::resume_unwind(payload),
            });
            reports.collect()
        });
        let mut report = Report::default();
        for other in reports {
            report.add(other);
        }
        pool.finish(&mut report);
        report
    }
}

impl Report {
    /// Adds what another part of the same exploration, or of the same samples, saw.
    /// Of two failures the first is kept.
    pub fn add(&mut self, other: Report) {
        self.complete += other.complete;
        self.blocked += other.blocked;
        self.failure = self.failure.take().or(other.failure);
        self.cut_off |= other.cut_off;
        self.left.extend(other.left);
        if let Some(sampled) = other.sampled {
            *self.sampled.get_or_insert(0) += sampled;
        }
    }
}

/// Lets the others end when one panics.
struct StopOnPanic<'a>(&'a Pool<'a>);

impl Drop for StopOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.stop();
        }
    }
}
