//! Watches the executions of one job: collects outcomes, and ends the
//! exploration at the first that must not be.

use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use meta_core::model;
use pipe::{Exploration, Failure, Job, Limits, Reason, Record, SoFar, Step};

use super::checked::Checked;
use super::judge;
use super::tally::Tally;
use super::{Progress, compiled, coverage, failure};
use crate::interrupt;

/// How often progress is reported.
const REPORT_EVERY: Duration = Duration::from_millis(250);

/// How often the clock is looked at, in executions.
const LOOK_UP_EVERY: u64 = 16;

/// The payload that ends an exploration whose reason is known already.
pub(super) struct Stop;

/// What a watch has to know of how the explorer goes about the job.
#[derive(Clone, Copy, Debug)]
pub(super) struct How {
    /// A spurious failure is injected, and has to come up.
    pub(super) injects: bool,
    /// Executions are drawn, so that it never sees all of them.
    pub(super) samples: bool,
    pub(super) record: Record,
}

/// One job under way.
pub(super) struct Watch<C: Checked> {
    checked: Arc<C>,
    how: How,
    limits: Limits,
    started: Instant,
    progress: Progress,
    state: Mutex<State<C>>,
}

struct State<C: Checked> {
    /// What each thread of the last execution did; its memory is used again.
    done: Vec<C::Done>,
    outcomes: Tally<C::Seen>,
    examples: BTreeMap<String, Vec<Step>>,
    /// Executions begun; a failing one may not come to its end.
    begun: u64,
    executions: u64,
    cut_branches: u64,
    threads_run: u64,
    /// Outcomes that the search could not decide.
    undecided: u64,
    injected: bool,
    steps: u64,
    reported: Duration,
    failure: Option<Failure>,
}

impl<C: Checked> Default for State<C> {
    fn default() -> Self {
        State {
            done: Vec::new(),
            outcomes: Tally::default(),
            examples: BTreeMap::new(),
            begun: 0,
            executions: 0,
            cut_branches: 0,
            threads_run: 0,
            undecided: 0,
            injected: false,
            steps: 0,
            reported: Duration::ZERO,
            failure: None,
        }
    }
}

impl<C: Checked> Watch<C> {
    /// Prepares a job on what is checked.
    pub(super) fn new(job: &Job, how: How, checked: Arc<C>, progress: Progress) -> Self {
        coverage::collect(how.record.coverage, checked.slots());
        Watch {
            checked,
            how,
            limits: job.limits,
            started: Instant::now(),
            progress,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State<C>> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Begins an execution in the start state, and gives room for what each of
    /// its threads does; it unwinds with [`Stop`] if the exploration is to be
    /// cut off.
    pub(super) fn begin(&self) -> Vec<C::Done> {
        let mut state = self.state();
        let mut over = interrupt::requested()
            || self
                .limits
                .executions
                .is_some_and(|n| state.executions >= n);
        if state.begun.is_multiple_of(LOOK_UP_EVERY) {
            let elapsed = self.started.elapsed();
            if elapsed - state.reported >= REPORT_EVERY {
                state.reported = elapsed;
                (self.progress)(SoFar {
                    executions: state.executions,
                    outcomes: state.outcomes.len(),
                });
            }
            over |= self
                .limits
                .seconds
                .is_some_and(|s| elapsed.as_secs_f64() >= s);
        }
        if over {
            drop(state);
            resume_unwind(Box::new(Stop));
        }
        state.begun += 1;
        let mut done = std::mem::take(&mut state.done);
        let joined = usize::from(self.checked.joins());
        done.resize_with(self.checked.threads() + joined, C::Done::default);
        drop(state);
        model::start();
        model::enter_thread(0);
        // SAFETY: the last execution is over, its handles are gone or forgotten,
        // and no thread of this one has started.
        unsafe { self.checked.reset() };
        model::begin_execution();
        done
    }

    /// Runs one thread of the execution under way.
    pub(super) fn run_thread(&self, thread: usize, done: &mut C::Done) {
        model::enter_thread(thread);
        // SAFETY: the world was reset before the engine started the threads, and
        // it starts each once.
        unsafe { self.checked.run(thread, done) };
    }

    /// What it runs.
    pub(super) fn checked(&self) -> &C {
        &self.checked
    }

    /// Makes the end with what the threads did, in the first of them, which has
    /// waited for the others.
    pub(super) fn join(&self, done: &mut [C::Done]) {
        if self.checked.joins() {
            model::enter_thread(0);
            self.checked
                .end(done.last_mut().expect("the end has a record"));
        }
    }

    /// Ends an execution whose threads are done. It unwinds with [`Stop`] if it
    /// shows a failure.
    pub(super) fn end(&self, done: Vec<C::Done>) {
        let mut guard = self.state();
        let state = &mut *guard;
        state.done = done;
        state.threads_run += self.checked.threads() as u64;
        state.executions += 1;
        state.steps += model::steps();
        if model::was_cut() {
            state.cut_branches += 1;
            return;
        }
        state.injected |= model::was_injected();
        let failure = match self.checked.show(&state.done) {
            Err(fault) => judge::of_fault(&fault),
            Ok(shown) => {
                let Some(outcome) = state.outcomes.count(&shown) else {
                    return;
                };
                if self.how.record.examples {
                    state
                        .examples
                        .insert(outcome.to_string(), self.steps_so_far());
                }
                match self.checked.forbidden(outcome, &mut state.undecided) {
                    Some(failure) => failure,
                    None => return,
                }
            }
        };
        state.failure = Some(failure);
        drop(guard);
        resume_unwind(Box::new(Stop));
    }

    /// What was seen, given how the explorer returned.
    pub(super) fn finish(&self, ended: std::thread::Result<()>) -> Exploration {
        model::stop();
        let mut state = self.state();
        let mut failure = state.failure.take();
        let mut complete = ended.is_ok();
        if let Err(payload) = &ended {
            complete = false;
            if failure.is_none() && !payload.is::<Stop>() {
                failure = Some(failure::of_panic(payload.as_ref()));
            }
        }
        if let Some(failure) = &mut failure {
            failure.steps = self.steps_so_far();
        } else if complete && self.how.injects && !state.injected {
            failure = Some(Reason::NeverInjected.into());
        }
        let missing = if complete {
            self.checked.missing(&state.outcomes)
        } else {
            Vec::new()
        };
        Exploration {
            engine: compiled(),
            executions: if failure.is_some() {
                state.begun
            } else {
                state.executions
            },
            cut_branches: state.cut_branches,
            outcomes: state.outcomes.to_texts(),
            allowed: self.checked.allowed(),
            allowed_by: self.checked.allowed_by(),
            missing,
            complete: complete && !self.how.samples,
            sampled: complete && self.how.samples,
            steps: state.steps,
            undecided: state.undecided,
            transitions: coverage::take(),
            sites: if self.how.record.sites {
                failure::sites()
            } else {
                Vec::new()
            },
            threads_run: state.threads_run,
            examples: std::mem::take(&mut state.examples),
            failure,
            seconds: self.started.elapsed().as_secs_f64(),
        }
    }

    /// The steps of the execution under way or just over.
    fn steps_so_far(&self) -> Vec<Step> {
        model::with_trace(|events| failure::steps(events, self.checked.slots()))
    }
}
