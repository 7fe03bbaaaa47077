//! Real threads, on the atomics that ship and this machine's processors.
//!
//! A sample, and an honest one: every round's outcome is judged like any
//! explorer's, but no number of rounds makes a run complete, and an outcome
//! that was not seen means nothing. A run passes when all the rounds asked for
//! came to their end; one that was stopped before is cut off.
//!
//! No access is traced and no ordering can be changed: it is the code as it is.
//! What it is for: a last look at the hardware, and sanitizers.

use std::cell::Cell;
use std::hint;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use pipe::{EngineName, Exploration, Failure, Job, Manner, Reason, SoFar};
use prop_tests::world::{Host, World};

use super::checked::Checked;
use super::judge;
use super::tally::{First, Tally};
use super::{Progress, message_of, not_mine, panics};
use crate::interrupt;

pub(super) const NAME: EngineName = EngineName::Threads;

/// How often progress is reported and the clock is looked at.
const LOOK_UP_EVERY: u64 = 256;

/// How often a thread looks before it sleeps, where there is a processor for
/// each.
const SPINS: u32 = 2_000;

/// The same where there is not, and others may run between two looks.
const YIELDS: u32 = 20;

/// The longest head start of a thread, in pauses: about as long as a program.
const HEAD_START: u64 = 64;

/// The round that ends the threads.
const STOP: u64 = u64::MAX;

/// The one world of all runs, which take turns.
static WORLD: LazyLock<&'static World> = LazyLock::new(World::leak);
static TURN: Mutex<()> = Mutex::new(());

thread_local! {
    static THREAD: Cell<usize> = const { Cell::new(0) };
}

/// The host of real threads.
#[derive(Debug)]
pub struct ThreadHost;

// SAFETY: there is one world.
unsafe impl Host for ThreadHost {
    fn world() -> &'static World {
        *WORLD
    }

    fn thread() -> usize {
        THREAD.get()
    }
}

pub(super) fn is_exact(_job: &Job) -> bool {
    false
}

pub(super) fn explore<C: Checked>(
    job: &Job,
    checked: C,
    progress: Progress,
) -> Result<Exploration, String> {
    let Manner::Threads(pipe::Threads { rounds }) = job.manner else {
        return Err(not_mine(job));
    };
    Ok(rounds_of(&checked, job, rounds, &progress))
}

fn rounds_of<C: Checked>(checked: &C, job: &Job, rounds: u64, progress: &Progress) -> Exploration {
    let _turn = lock(&TURN);
    let crew = Crew::new(checked.threads());
    let mut run = Run {
        checked,
        started: Instant::now(),
        outcomes: checked.tally(),
        rounds: 0,
        undecided: 0,
        failure: None,
        done: Vec::new(),
    };
    let joined = usize::from(checked.joins());
    run.done
        .resize_with(checked.threads() + joined, C::Done::default);
    let finished = thread::scope(|scope| {
        let crew = &crew;
        let follow = |thread| scope.spawn(move || crew.follow(checked, thread));
        let others: Vec<_> = (1..crew.answers.len()).map(follow).collect();
        let dismissal = Dismissal(crew);
        let finished = loop {
            if run.rounds == rounds {
                break true;
            }
            if run.rounds.is_multiple_of(LOOK_UP_EVERY) {
                progress(SoFar {
                    executions: run.rounds,
                    outcomes: run.outcomes.len(),
                });
            }
            if run.is_cut_off(job) || run.failure.is_some() {
                break false;
            }
            run.round(crew);
        };
        drop(dismissal);
        // Each by itself: ThreadSanitizer sees a join, but not what a scope's
        // end waits for.
        for other in others {
            if let Err(payload) = other.join() {
                resume_unwind(payload);
            }
        }
        finished
    });
    let threads = checked.threads() as u64;
    let missing = checked.missing(&run.outcomes);
    Exploration {
        executions: run.rounds,
        seen: run.outcomes.len(),
        outcomes: run.outcomes.to_texts(),
        allowed: checked.allowed(),
        allowed_by: checked.allowed_by(),
        // None: a sample never has to show one.
        missing,
        sampled: finished && run.failure.is_none(),
        undecided: run.undecided,
        threads_run: run.rounds * threads,
        failure: run.failure,
        seconds: run.started.elapsed().as_secs_f64(),
        ..Exploration::new(NAME)
    }
}

/// What was seen so far.
struct Run<'a, C: Checked> {
    checked: &'a C,
    started: Instant,
    outcomes: Tally<C::Seen>,
    rounds: u64,
    undecided: u64,
    failure: Option<Failure>,
    /// What each thread did in the last round; its memory is used again.
    done: Vec<C::Done>,
}

