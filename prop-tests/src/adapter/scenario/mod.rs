//! Scenarios: what threads do to segments, lists and pages, which the text form
//! does not say.
//!
//! A scenario is to its threads what a program is: they run on real handles,
//! say what came of it in words, and the words of all threads together with the
//! state of each slot at the end are the outcome. What is allowed is written
//! beside the scenario, worked out by hand from the steps of the operations.
//!
//! A control is a scenario that is broken on purpose, by a weaker ordering or by
//! threads that do what no handle lets them do. It must end in the verdict that
//! it names.

mod controls;
mod lists;
mod pages;
mod segments;
mod shared;
mod thread;

use std::sync::Arc;

use self::shared::{Initial, SharedState};
use self::thread::Thread;
use super::MetaCore;
use crate::scenario::{Expected, Scenario};
use crate::world::Host;

/// What one thread does, or what happens before they start.
type Body<H> = fn(&mut Thread<'_, H>);

/// A scenario.
struct FrameScenario<H: Host> {
    /// Its name.
    name: &'static str,
    /// Why it exists.
    why: &'static str,
    /// How many frames there are.
    frames: usize,
    /// How often a list can be given to the mailbox; without it there is none.
    gives: Option<usize>,
    /// Makes the start state.
    start: Body<H>,
    /// What the threads do.
    threads: Vec<Body<H>>,
    /// The outcomes.
    allowed: &'static [&'static str],
    /// What stale reads alone show.
    stale: &'static [&'static str],
    /// What it must come to.
    expected: Expected,
}

impl<H: Host> Clone for FrameScenario<H> {
    fn clone(&self) -> Self {
        FrameScenario {
            threads: self.threads.clone(),
            ..*self
        }
    }
}

impl<H: Host> From<FrameScenario<H>> for Scenario {
    fn from(own: FrameScenario<H>) -> Self {
        let outcomes = |all: &[&'static str]| all.iter().map(|&outcome| outcome.into()).collect();
        Scenario {
            name: own.name.into(),
            why: own.why.into(),
            threads: own.threads.len(),
            allowed: Some(outcomes(own.allowed)),
            stale: outcomes(own.stale),
            expected: own.expected,
            run: Arc::new(SharedState::new(own)),
        }
    }
}

/// All scenarios, controls last.
pub fn all<H: Host>() -> Vec<Scenario> {
    frame_scenarios::<H>().into_iter().map(Into::into).collect()
}

fn frame_scenarios<H: Host>() -> Vec<FrameScenario<H>> {
    let mut all = segments::all();
    all.extend(lists::all());
    all.extend(pages::all());
    all.extend(controls::all());
    all
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
            let name = &scenario.name;
            assert!(names.insert(name.clone()), "{name} is there twice");
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
        for scenario in frame_scenarios::<LocalHost>() {
            let name = scenario.name;
            let all = || scenario.allowed.iter().chain(scenario.stale);
            let different: BTreeSet<_> = all().collect();
            assert_eq!(different.len(), all().count(), "{name}");
            for outcome in all() {
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
