//! What is explored: a program, or a scenario.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::hash::Hash;

use pipe::{AllowedBy, Failure, Reason};
use programs::outcome::Outcome;
use prop_tests::driver::{self, ThreadResult};
use prop_tests::scenario::{self, Stage, Told};
use prop_tests::world::{Fault, Host};
use rustc_hash::FxHashSet;

use super::judge::ProgramSubject;
use super::tally::{Shown, Tally};

/// What an engine runs on a host, and judges.
pub(super) trait Subject<H: Host>: Send + Sync + 'static {
    /// What one thread did.
    type Done: Default + Send;
    /// What an execution showed.
    type Seen: Clone + Eq + Hash + Display + Send;
    /// The same, before it is made an outcome.
    type Shown<'a>: Shown<Self::Seen>;

    /// How many threads there are.
    fn threads(&self) -> usize;

    /// Makes the start state.
    ///
    /// # Safety
    ///
    /// That of [`World::reset`](prop_tests::world::World::reset).
    unsafe fn reset(&self);

    /// Runs one thread, and writes down what it did.
    ///
    /// # Safety
    ///
    /// The start state was made, and each thread runs once.
    unsafe fn run(&self, thread: usize, done: &mut Self::Done);

    /// What an execution showed, when all threads are done.
    fn show<'a>(&self, done: &'a [Self::Done]) -> Result<Self::Shown<'a>, Fault>;

    /// The failure that an outcome is, if it is not allowed; or else it may be
    /// added to those that could not be decided.
    fn forbidden(&self, seen: &Self::Seen, undecided: &mut u64) -> Option<Failure>;

    /// How many outcomes are allowed.
    fn allowed(&self) -> usize;

    /// Where that is known from.
    fn allowed_by(&self) -> AllowedBy;

    /// The outcomes that a complete exploration had to show and did not.
    fn missing(&self, seen: &Tally<Self::Seen>) -> Vec<String>;
}

impl<H: Host> Subject<H> for ProgramSubject {
    type Done = ThreadResult;
    type Seen = Outcome;
    type Shown<'a> = driver::Shown<'a>;

    fn threads(&self) -> usize {
        self.program.threads.len()
    }

    unsafe fn reset(&self) {
        // SAFETY: promised by the caller.
        unsafe { H::world().reset::<H>(&self.program) };
    }

    unsafe fn run(&self, thread: usize, done: &mut ThreadResult) {
        // SAFETY: promised by the caller.
        unsafe { driver::run_thread::<H>(&self.program, thread, self.ends, done) };
    }

    fn show<'a>(&self, done: &'a [ThreadResult]) -> Result<driver::Shown<'a>, Fault> {
        driver::show(H::world(), &self.program, self.ends, done)
    }

    fn forbidden(&self, seen: &Outcome, undecided: &mut u64) -> Option<Failure> {
        self.forbidden(seen, undecided)
    }

    fn allowed(&self) -> usize {
        self.allowed.len()
    }

    fn allowed_by(&self) -> AllowedBy {
        self.allowed_by
    }

    fn missing(&self, seen: &Tally<Outcome>) -> Vec<String> {
        let seen: FxHashSet<_> = seen.iter().map(|(outcome, _)| outcome).collect();
        self.asked()
            .filter(|outcome| !seen.contains(outcome))
            .map(Outcome::to_string)
            .collect()
    }
}

impl Shown<Outcome> for driver::Shown<'_> {
    #[inline]
    fn is(&self, outcome: &Outcome) -> bool {
        self.is(outcome)
    }

    fn to_outcome(&self) -> Outcome {
        self.to_outcome()
    }
}

impl Shown<String> for String {
    fn is(&self, outcome: &String) -> bool {
        self == outcome
    }

    fn to_outcome(&self) -> String {
        self.clone()
    }
}

/// A scenario, and what is allowed in it.
pub(super) struct ScenarioSubject<H: Host> {
    stage: Stage<H>,
    allowed: BTreeSet<&'static str>,
    exact: bool,
}

impl<H: Host> ScenarioSubject<H> {
    /// The scenario of this name. `exact` says whether the engine is to reach every
    /// allowed outcome.
    pub(super) fn new(name: &str, exact: bool) -> Result<Self, String> {
        let scenario = scenario::find::<H>(name)?;
        Ok(ScenarioSubject {
            allowed: scenario.allowed.iter().copied().collect(),
            stage: Stage::new(scenario),
            exact,
        })
    }

    /// Whether it is broken on purpose.
    #[cfg(not(model))]
    pub(super) fn is_control(&self) -> bool {
        self.stage.scenario().is_control()
    }
}

impl<H: Host> Subject<H> for ScenarioSubject<H> {
    type Done = Told;
    type Seen = String;
    type Shown<'a> = String;

    fn threads(&self) -> usize {
        self.stage.scenario().threads.len()
    }

    unsafe fn reset(&self) {
        // SAFETY: promised by the caller.
        unsafe { self.stage.reset() };
    }

    unsafe fn run(&self, thread: usize, done: &mut Told) {
        // SAFETY: promised by the caller.
        *done = unsafe { self.stage.run_thread(thread) };
    }

    fn show(&self, done: &[Told]) -> Result<String, Fault> {
        self.stage.outcome(done)
    }

    fn forbidden(&self, seen: &String, _undecided: &mut u64) -> Option<Failure> {
        if self.allowed.contains(seen.as_str()) {
            return None;
        }
        // No scenario allows a thread to abort.
        let aborts = seen.split_whitespace().any(|word| word == "abort");
        let outcome = seen.clone();
        let reason = if aborts {
            Reason::Abort { outcome }
        } else {
            Reason::Forbidden { outcome }
        };
        Some(reason.into())
    }

    fn allowed(&self) -> usize {
        self.allowed.len()
    }

    fn allowed_by(&self) -> AllowedBy {
        AllowedBy::Specification
    }

    fn missing(&self, seen: &Tally<String>) -> Vec<String> {
        if !self.exact {
            return Vec::new();
        }
        let seen: FxHashSet<_> = seen.iter().map(|(outcome, _)| outcome.as_str()).collect();
        self.allowed
            .iter()
            .filter(|outcome| !seen.contains(**outcome))
            .map(ToString::to_string)
            .collect()
    }
}
