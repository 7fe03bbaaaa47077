//! The scenarios, each judged by the engine of this build.
#![cfg(model)]

use std::sync::Arc;

use pipe::{EngineName, Exploration, Job, Probe, Scheduler, Target, Verdict};
use programs::outcome::Ends;

/// Enough for shuttle to go through what comes to an end under it.
const SCHEDULES: u64 = 100_000;

/// The runs that an engine is asked for.
fn jobs(engine: EngineName, name: &str) -> Vec<Job> {
    let case = || Target::Scenario(name.into());
    match engine {
        EngineName::Loom => [Probe::Cas, Probe::Load]
            .map(|probe| Job::loom(case(), Ends::Dropped, probe))
            .into(),
        EngineName::Shuttle => {
            // Walks that are uniform find the lost wake-up sooner than random steps.
            let walks = Scheduler::Urw {
                seed: 1,
                schedules: 2_000,
            };
            let mut dfs = Job::shuttle(case(), Ends::Dropped, Scheduler::Dfs);
            dfs.limits.executions = Some(SCHEDULES);
            vec![dfs, Job::shuttle(case(), Ends::Dropped, walks)]
        }
        _ => vec![Job::rc11(case(), Ends::Dropped)],
    }
}

/// What the runs come to together; one that was cut off says nothing beside another.
fn verdict(runs: &[Exploration]) -> Verdict {
    let verdicts = runs.iter().map(Exploration::verdict);
    let all: Vec<_> = verdicts.filter(|v| *v != Verdict::CutOff).collect();
    assert!(!all.is_empty(), "all runs were cut off");
    all.into_iter().fold(Verdict::Pass, Verdict::and)
}

#[test]
fn scenarios_come_to_what_they_say() {
    let engine = worker::engine::compiled();
    let subject = kernel_subject::subject();
    let scenarios = subject.describe().scenarios;
    assert_eq!(scenarios.len(), 6);
    for scenario in scenarios {
        let name = &scenario.name;
        let runs: Vec<_> = jobs(engine, name)
            .iter()
            .map(|job| subject.explore(job, Arc::new(|_| ())).unwrap())
            .collect();
        // Shuttle knows no weak memory, and cannot show a race that needs it.
        let expected = match (scenario.broken, engine) {
            (None, _) => Verdict::Pass,
            (Some(broken), EngineName::Shuttle) => broken.shuttle.unwrap_or(Verdict::Pass),
            (Some(broken), _) => broken.loom,
        };
        let failures: Vec<_> = runs.iter().filter_map(|run| run.failure.as_ref()).collect();
        assert_eq!(verdict(&runs), expected, "{name} on {engine}: {failures:?}");
        if expected == Verdict::Pass {
            let whole = runs.iter().any(|run| run.complete || run.sampled);
            assert!(whole, "{name} on {engine}: nothing was explored to its end");
        }
    }
}
