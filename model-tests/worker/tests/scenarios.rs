//! Every scenario is a test, named after it.
//!
//! A scenario passes when its expectation is met: `pass` by complete explorations
//! that saw every allowed outcome and no other, a control by the very verdict it
//! names. Each runs in a worker of its own, so that one that takes its engine
//! down harms no other.
//!
//! Without an engine's cfg all scenarios are explored under weak memory by the worker
//! of rc11, which is built for it. They also run on real threads: many rounds of the
//! code as it is. Controls are ignored there, and shuttle ignores those that weaken an
//! ordering.

mod explored;

use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use model_tests::plan::Experiment;
use model_tests::print;
use model_tests::subject::Subject;
use pipe::{EngineName, Exploration, Job, Step, StepKind, Verdict};
use prop_tests::adapter::scenario;
use prop_tests::scenario::{Expected, Scenario};
use prop_tests::world::LocalHost;
use worker::engine;

/// How often a scenario runs on real threads.
const ROUNDS: u64 = 500;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let engine = engine::compiled();
    let mut trials = Vec::new();
    if engine == EngineName::Threads {
        for scenario in scenario::all::<LocalHost>() {
            let name = format!("rc11::{}", scenario.name);
            let test = move || run(explored::rc11_worker()?, EngineName::Rc11, &scenario);
            trials.push(Trial::test(name, test));
        }
    }
    for scenario in scenario::all::<LocalHost>() {
        let explored = suits(engine, &scenario);
        let own = explored::own_worker();
        let trial = Trial::test(scenario.name.to_string(), move || {
            run(own, engine, &scenario)
        });
        trials.push(trial.with_ignored_flag(!explored));
    }
    explored::conclude(&arguments, trials)
}

/// Whether the engine can judge the scenario.
fn suits(engine: EngineName, scenario: &Scenario) -> bool {
    match (engine, scenario.expected) {
        (EngineName::Rc11 | EngineName::Loom, _) | (_, Expected::Pass) => true,
        (EngineName::Shuttle, Expected::Broken { shuttle, .. }) => shuttle.is_some(),
        (EngineName::Threads, Expected::Broken { .. }) => false,
    }
}

fn run(program: &Path, engine: EngineName, scenario: &Scenario) -> Result<(), Failed> {
    let runs = explored::runs(program, engine, &question(scenario)?, ROUNDS)?;
    judge(engine, scenario, &runs)
}

fn question(scenario: &Scenario) -> Result<Experiment, String> {
    let subject = Subject::new(|| Ok(worker::describe())).description()?;
    let weaken = match scenario.expected {
        Expected::Broken { weaken, .. } => weaken,
        Expected::Pass => None,
    };
    let change = weaken.map(|change| subject.change(change)).transpose()?;
    Ok(Experiment::of_scenario(&scenario.name, change))
}

fn judge(
    engine: EngineName,
    scenario: &Scenario,
    runs: &[(Job, Exploration)],
) -> Result<(), Failed> {
    let verdict = runs.iter().fold(Verdict::Pass, |verdict, (_, run)| {
        verdict.and(run.verdict())
    });
    let executions = runs.iter().map(|(_, run)| run.executions).sum();
    let complete = runs.iter().filter(|(_, run)| run.complete).count();
    let counts = |(_, run): &(Job, Exploration)| (run.outcomes.len(), run.allowed);
    let (seen, allowed) = runs.iter().map(counts).max().unwrap_or_default();
    println!(
        "{}: {} executions, {} of {} outcomes, {complete} of {} runs complete, {verdict}",
        scenario.name,
        print::count(executions),
        seen,
        allowed,
        runs.len(),
    );
    let expected = match scenario.expected {
        Expected::Pass => Verdict::Pass,
        Expected::Broken { loom, shuttle, .. } => match engine {
            EngineName::Shuttle => shuttle.unwrap_or(loom).parse()?,
            _ => loom.parse()?,
        },
    };
    if verdict != expected {
        return Err(format!("expected {expected}, got {verdict}\n{}", story(runs)).into());
    }
    // The graph of a failing execution has the write of each of its reads.
    let failures = runs.iter().filter_map(|(_, run)| run.failure.as_ref());
    let mut steps = failures.flat_map(|failure| &failure.steps);
    let is_unnamed = |step: &Step| {
        matches!(
            step.kind,
            StepKind::Atomic {
                read: Some(_),
                reads_from: None,
                ..
            }
        )
    };
    if engine == EngineName::Rc11 && steps.any(is_unnamed) {
        return Err(format!("a read names no write\n{}", story(runs)).into());
    }
    // Samples alone do not show that every allowed outcome is seen.
    if expected == Verdict::Pass && engine != EngineName::Threads && complete == 0 {
        return Err(format!("no run is complete\n{}", story(runs)).into());
    }
    Ok(())
}

fn story(runs: &[(Job, Exploration)]) -> String {
    let mut said = String::new();
    for (job, run) in runs {
        said.push_str(&print::line::text(job, run));
        said.push('\n');
        if let Some(failure) = &run.failure {
            said.push_str(&print::steps::text(failure, &worker::describe()));
        }
        for outcome in &run.missing {
            said.push_str(&format!("  missing: {outcome}\n"));
        }
    }
    said
}
