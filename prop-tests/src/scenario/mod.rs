//! Scenarios: what threads do to segments and lists, which the text form does
//! not say.
//!
//! A scenario is to its threads what a program is: they run on real handles,
//! say what came of it in words, and the words of all threads together with the
//! state of each slot at the end are the outcome. What is allowed is written
//! beside the scenario, worked out by hand from the steps of the operations.
//!
//! A control is a scenario that is broken on purpose, by a weaker ordering or by
//! threads that do what no handle lets them do. It must end in the verdict that
//! it names.

mod actor;
mod controls;
mod lists;
mod segments;
mod stage;

use std::fmt;

pub use actor::Actor;
pub use stage::{Prop, Stage, Told};

use crate::world::Host;

/// What one thread does, or what happens before they start.
pub type Body<H> = fn(&mut Actor<'_, H>);

/// What a scenario must come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// A pass.
    Pass,
    /// A control: these verdicts, in the words that every command uses.
    Broken {
        /// The verdict under weak memory: rc11 and loom.
        loom: &'static str,
        /// The verdict under shuttle, if it can tell.
        shuttle: Option<&'static str>,
        /// The ordering that breaks it, `SITE=Ordering`; without one it is what
        /// the threads do.
        weaken: Option<&'static str>,
    },
}

/// A scenario.
pub struct Scenario<H: Host> {
    /// Its name.
    pub name: &'static str,
    /// Why it exists.
    pub why: &'static str,
    /// How many frames there are.
    pub frames: usize,
    /// How often a list can be given to the mailbox; without it there is none.
    pub gives: Option<usize>,
    /// Makes the start state.
    pub start: Body<H>,
    /// What the threads do.
    pub threads: Vec<Body<H>>,
    /// The outcomes.
    pub allowed: &'static [&'static str],
    /// What it must come to.
    pub expected: Expected,
}

impl<H: Host> Scenario<H> {
    /// Whether it is broken on purpose. Nothing but an explorer may run it then:
    /// there it ends before memory is touched that must not be.
    pub fn is_control(&self) -> bool {
        self.expected != Expected::Pass
    }
}

impl<H: Host> Clone for Scenario<H> {
    fn clone(&self) -> Self {
        Scenario {
            threads: self.threads.clone(),
            ..*self
        }
    }
}

impl<H: Host> fmt::Debug for Scenario<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scenario")
            .field("name", &self.name)
            .field("expected", &self.expected)
            .finish_non_exhaustive()
    }
}

/// All scenarios, controls last.
pub fn all<H: Host>() -> Vec<Scenario<H>> {
    let mut all = segments::all();
    all.extend(lists::all());
    all.extend(controls::all());
    all
}

/// The scenario of this name.
///
/// # Errors
///
/// If there is none.
pub fn find<H: Host>(name: &str) -> Result<Scenario<H>, String> {
    all()
        .into_iter()
        .find(|scenario| scenario.name == name)
        .ok_or_else(|| format!("there is no scenario `{name}`"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::world::LocalHost;

    #[test]
    fn names_are_unique_and_scenarios_say_why() {
        let mut names = BTreeSet::new();
        for scenario in all::<LocalHost>() {
            let name = scenario.name;
            assert!(names.insert(name), "{name} is there twice");
            assert!(scenario.why.ends_with('.'), "{name} does not say why");
            assert_eq!(
                name.starts_with("control-"),
                scenario.is_control(),
                "{name}"
            );
        }
    }

    #[test]
    fn allowed_outcomes_differ_and_have_a_word_for_each_thread_and_frame() {
        for scenario in all::<LocalHost>() {
            let name = scenario.name;
            let different: BTreeSet<_> = scenario.allowed.iter().collect();
            assert_eq!(different.len(), scenario.allowed.len(), "{name}");
            for outcome in scenario.allowed {
                let (words, ends) = outcome.split_once(" => ").expect(name);
                assert_eq!(words.split(" | ").count(), scenario.threads.len(), "{name}");
                assert_eq!(ends.split(' ').count(), scenario.frames, "{name}");
            }
        }
    }

    #[test]
    fn every_scenario_has_a_control() {
        let all = all::<LocalHost>();
        for scenario in all.iter().filter(|scenario| !scenario.is_control()) {
            let start = format!("control-{}-", scenario.name);
            let control = all.iter().any(|other| other.name.starts_with(&start));
            assert!(control, "{} has no control", scenario.name);
        }
    }
}
