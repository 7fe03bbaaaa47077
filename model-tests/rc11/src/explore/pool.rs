//! What the OS threads of one exploration share: graphs that anyone may take, the
//! counts, and the end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::{Builder, Flow, Progress, Report};
use crate::graph::Graph;
use crate::work::Work;

/// What they share.
pub(super) struct Pool<'a> {
    builder: &'a Builder,
    workers: usize,
    began: Instant,
    shared: Mutex<Shared>,
    /// There are graphs, or all is over.
    news: Condvar,
    /// Whether a worker waits for graphs.
    hungry: AtomicBool,
    stopped: AtomicBool,
}

struct Shared {
    graphs: Vec<Graph>,
    /// Workers that have nothing to do. When all have, all is done.
    idle: usize,
    complete: u64,
    blocked: u64,
    /// Graphs that workers have for themselves.
    taken: usize,
    /// When the progress was looked at last.
    looked: Instant,
}

/// What a worker has reported to the others.
#[derive(Debug, Default)]
pub(super) struct Books {
    complete: u64,
    blocked: u64,
    left: usize,
    /// The executions of all workers, as far as they were reported then.
    pub(super) all: u64,
}

impl Books {
    /// Its own executions.
    pub(super) fn own(&self) -> u64 {
        self.complete + self.blocked
    }
}

impl<'a> Pool<'a> {
    pub(super) fn new(builder: &'a Builder, workers: usize, graphs: Vec<Graph>) -> Self {
        let began = Instant::now();
        Pool {
            builder,
            workers,
            began,
            shared: Mutex::new(Shared {
                graphs,
                idle: 0,
                complete: 0,
                blocked: 0,
                taken: 0,
                looked: began,
            }),
            news: Condvar::new(),
            hungry: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
        }
    }

    /// A panic of a worker leaves nothing half done in here.
    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The graph to go on with, of the worker's own or of the pool. `None` when
    /// nobody has any, or the exploration is stopped.
    pub(super) fn next(&self, own: &mut Work) -> Option<Box<Graph>> {
        // ORDERING: Relaxed, a hint: the graphs are under the lock.
        if self.hungry.load(Ordering::Relaxed) && own.len() > 1 {
            self.share(own);
        }
        own.next().or_else(|| self.take(own))
    }

    /// Gives the older half away, to those that wait.
    fn share(&self, own: &mut Work) {
        let mut shared = self.lock();
        shared.graphs.extend(own.give_away().map(|graph| *graph));
        // ORDERING: Relaxed, as above.
        self.hungry.store(false, Ordering::Relaxed);
        self.news.notify_all();
    }

    /// Takes a fair share of the newest graphs there are.
    fn take(&self, own: &mut Work) -> Option<Box<Graph>> {
        let mut shared = self.lock();
        shared.idle += 1;
        while shared.graphs.is_empty() && !self.is_stopped() {
            if shared.idle == self.workers {
                self.stop_locked(&shared);
                return None;
            }
            // ORDERING: Relaxed, as in `next`.
            self.hungry.store(true, Ordering::Relaxed);
            shared = self
                .news
                .wait(shared)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if self.is_stopped() {
            return None;
        }
        shared.idle -= 1;
        let all = shared.graphs.len();
        let share = all.div_ceil(self.workers);
        for graph in shared.graphs.drain(all - share..) {
            own.add(Box::new(graph));
        }
        own.next()
    }

    /// Ends the exploration.
    pub(super) fn stop(&self) {
        self.stop_locked(&self.lock());
    }

    /// Under the lock, lest a worker misses it that is about to wait.
    fn stop_locked(&self, _shared: &Shared) {
        // ORDERING: Relaxed, no partner: nothing else is learnt from it.
        self.stopped.store(true, Ordering::Relaxed);
        self.news.notify_all();
    }

    pub(super) fn is_stopped(&self) -> bool {
        // ORDERING: Relaxed, as above.
        self.stopped.load(Ordering::Relaxed)
    }

    /// A worker reports what it has seen. Looks at the limit of time, and shows the
    /// progress.
    pub(super) fn book(&self, books: &mut Books, complete: u64, blocked: u64, left: usize) {
        let elapsed = self.began.elapsed();
        let progress = {
            let mut shared = self.lock();
            shared.complete += complete - books.complete;
            shared.blocked += blocked - books.blocked;
            shared.taken = shared.taken + left - books.left;
            *books = Books {
                complete,
                blocked,
                left,
                all: shared.complete + shared.blocked,
            };
            let observer = self.builder.observer.as_ref();
            let shows = observer.filter(|observer| shared.looked.elapsed() >= observer.interval);
            shows.map(|observer| {
                shared.looked = Instant::now();
                let progress = Progress {
                    complete: shared.complete,
                    blocked: shared.blocked,
                    left: shared.taken + shared.graphs.len(),
                    elapsed,
                };
                (observer, progress)
            })
        };
        let stops =
            progress.is_some_and(|(observer, progress)| (observer.look)(&progress) == Flow::Stop);
        let is_late = self
            .builder
            .max_duration
            .is_some_and(|most| elapsed >= most);
        if stops || is_late {
            self.stop();
        }
    }

    /// Adds what nobody took to what is left.
    pub(super) fn finish(self, report: &mut Report) {
        let shared = self.shared.into_inner();
        let mut left = shared.unwrap_or_else(PoisonError::into_inner).graphs;
        left.append(&mut report.left);
        report.cut_off |= report.failure.is_none() && !left.is_empty();
        report.left = left;
    }
}
