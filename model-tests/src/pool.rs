//! Many jobs on several workers.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread;

use crate::interrupt;
use crate::worker::Worker;
use pipe::{EngineName, Exploration, Job};

/// How many jobs a worker gets that take so many seconds each: those of a part of a
/// second, so that it need not wait for each, and others have as much to do.
fn ahead(seconds: f64) -> usize {
    (0.02 / seconds.max(0.001)).max(1.0) as usize
}

/// Workers of one engine, or of several.
#[derive(Debug)]
pub struct Pool {
    /// Of each engine one, that work in turn.
    workers: Vec<Vec<Worker>>,
}

impl Pool {
    /// A pool of this many workers, which start with their first jobs.
    pub fn new(engine: EngineName, program: &Path, workers: usize) -> Self {
        Pool::of(&[(engine, program)], workers)
    }

    /// The same for jobs of several engines.
    pub fn of(engines: &[(EngineName, &Path)], workers: usize) -> Self {
        let each = |_| {
            let of_each = engines.iter();
            of_each.map(|(engine, program)| Worker::new(*engine, program))
        };
        Pool {
            workers: (0..workers.max(1)).map(|n| each(n).collect()).collect(),
        }
    }

    /// As many workers as this machine runs at once.
    pub fn default_size() -> usize {
        thread::available_parallelism().map_or(1, usize::from)
    }

    /// How many workers there are.
    pub fn size(&self) -> usize {
        self.workers.len()
    }

    /// The most [memory](Worker::peak_memory) of one of them.
    pub fn peak_memory(&self) -> Option<u64> {
        let workers = self.workers.iter().flatten();
        workers.filter_map(Worker::peak_memory).max()
    }

    /// Explores jobs until they run out, an interrupt is requested, or `take`
    /// breaks; jobs under way are finished then and still taken. Answers come
    /// in any order, each with its tag.
    ///
    /// # Errors
    ///
    /// If a worker refuses a job or cannot be started, or there is none of its engine.
    pub fn run<T: Send>(
        &mut self,
        jobs: impl Iterator<Item = (T, Job)> + Send,
        mut take: impl FnMut(T, &Job, Exploration) -> ControlFlow<()>,
    ) -> Result<(), String> {
        let jobs = Mutex::new(jobs);
        let stop = AtomicBool::new(false);
        let mut refused = None;
        thread::scope(|scope| {
            let (to_answers, answers) = mpsc::channel();
            for workers in &mut self.workers {
                let (jobs, stop, to_answers) = (&jobs, &stop, to_answers.clone());
                scope.spawn(move || {
                    let mut asked = VecDeque::new();
                    let mut most = 1;
                    while !interrupt::requested() {
                        // ORDERING: Relaxed: a flag that is looked at again.
                        if asked.len() <= most / 2 && !stop.load(Ordering::Relaxed) {
                            let mut jobs = jobs.lock().unwrap_or_else(|e| e.into_inner());
                            asked.extend(jobs.by_ref().take(most - asked.len()));
                        }
                        let Some((_, job)) = asked.front() else {
                            return;
                        };
                        let engine = job.engine();
                        let own = asked.iter().map(|(_, job): &(T, Job)| job);
                        let own = own.take_while(|job| job.engine() == engine);
                        let answer = match workers.iter_mut().find(|w| w.engine() == engine) {
                            Some(worker) => worker.explore_first(own, &mut |_| ()),
                            None => Err(format!("no worker runs {engine}")),
                        };
                        if let Ok(run) = &answer {
                            most = (2 * most).min(ahead(run.seconds));
                        }
                        let (tag, job) = asked.pop_front().expect("it was the first");
                        if to_answers.send((tag, job, answer)).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(to_answers);
            for (tag, job, answer) in answers {
                let go_on = match answer {
                    Ok(run) => take(tag, &job, run).is_continue(),
                    Err(reason) => {
                        refused.get_or_insert(reason);
                        false
                    }
                };
                if !go_on {
                    // ORDERING: Relaxed: as above.
                    stop.store(true, Ordering::Relaxed);
                }
            }
        });
        refused.map_or(Ok(()), Err)
    }
}
