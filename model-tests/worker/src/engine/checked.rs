//! What is explored: a program, or a scenario.

use std::fmt::Display;
use std::hash::Hash;
use std::marker::PhantomData;

use pipe::{AllowedBy, Failure, Reason};
use programs::outcome::Outcome;
use programs::spec::{MemoryModel, Params};
use prop_tests::driver::{self, ThreadResult};
use prop_tests::protocol::Protocol;
use prop_tests::scenario::{Record, Scenario};
use prop_tests::world::{Fault, Host, StartState};
use rustc_hash::FxHashSet;

use super::judge::Judge;
use super::tally::{Shown, Tally};

/// What an engine runs, and judges.
pub(super) trait Checked: Send + Sync + 'static {
    /// What one thread did.
    type Done: Default + Send;
    /// What an execution showed.
    type Seen: Clone + Eq + Hash + Display + Send + Sync;
    /// The same, before it is made an outcome.
    type Shown<'a>: Shown<Self::Seen>;

    /// How many threads there are.
    fn threads(&self) -> usize;

    /// Whether the first thread waits for the others and makes the
    /// [end](Self::end) with what they did. It adds one to those who did
    /// something.
    fn joins(&self) -> bool {
        false
    }

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

    /// Makes the end, where there is one.
    fn end(&self, done: &mut Self::Done) {
        let _ = done;
    }

    /// A tally in which nothing was counted yet. What it expects is allowed.
    fn tally(&self) -> Tally<Self::Seen> {
        Tally::default()
    }

    /// What an execution showed, when all threads are done.
    fn show<'a>(&self, done: &'a [Self::Done]) -> Result<Self::Shown<'a>, Fault>;

    /// The failure that an outcome is that the tally did not expect, if it is not
    /// allowed; or else it may be
    /// added to those that could not be decided.
    fn forbidden(&self, seen: &Self::Seen, undecided: &mut u64) -> Option<Failure>;

    /// How many outcomes are allowed.
    fn allowed(&self) -> usize;

    /// Where that is known from.
    fn allowed_by(&self) -> AllowedBy;

    /// The outcomes that a complete exploration had to show and did not, by its
    /// [tally](Self::tally).
    fn missing(&self, seen: &Tally<Self::Seen>) -> Vec<String>;

    /// Which slot has something at an address.
    #[cfg_attr(not(model), allow(dead_code, reason = "real threads are not traced"))]
    fn slots(&self) -> fn(usize) -> Option<usize>;

    /// The limit of a slot's count.
    #[cfg_attr(not(model), allow(dead_code, reason = "transitions are not collected"))]
    fn params(&self) -> Params {
        Params::MODEL
    }
}

/// A program on the handles of a protocol.
pub(super) struct CheckedProgram<P> {
    pub(super) judge: Judge,
    start: StartState,
    protocol: PhantomData<P>,
}

impl<P: Protocol> CheckedProgram<P> {
    pub(super) fn new(judge: Judge) -> Self {
        CheckedProgram {
            start: StartState::of(&judge.program),
            judge,
            protocol: PhantomData,
        }
    }
}

impl<P: Protocol> Checked for CheckedProgram<P> {
    type Done = ThreadResult;
    type Seen = Outcome;
    type Shown<'a> = driver::Shown<'a>;

    fn threads(&self) -> usize {
        self.judge.program.threads.len()
    }

    unsafe fn reset(&self) {
        // SAFETY: promised by the caller.
        unsafe { P::Host::world().reset::<P>(&self.start) };
    }

    unsafe fn run(&self, thread: usize, done: &mut ThreadResult) {
        let Judge { program, ends, .. } = &self.judge;
        // SAFETY: promised by the caller.
        unsafe { driver::run_thread::<P>(program, thread, *ends, done) };
    }

