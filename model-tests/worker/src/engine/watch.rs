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
use super::tally::{First, Tally};
use super::{Progress, compiled, coverage, failure, panics};
use crate::interrupt;

/// How often progress is reported.
const REPORT_EVERY: Duration = Duration::from_millis(250);

/// How often the clock is looked at, in executions.
const LOOK_UP_EVERY: u64 = 16;

/// Ends an exploration whose reason is known already, also as the payload of a
/// panic.
pub(super) struct Stop;

/// What a watch has to know of how the explorer goes about the job.
#[derive(Clone, Copy, Debug)]
pub(super) struct How {
    /// A spurious failure is injected, and has to come up.
    pub(super) injects: bool,
    /// Executions are drawn, so that it never sees all of them.
    pub(super) samples: bool,
    /// The explorer leaves executions out, and does not know which.
    pub(super) reduces: bool,
    /// The explorer keeps the limits itself, lest what it leaves be lost.
    pub(super) stops_itself: bool,
    pub(super) record: Record,
}

/// One job under way.
pub(super) struct Watch<C: Checked> {
    checked: Arc<C>,
    how: How,
    limits: Limits,
    /// Whether outcomes are handed over.
    texts: bool,
    /// What was seen before, in an exploration that this one goes on with.
    earlier: Exploration,
    started: Instant,
    progress: Progress,
    state: Mutex<State<C>>,
}

