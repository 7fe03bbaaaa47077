//! Many jobs on several workers.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread;

use crate::interrupt;
use crate::worker::Worker;
use pipe::{EngineName, Exploration, Job};

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
                    // ORDERING: Relaxed: a flag that is looked at again.
                    while !stop.load(Ordering::Relaxed) && !interrupt::requested() {
                        let next = jobs.lock().unwrap_or_else(|e| e.into_inner()).next();
                        let Some((tag, job)) = next else { return };
                        let engine = job.engine();
                        let answer = match workers.iter_mut().find(|w| w.engine() == engine) {
                            Some(worker) => worker.explore(&job, &mut |_| ()),
                            None => Err(format!("no worker runs {engine}")),
                        };
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