impl<C: Checked> Run<'_, C> {
    fn is_cut_off(&self, job: &Job) -> bool {
        let Job { limits, .. } = job;
        let too_long = |seconds: f64| {
            self.rounds.is_multiple_of(LOOK_UP_EVERY)
                && self.started.elapsed() >= Duration::from_secs_f64(seconds.max(0.0))
        };
        interrupt::requested()
            || limits.executions.is_some_and(|n| self.rounds >= n)
            || limits.seconds.is_some_and(too_long)
    }

    /// Runs the program once, and judges what it did.
    fn round(&mut self, crew: &Crew<C::Done>) {
        // SAFETY: all threads wait; the handles of the last round are gone or
        // forgotten.
        unsafe { self.checked.reset() };
        self.rounds += 1;
        let ended = crew.run(self.checked, self.rounds, &mut self.done);
        let ended = ended.and_then(|()| {
            let end = self.done.last_mut().expect("there are threads");
            panics::caught(|| self.checked.end(end))
        });
        let failure = match ended {
            Err(payload) => match payload.downcast::<Reason>() {
                Ok(reason) => (*reason).into(),
                Err(payload) => {
                    let message = message_of(payload.as_ref());
                    Reason::tool(format_args!("a thread panicked: {message}")).into()
                }
            },
            Ok(()) => match self.checked.show(&self.done) {
                Err(fault) => judge::of_fault(&fault),
                Ok(shown) => {
                    let unexpected = self.outcomes.count(&shown).filter(|first| !first.expected);
                    let forbidden = |first: First<'_, _>| {
                        (self.checked).forbidden(first.outcome, &mut self.undecided)
                    };
                    match unexpected.and_then(forbidden) {
                        Some(failure) => failure,
                        None => return,
                    }
                }
            },
        };
        self.failure = Some(failure);
    }
}

/// The threads of a run. They live through all its rounds, for starting them
/// takes far longer than a round.
struct Crew<D> {
    /// The round that runs; writing it starts the round.
    round: AtomicU64,
    /// Threads that are done with it, the leading one aside.
    done: AtomicUsize,
    /// Where threads sleep when waiting takes long.
    gate: Mutex<()>,
    opened: Condvar,
    /// By thread. Locked by the thread while it runs, and by the leading one
    /// when it is done.
    answers: Vec<Mutex<Answer<D>>>,
    crowded: bool,
}

/// What a thread did, and how it ended.
struct Answer<D> {
    done: D,
    ended: thread::Result<()>,
}

/// Ends the threads, even when the leading one panics.
struct Dismissal<'a, D>(&'a Crew<D>);

impl<D> Drop for Dismissal<'_, D> {
    fn drop(&mut self) {
        // ORDERING: Release, with the load in `follow`.
        self.0.round.store(STOP, Ordering::Release);
        self.0.wake();
    }
}

impl<D: Default> Default for Answer<D> {
    fn default() -> Self {
        Answer {
            done: D::default(),
            ended: Ok(()),
        }
    }
}

impl<D: Default> Crew<D> {
    fn new(threads: usize) -> Self {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        Crew {
            round: AtomicU64::new(0),
            done: AtomicUsize::new(0),
            gate: Mutex::new(()),
            opened: Condvar::new(),
            answers: (0..threads).map(|_| Mutex::default()).collect(),
            crowded: processors < threads,
        }
    }

    /// Runs one round from the leading thread, which is the program's first, and
    /// gives what each thread did for what it did before.
    fn run<C: Checked<Done = D>>(
        &self,
        checked: &C,
        round: u64,
        done: &mut [D],
    ) -> thread::Result<()> {
        // ORDERING: Relaxed, without partner: the threads see it by `round`.
        self.done.store(0, Ordering::Relaxed);
        // ORDERING: Release, with the load in `follow`: the world was reset.
        self.round.store(round, Ordering::Release);
        self.wake();
        self.perform(checked, 0, round);
        let others = self.answers.len() - 1;
        // ORDERING: Acquire, with the addition in `follow`: what the threads
        // did is seen, and they are done with the world.
        self.wait(|| self.done.load(Ordering::Acquire) == others);
        for (answer, done) in self.answers.iter().zip(done) {
            let mut answer = lock(answer);
            std::mem::replace(&mut answer.ended, Ok(()))?;
            std::mem::swap(&mut answer.done, done);
        }
        Ok(())
    }

    /// Runs the rounds of another thread until the run is over.
    fn follow<C: Checked<Done = D>>(&self, checked: &C, thread: usize) {
        THREAD.set(thread);
        let mut last = 0;
        loop {
            let mut round = last;
            self.wait(|| {
                // ORDERING: Acquire, with the stores in `run` and `Dismissal`.
                round = self.round.load(Ordering::Acquire);
                round != last
            });
            if round == STOP {
                return;
            }
            last = round;
            self.perform(checked, thread, round);
            // ORDERING: Release, with the load in `run`.
            self.done.fetch_add(1, Ordering::Release);
            self.wake();
        }
    }

