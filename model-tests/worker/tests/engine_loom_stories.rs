//! The failing executions in `stories/` are those that loom finds, so that what
//! is said of them is not of the past.
//!
//! ```sh
//! UPDATE_EXPECT=1 RUSTFLAGS="--cfg loom" cargo test --package worker --test engine_loom_stories
//! ```

#![cfg(loom)]

use std::path::Path;

use model_tests::counterexample::Counterexample;
use model_tests::litmus::{self, Litmus};
use model_tests::smallest::smallest;
use model_tests::subject::Subject;
use model_tests::worker::Worker;
use pipe::{Exploration, Job, Step, StepKind, Verdict};

/// The control whose smallest program has a story too.
const FINDING: &str = "kernel-try-unique-is-relaxed";

fn worker() -> Worker {
    let program = Path::new(env!("CARGO_BIN_EXE_worker"));
    Worker::new(worker::engine::compiled(), program)
}

fn controls() -> Vec<Litmus> {
    let folder = model_tests::workspace::litmus();
    let mut files = litmus::load_all(&folder, &Subject::new(|| Ok(worker::describe()))).unwrap();
    files.retain(|file| file.expect == Verdict::DataRace);
    files
}

fn first_failing(worker: &mut Worker, file: &Litmus) -> (Job, Exploration) {
    let runs = file.jobs().into_iter().map(|job| {
        let run = worker.explore(&job, &mut |_| ()).unwrap();
        (job, run)
    });
    let mut failing = runs.filter(|(_, run)| run.verdict() == file.expect);
    failing
        .next()
        .unwrap_or_else(|| panic!("{} does not fail", file.name))
}

/// Lines move; what happens on them does not.
fn without_lines(steps: &[Step]) -> Vec<Step> {
    let mut steps = steps.to_vec();
    for step in &mut steps {
        if let StepKind::Plain { location, .. } = &mut step.kind {
            let file = location.rsplit_once(':').map_or("", |(file, _)| file);
            *location = file.to_owned();
        }
    }
    steps
}

fn assert_is_saved(name: &str, found: &Counterexample) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/stories");
    let path = folder.join(format!("{name}.json"));
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        let mut found = found.clone();
        found.commit = "any".to_owned();
        found.write(&path).unwrap();
        return;
    }
    let saved = Counterexample::load(&path).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(saved.job, found.job, "{name}");
    assert_eq!(saved.execution, found.execution, "{name}");
    assert_eq!(
        without_lines(&saved.steps),
        without_lines(&found.steps),
        "{name}"
    );
}

#[test]
fn the_stories_of_the_controls_are_what_loom_finds() {
    let mut worker = worker();
    for file in controls() {
        let (job, run) = first_failing(&mut worker, &file);
        let found = Counterexample::of(&job, &run).unwrap();
        let last = found.steps.last().unwrap();
        let is_plain = matches!(last.kind, StepKind::Plain { .. });
        assert!(is_plain, "{}: loom stops at {last:?}", file.name);
        assert_is_saved(&file.name, &found);
    }
}

#[test]
fn the_smallest_program_fails_in_the_same_way() {
    let mut worker = worker();
    let file = controls()
        .into_iter()
        .find(|file| file.name == FINDING)
        .unwrap();
    let (job, run) = first_failing(&mut worker, &file);
    let (small, run) = smallest(&mut worker, &file.question(), (&job, &run));
    assert_eq!(run.verdict(), Verdict::DataRace);
    assert!(
        small.case.to_string().len() < job.case.to_string().len(),
        "{}",
        small.case
    );
    let found = Counterexample::of(&small, &run).unwrap();
    let found = found.from_original(&job.case.to_string());
    assert_eq!(
        found.original.as_deref(),
        Some(job.case.to_string().as_str())
    );
    assert_is_saved(&format!("smallest-{FINDING}"), &found);
}

/// A replay goes through the executions that came before: the same every time.
#[test]
fn a_replay_makes_the_same_execution() {
    let mut worker = worker();
    for file in controls() {
        let (job, run) = first_failing(&mut worker, &file);
        let found = Counterexample::of(&job, &run).unwrap();
        let again = worker.explore(&found.job(), &mut |_| ()).unwrap();
        let steps = again.failure.map(|failure| failure.steps);
        assert_eq!(steps.as_ref(), Some(&found.steps), "{}", file.name);
    }
}