    fn show<'a>(&self, done: &'a [ThreadResult]) -> Result<driver::Shown<'a>, Fault> {
        let Judge { program, ends, .. } = &self.judge;
        driver::show::<P>(program, self.start.slots(), *ends, done)
    }

    fn tally(&self) -> Tally<Outcome> {
        self.judge.tally()
    }

    fn forbidden(&self, seen: &Outcome, undecided: &mut u64) -> Option<Failure> {
        self.judge.forbidden(seen, undecided)
    }

    fn allowed(&self) -> usize {
        self.judge.allowed.len()
    }

    fn allowed_by(&self) -> AllowedBy {
        self.judge.allowed_by
    }

    fn missing(&self, seen: &Tally<Outcome>) -> Vec<String> {
        self.judge.missing(seen).map(Outcome::to_string).collect()
    }

    fn slots(&self) -> fn(usize) -> Option<usize> {
        P::slot_at
    }

    fn params(&self) -> Params {
        Params {
            ref_count_max: P::REF_COUNT_MAX,
        }
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
pub(super) struct CheckedScenario {
    scenario: Scenario,
    #[cfg_attr(not(model), allow(dead_code, reason = "real threads are not traced"))]
    slot_at: fn(usize) -> Option<usize>,
    exact: bool,
}

impl CheckedScenario {
    /// `exact` says whether the engine is to reach every allowed outcome in this
    /// memory.
    pub(super) fn new(
        mut scenario: Scenario,
        slot_at: fn(usize) -> Option<usize>,
        memory: MemoryModel,
        exact: bool,
    ) -> Self {
        if let (Some(allowed), MemoryModel::Rc11) = (&mut scenario.allowed, memory) {
            allowed.append(&mut scenario.stale);
        }
        CheckedScenario {
            scenario,
            slot_at,
            exact,
        }
    }

    fn allows(&self, outcome: &str) -> bool {
        let allowed = self.scenario.allowed.as_ref();
        allowed.is_none_or(|allowed| allowed.iter().any(|allowed| allowed == outcome))
    }
}

impl Checked for CheckedScenario {
    type Done = Record;
    type Seen = String;
    type Shown<'a> = String;

    fn threads(&self) -> usize {
        self.scenario.threads
    }

    fn joins(&self) -> bool {
        self.scenario.run.joins()
    }

    unsafe fn reset(&self) {
        // SAFETY: promised by the caller.
        unsafe { self.scenario.run.start() };
    }

    unsafe fn run(&self, thread: usize, done: &mut Record) {
        // SAFETY: promised by the caller.
        unsafe { self.scenario.run.thread(thread, done) };
    }

    fn end(&self, done: &mut Record) {
        self.scenario.run.end(done);
    }

    fn show(&self, done: &[Record]) -> Result<String, Fault> {
        self.scenario.run.outcome(done)
    }

    fn forbidden(&self, seen: &String, _undecided: &mut u64) -> Option<Failure> {
        // Where no outcome is given, none may have a thread that aborts either.
        let aborts = seen.split_whitespace().any(|word| word == "abort");
        if self.allows(seen) && !(aborts && self.scenario.allowed.is_none()) {
            return None;
        }
        let outcome = seen.clone();
        let reason = if aborts {
            Reason::Abort { outcome }
        } else {
            Reason::Forbidden { outcome }
        };
        Some(reason.into())
    }

    fn allowed(&self) -> usize {
        self.scenario.allowed.as_ref().map_or(0, Vec::len)
    }

    fn allowed_by(&self) -> AllowedBy {
        match self.scenario.allowed {
            Some(_) => AllowedBy::Specification,
            None => AllowedBy::Nobody,
        }
    }

    fn missing(&self, seen: &Tally<String>) -> Vec<String> {
        if !self.exact {
            return Vec::new();
        }
        let seen: FxHashSet<_> = seen.iter().map(|(outcome, _)| outcome.as_str()).collect();
        let allowed = self.scenario.allowed.iter().flatten();
        allowed
            .filter(|outcome| !seen.contains(&***outcome))
            .map(ToString::to_string)
            .collect()
    }

    fn slots(&self) -> fn(usize) -> Option<usize> {
        self.slot_at
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    use super::*;

    fn two_adders(exact: bool) -> CheckedScenario {
        let adders = Scenario::on("two-adders", || AtomicU32::new(0))
            .threads(2, |number, _| _ = number.fetch_add(1, Relaxed))
            .end(|number, end| end.say(number.load(Relaxed)))
            .allowed(&[" |  => 1", " |  => 2"]);
        CheckedScenario::new(adders.into(), |_| None, MemoryModel::Rc11, exact)
    }

    #[test]
    fn the_end_of_a_scenario_is_made() {
        let checked = two_adders(true);
        let mut done: [Record; 3] = Default::default();
        // SAFETY: nothing else runs, and each thread runs once.
        unsafe {
            checked.reset();
            (0..2).for_each(|thread| checked.run(thread, &mut done[thread]));
        }
        checked.end(&mut done[2]);
        let mut seen = Tally::default();
        for _ in 0..2 {
            seen.count(&checked.show(&done).unwrap());
        }
        let seen: Vec<_> = seen.to_texts();
        assert_eq!(seen, [(" |  => 2".to_owned(), 2)]);
    }

    #[test]
    fn an_abort_is_allowed_where_it_is_given() {
        let aborts = |allowed: Option<&[&'static str]>| {
            let own = Scenario::on("abort", || ()).threads(2, |(), _| ());
            let own = match allowed {
                Some(allowed) => own.allowed(allowed),
                None => own,
            };
            CheckedScenario::new(own.into(), |_| None, MemoryModel::Rc11, true)
        };
        let forbids = |checked: &CheckedScenario, outcome: &str| {
            checked.forbidden(&outcome.to_owned(), &mut 0).is_some()
        };
        let given = aborts(Some(&["abort | ", " | "]));
        assert_eq!(given.allowed_by(), AllowedBy::Specification);
        assert!(!forbids(&given, "abort | ") && !forbids(&given, " | "));
        assert!(forbids(&given, " | abort") && forbids(&given, "2 | "));
        let none = aborts(None);
        assert_eq!((none.allowed(), none.allowed_by()), (0, AllowedBy::Nobody));
        assert!(forbids(&none, "abort | ") && !forbids(&none, "2 | "));
    }

    #[test]
    fn a_scenario_asks_for_its_end_and_for_each_outcome() {
        let checked = two_adders(true);
        assert!(checked.joins());
        let allowed = (checked.allowed(), checked.allowed_by());
        assert_eq!(allowed, (2, AllowedBy::Specification));
        let mut seen = Tally::default();
        assert_eq!(checked.missing(&seen), [" |  => 1", " |  => 2"]);
        seen.count(&" |  => 2".to_owned());
        assert_eq!(checked.missing(&seen), [" |  => 1"]);
        assert!(two_adders(false).missing(&seen).is_empty());
    }
}