struct State<C: Checked> {
    /// What each thread of executions that are over did; its memory is used
    /// again.
    #[cfg(not(rc11))]
    done: Vec<Vec<C::Done>>,
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

impl<C: Checked> State<C> {
    fn new(checked: &C) -> Self {
        State {
            #[cfg(not(rc11))]
            done: Vec::new(),
            outcomes: checked.tally(),
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
        coverage::collect(how.record.coverage, checked.slots(), checked.params());
        Watch {
            state: Mutex::new(State::new(&checked)),
            checked,
            how,
            limits: if how.stops_itself {
                Limits::default()
            } else {
                job.limits
            },
            texts: job.texts,
            earlier: Exploration::new(compiled()),
            started: Instant::now(),
            progress,
        }
    }

    /// Goes on with what was seen before.
    #[cfg(rc11)]
    pub(super) fn after(mut self, earlier: &Exploration) -> Self {
        self.earlier = earlier.clone();
        self
    }

    fn state(&self) -> MutexGuard<'_, State<C>> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// As [`begin_in`](Self::begin_in), in the memory of an execution that is over, if
    /// there is one.
    #[cfg(not(rc11))]
    pub(super) fn begin(&self) -> Vec<C::Done> {
        let mut done = self.state().done.pop().unwrap_or_default();
        self.begin_in(&mut done);
        done
    }

    /// Begins an execution in the start state, and gives `done` room for what each
    /// of its threads does; it unwinds with [`Stop`] if the exploration is to be
    /// cut off.
    pub(super) fn begin_in(&self, done: &mut Vec<C::Done>) {
        let mut state = self.state();
        let mut over = !self.how.stops_itself && interrupt::requested()
            || self
                .limits
                .executions
                .is_some_and(|n| state.executions >= n);
        if state.begun.is_multiple_of(LOOK_UP_EVERY) {
            let elapsed = self.started.elapsed();
            if elapsed - state.reported >= REPORT_EVERY {
                state.reported = elapsed;
                (self.progress)(SoFar {
                    executions: self.earlier.executions + state.executions,
                    outcomes: self.earlier.outcomes.len().max(state.outcomes.len()),
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
        drop(state);
        let joined = usize::from(self.checked.joins());
        let threads = self.checked.threads() + joined;
        if done.len() != threads {
            done.resize_with(threads, C::Done::default);
        }
        model::start();
        model::enter_thread(0);
        // SAFETY: the last execution is over, its handles are gone or forgotten,
        // and no thread of this one has started.
        unsafe { self.checked.reset() };
        model::begin_execution();
    }

    /// Runs one thread of the execution under way.
    pub(super) fn run_thread(&self, thread: usize, done: &mut C::Done) {
        model::enter_thread(thread);
        // SAFETY: the world was reset before the engine started the threads, and
        // it starts each once.
        let run = || unsafe { self.checked.run(thread, done) };
        panics::caught(run).unwrap_or_else(|payload| resume_unwind(payload));
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
            let end = done.last_mut().expect("the end has a record");
            let end = || self.checked.end(end);
            panics::caught(end).unwrap_or_else(|payload| resume_unwind(payload));
        }
    }

    /// Ends an execution whose threads are done, and says how many there were; a
    /// failure that it shows ends the exploration. `told` adds what the engine knows
    /// of recorded steps.
    pub(super) fn end(
        &self,
        done: &[C::Done],
        told: impl FnOnce(&mut Vec<Step>) -> Result<(), String>,
    ) -> Result<u64, Stop> {
        let mut guard = self.state();
        let state = &mut *guard;
        state.threads_run += self.checked.threads() as u64;
        state.executions += 1;
        state.steps += model::steps();
        let failure = if model::was_cut() {
            state.cut_branches += 1;
            None
        } else {
            state.injected |= model::was_injected();
            self.judge(state, done, told)
        };
        // Of several cores the first that fails ends it.
        let failure = failure.filter(|_| state.failure.is_none());
        let Some(failure) = failure else {
            return Ok(state.executions);
        };
        state.failure = Some(Failure {
            steps: self.steps_so_far(),
            ..failure
        });
        Err(Stop)
    }

    /// As [`end`](Self::end), where a failure unwinds. Takes the memory for another
    /// execution.
    #[cfg(not(rc11))]
    pub(super) fn end_or_stop(&self, done: Vec<C::Done>) {
        match self.end(&done, |_| Ok(())) {
            Ok(_) => self.state().done.push(done),
            Err(stop) => resume_unwind(Box::new(stop)),
        }
    }

    /// Counts what an execution showed, and gives the failure that it is.
    #[inline]
    fn judge(
        &self,
        state: &mut State<C>,
        done: &[C::Done],
        told: impl FnOnce(&mut Vec<Step>) -> Result<(), String>,
    ) -> Option<Failure> {
        let shown = self.checked.show(done);
        let shown = match &shown {
            Ok(shown) => shown,
            Err(fault) => return Some(judge::of_fault(fault)),
        };
        let First { outcome, expected } = state.outcomes.count(shown)?;
        if self.how.record.examples {
            let mut steps = self.steps_so_far();
            if let Err(error) = told(&mut steps) {
                return Some(Reason::tool(error).into());
            }
            state.examples.insert(outcome.to_string(), steps);
        }
        if expected {
            return None;
        }
        // What was seen before was judged then.
        if !self.earlier.outcomes.is_empty()
            && self.earlier.outcomes.contains_key(&outcome.to_string())
        {
            return None;
        }
        self.checked.forbidden(outcome, &mut state.undecided)
    }

    /// What was seen, given how the explorer returned: unwinding, or with all of it
    /// explored or not.
    pub(super) fn finish(&self, ended: std::thread::Result<bool>) -> Exploration {
        model::stop();
        let mut state = self.state();
        let mut failure = state.failure.take();
        let complete = matches!(ended, Ok(true));
        if let Err(payload) = &ended
            && failure.is_none()
            && !payload.is::<Stop>()
        {
            failure = Some(Failure {
                steps: self.steps_so_far(),
                ..failure::of_panic(payload.as_ref())
            });
        } else if complete && self.how.injects && !state.injected {
            failure = Some(Reason::NeverInjected.into());
        }
        let earlier = &self.earlier;
        let begun = earlier.left.as_ref().map_or(0, |left| left.begun);
        let mut outcomes = BTreeMap::new();
        if self.texts || !earlier.outcomes.is_empty() {
            outcomes = state.outcomes.to_texts();
            for (outcome, times) in &earlier.outcomes {
                *outcomes.entry(outcome.clone()).or_default() += times;
            }
        }
        let mut missing = if complete {
            self.checked.missing(&state.outcomes)
        } else {
            Vec::new()
        };
        missing.retain(|outcome| !earlier.outcomes.contains_key(outcome));
        let mut examples = std::mem::take(&mut state.examples);
        examples.extend(earlier.examples.clone());
        Exploration {
            engine: compiled(),
            executions: if failure.is_some() {
                begun + state.begun
            } else {
                earlier.executions + state.executions
            },
            cut_branches: earlier.cut_branches + state.cut_branches,
            seen: outcomes.len().max(state.outcomes.len()),
            outcomes,
            allowed: self.checked.allowed(),
            allowed_by: self.checked.allowed_by(),
            missing,
            complete: complete && !self.how.samples && !self.how.reduces,
            reduced: complete && self.how.reduces,
            sampled: complete && self.how.samples,
            steps: earlier.steps + state.steps,
            undecided: earlier.undecided + state.undecided,
            sites: if self.how.record.sites {
                failure::sites()
            } else {
                Vec::new()
            },
            transitions: &coverage::take() | &earlier.transitions,
            threads_run: earlier.threads_run + state.threads_run,
            examples,
            failure,
            left: None,
            seconds: earlier.seconds + self.started.elapsed().as_secs_f64(),
        }
    }

    /// Executions begun, earlier ones included.
    #[cfg(rc11)]
    pub(super) fn begun(&self) -> u64 {
        self.earlier.left.as_ref().map_or(0, |left| left.begun) + self.state().begun
    }

    /// The steps of the execution under way or just over.
    fn steps_so_far(&self) -> Vec<Step> {
        model::with_trace(|events| failure::steps(events, self.checked.slots()))
    }
}

#[cfg(all(test, model))]
mod tests {
    use pipe::{EngineName, Probe, Scheduler, Target, Verdict};
    use programs::outcome::Ends;
    use programs::spec::MemoryModel;
    use prop_tests::scenario::{Record, Scenario};
    use prop_tests::world::Fault;

    use super::super::checked::CheckedScenario;
    use super::super::compiled_in::explore;
    use super::*;

    /// A scenario of whose outcomes nobody knows whether they are allowed.
    struct Undecided(CheckedScenario);

    impl Checked for Undecided {
        type Done = Record;
        type Seen = String;
        type Shown<'a> = String;

        fn threads(&self) -> usize {
            self.0.threads()
        }

        unsafe fn reset(&self) {
            // SAFETY: promised by the caller.
            unsafe { self.0.reset() };
        }

        unsafe fn run(&self, thread: usize, done: &mut Record) {
            // SAFETY: promised by the caller.
            unsafe { self.0.run(thread, done) };
        }

        fn show(&self, done: &[Record]) -> Result<String, Fault> {
            self.0.show(done)
        }

        fn forbidden(&self, _: &String, undecided: &mut u64) -> Option<Failure> {
            *undecided += 1;
            None
        }

        fn allowed(&self) -> usize {
            self.0.allowed()
        }

        fn allowed_by(&self) -> pipe::AllowedBy {
            self.0.allowed_by()
        }

        fn missing(&self, seen: &Tally<String>) -> Vec<String> {
            self.0.missing(seen)
        }

        fn slots(&self) -> fn(usize) -> Option<usize> {
            self.0.slots()
        }
    }

    #[test]
    fn what_could_not_be_decided_is_no_pass() {
        let case = Target::Scenario("quiet".to_owned());
        let job = match compiled() {
            EngineName::Loom => Job::loom(case, Ends::Dropped, Probe::Cas),
            EngineName::Shuttle => Job::shuttle(case, Ends::Dropped, Scheduler::Dfs),
            _ => Job::rc11(case, Ends::Dropped),
        };
        let quiet = || Scenario::on("quiet", || ()).threads(2, |(), _| ()).into();
        let checked = CheckedScenario::new(quiet(), |_| None, MemoryModel::Rc11, true);
        let run = explore(&job, Undecided(checked), Arc::new(|_| ())).unwrap();
        assert_eq!((run.undecided, run.verdict()), (1, Verdict::CutOff));
        let checked = CheckedScenario::new(quiet(), |_| None, MemoryModel::Rc11, true);
        let run = explore(&job, checked, Arc::new(|_| ())).unwrap();
        assert_eq!((run.undecided, run.verdict()), (0, Verdict::Pass));
    }
}