    fn perform<C: Checked<Done = D>>(&self, checked: &C, thread: usize, round: u64) {
        // Another head start in each round, so that the threads meet at
        // different places.
        let mixed = (round ^ (thread as u64) << 32).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        for _ in 0..mixed % HEAD_START {
            hint::spin_loop();
        }
        let mut answer = lock(&self.answers[thread]);
        let Answer { done, ended } = &mut *answer;
        // SAFETY: the world was reset for this program before the round began,
        // and each thread runs once in a round.
        let run = || unsafe { checked.run(thread, done) };
        // A panic is an answer too; the thread's handles are forgotten.
        *ended = panics::caught(run);
    }
}

impl<D> Crew<D> {
    /// Waits until it is `over`: first awake, so that the threads of a round
    /// start together, then asleep, for a busy machine has other work.
    fn wait(&self, mut over: impl FnMut() -> bool) {
        for _ in 0..if self.crowded { YIELDS } else { SPINS } {
            if over() {
                return;
            }
            if self.crowded {
                thread::yield_now();
            } else {
                hint::spin_loop();
            }
        }
        let mut gate = lock(&self.gate);
        while !over() {
            gate = self
                .opened
                .wait(gate)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Lets those who wait look again. Called after what they wait for.
    fn wake(&self) {
        drop(lock(&self.gate));
        self.opened.notify_all();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use pipe::{Limits, Probe, Target, Verdict};
    use programs::outcome::Ends;
    use programs::program::Program;
    use programs::spec::{MOST_STATES, MemoryModel, Params};
    use prop_tests::adapter::MetaCore;

    use super::super::checked::{CheckedProgram, CheckedScenario};
    use super::super::judge::Judge;
    use super::*;

    fn job(program: &str, rounds: u64) -> Job {
        let program: Program = program.parse().unwrap();
        Job::threads(program, Ends::Left, rounds)
    }

    fn run(job: &Job) -> Exploration {
        crate::explore(job, Arc::new(|_| ())).unwrap()
    }

    #[test]
    fn all_rounds_run_and_the_run_is_a_sample() {
        let run = run(&job("unused: alloc | alloc | get read", 500));
        assert_eq!(run.verdict(), Verdict::Pass);
        assert_eq!((run.executions, run.threads_run), (500, 1500));
        assert!(run.sampled && !run.complete);
        assert_eq!(run.outcomes.values().sum::<u64>(), 500);
        assert!(run.outcomes.len() <= run.allowed);
    }

    #[test]
    fn a_run_that_is_stopped_is_cut_off() {
        for limits in [
            Limits {
                executions: Some(100),
                seconds: None,
            },
            Limits {
                executions: None,
                seconds: Some(0.0),
            },
        ] {
            let job = Job {
                limits,
                ..job("unused: alloc | get", 500)
            };
            let run = run(&job);
            assert!(run.executions <= 100 && !run.sampled);
            assert_ne!(run.verdict(), Verdict::Pass);
        }
    }

    #[test]
    fn a_panic_of_the_code_under_test_is_a_failure() {
        panics::take_down();
        let name = "control-segment-clones-end-once-beyond";
        let all = prop_tests::adapter::scenario::all::<ThreadHost>();
        let scenario = all.into_iter().find(|own| own.name == name).unwrap();
        let checked = CheckedScenario::new(scenario, |_| None, MemoryModel::Rc11, false);
        let job = Job::threads(Target::Scenario(name.to_owned()), Ends::Dropped, 5);
        let progress: Progress = Arc::new(|_| ());
        let run = rounds_of(&checked, &job, 5, &progress);
        assert_eq!((run.verdict(), run.executions), (Verdict::Panic, 1));
        let message = run.failure.unwrap().reason.to_string();
        assert!(message.contains("are not in a segment"), "{message}");
    }

    #[test]
    fn no_round_is_no_pass() {
        assert_ne!(run(&job("unused: alloc | get", 0)).verdict(), Verdict::Pass);
    }

    #[test]
    fn the_job_of_another_engine_is_refused() {
        let program: Program = "unused: alloc | get".parse().unwrap();
        let job = Job::loom(program, Ends::Left, Probe::Cas);
        let refused = crate::explore(&job, Arc::new(|_| ())).unwrap_err();
        assert!(refused.contains("the job is for loom"), "{refused}");
    }

    #[test]
    fn an_outcome_that_is_not_allowed_is_a_failure() {
        let job = job("unused: alloc | alloc", 50);
        let program = job.case.program().unwrap();
        let mut judge = Judge::new(program, &job, Params::MODEL, false, MOST_STATES).unwrap();
        judge.allowed = Arc::default();
        let checked = CheckedProgram::<MetaCore<ThreadHost>>::new(judge);
        let progress: Progress = Arc::new(|_| ());
        let run = rounds_of(&checked, &job, 50, &progress);
        assert_eq!(run.verdict(), Verdict::ForbiddenOutcome);
        assert_eq!((run.executions, run.sampled), (1, false));
    }
}
