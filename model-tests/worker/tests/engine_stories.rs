//! The failing executions in `stories/` are those that loom finds, and those in
//! `stories/rc11/` those of rc11, so that what is said of them is not of the past.
//!
//! ```sh
//! UPDATE_EXPECT=1 RUSTFLAGS="--cfg loom" cargo test --package worker --test engine_stories
//! UPDATE_EXPECT=1 RUSTFLAGS="--cfg rc11" cargo test --package worker --test engine_stories
//! ```

#![cfg(any(loom, rc11))]

use std::path::Path;

use model_tests::counterexample::Counterexample;
use model_tests::litmus::{self, Litmus};
use model_tests::plan::Experiment;
use model_tests::smallest::smallest;
use model_tests::subject::Subject;
use model_tests::worker::Worker;
use pipe::{Exploration, Job, StepKind, Verdict};

const FOLDER: &str = if cfg!(rc11) {
    "../tests/stories/rc11"
} else {
    "../tests/stories"
};

/// The control whose smallest program has a story too.
const FINDING: &str = "kernel-try-unique-is-relaxed";

/// That story, which documents show.
const SHOWN: &str = "smallest-kernel-try-unique-is-relaxed";

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

fn jobs(question: &Experiment) -> Vec<Job> {
    if cfg!(rc11) {
        question.rc11_jobs()
    } else {
        question.loom_jobs()
    }
}

fn first_failing(worker: &mut Worker, file: &Litmus) -> (Job, Exploration) {
    let runs = jobs(&file.question()).into_iter().map(|job| {
        let run = worker.explore(&job, &mut |_| ()).unwrap();
        (job, run)
    });
    let mut failing = runs.filter(|(_, run)| run.verdict() == file.expect);
    failing
        .next()
        .unwrap_or_else(|| panic!("{} does not fail", file.name))
}

/// What is recorded. Lines move, what happens on them does not: only the story that
/// documents show has them.
fn recorded(name: &str, found: &Counterexample) -> Counterexample {
    let mut found = found.clone();
    found.commit = "any".to_owned();
    if cfg!(rc11) && name == SHOWN {
        return found;
    }
    let text = serde_json::to_string(&found).unwrap();
    let (mut without, mut rest) = (String::new(), &*text);
    while let Some(at) = rest.find(".rs:") {
        let (file, place) = rest.split_at(at + ".rs".len());
        without.push_str(file);
        rest = place.trim_start_matches(|c: char| c == ':' || c.is_ascii_digit());
    }
    without.push_str(rest);
    serde_json::from_str(&without).unwrap()
}

fn assert_is_saved(name: &str, found: &Counterexample) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER);
    let path = folder.join(format!("{name}.json"));
    let found = recorded(name, found);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        found.write(&path).unwrap();
        return;
    }
    let saved = Counterexample::load(&path).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(saved.job, found.job, "{name}");
    assert_eq!(saved.execution, found.execution, "{name}");
    assert_eq!(saved.reason, found.reason, "{name}");
    assert_eq!(saved.graph, found.graph, "{name}");
    assert_eq!(saved.steps, found.steps, "{name}");
}

#[test]
fn the_stories_of_the_controls_are_what_the_engine_finds() {
    let mut worker = worker();
    for file in controls() {
        let (job, run) = first_failing(&mut worker, &file);
        let found = Counterexample::of(&job, &run).unwrap();
        let last = found.steps.last().unwrap();
        let is_plain = matches!(last.kind, StepKind::Plain { .. });
        assert!(is_plain, "{}: it stops at {last:?}", file.name);
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
    assert_is_saved(SHOWN, &found);
}

/// loom goes through the executions that came before, the same every time; rc11 makes
/// the one alone.
#[test]
fn a_replay_makes_the_same_execution() {
    let mut worker = worker();
    for file in controls() {
        let (job, run) = first_failing(&mut worker, &file);
        let found = Counterexample::of(&job, &run).unwrap();
        let again = worker.explore(&found.job(), &mut |_| ()).unwrap();
        let executions = if cfg!(rc11) { 1 } else { found.execution };
        assert_eq!(again.executions, executions, "{}", file.name);
        let again = again.failure.unwrap();
        assert_eq!(again.steps, found.steps, "{}", file.name);
        assert_eq!(again.graph, found.graph, "{}", file.name);
    }
}

#[cfg(rc11)]
mod rc11 {
    use pipe::{Origin, Reason, Step, Target};
    use programs::outcome::Ends;

    use super::*;

    /// A lookup sees what was published after what it has seen.
    fn stale() -> Experiment {
        let publication = pipe::OrderingChange {
            site: "PUBLISH_SHARED".to_owned(),
            ordering: pipe::Ordering::Relaxed,
        };
        let program = "unused: alloc alloc@1 | get@1 get".parse().unwrap();
        Experiment {
            ends: vec![Ends::Left],
            orderings: vec![publication],
            case: Target::Program(program),
            ..controls()[0].question()
        }
    }

    #[test]
    fn a_stale_value_on_two_slots_has_its_story() {
        let mut worker = worker();
        let [job] = jobs(&stale()).try_into().unwrap();
        let run = worker.explore(&job, &mut |_| ()).unwrap();
        assert_eq!(run.verdict(), Verdict::ForbiddenOutcome);
        let found = Counterexample::of(&job, &run).unwrap();
        assert_is_saved("forbidden-outcome-of-a-stale-value", &found);
        let again = worker.explore(&found.job(), &mut |_| ()).unwrap();
        assert_eq!(again.executions, 1);
        assert_eq!(again.failure.unwrap().steps, found.steps);
    }

    /// What a read reads from has the value that is read, and a write follows another
    /// one of its word.
    #[test]
    fn every_read_names_its_write_and_every_write_its_place() {
        let mut worker = worker();
        let mut questions: Vec<_> = controls().iter().map(Litmus::question).collect();
        questions.push(stale());
        let mut mailboxes = 0;
        for question in questions {
            let run = jobs(&question)
                .into_iter()
                .map(|job| worker.explore(&job, &mut |_| ()).unwrap())
                .find(|run| run.verdict().is_failure());
            let steps = run.unwrap().failure.unwrap().steps;
            let written = |origin: Origin, slot| match origin {
                Origin::Start => None,
                Origin::Step(write) => match &steps[write] {
                    Step {
                        slot: of,
                        kind: StepKind::Atomic { written, .. },
                        ..
                    } if *of == slot => Some(written.expect("a write")),
                    other => panic!("{other:?} is no write of {slot:?}"),
                },
            };
            for (index, step) in steps.iter().enumerate() {
                mailboxes += usize::from(matches!(step.kind, StepKind::Mailbox { .. }));
                let StepKind::Atomic {
                    read,
                    written: writes,
                    reads_from,
                    follows,
                    ..
                } = &step.kind
                else {
                    continue;
                };
                assert_eq!(read.is_some(), reads_from.is_some(), "{step:?}");
                assert_eq!(writes.is_some(), follows.is_some(), "{step:?}");
                if let Some(origin) = reads_from {
                    let value = written(*origin, step.slot);
                    assert!(value.is_none() || value == *read, "{step:?}");
                    let earlier = !matches!(origin, Origin::Step(write) if *write >= index);
                    assert!(earlier, "{step:?}");
                    assert!(writes.is_none() || follows == reads_from, "{step:?}");
                }
                follows.map(|origin| written(origin, step.slot));
            }
        }
        assert!(mailboxes > 0, "a control with a mailbox is among them");
    }

    /// On several cores too the story is that of the graph.
    #[test]
    fn several_cores_tell_the_story_of_one_graph() {
        let mut worker = worker();
        for job in jobs(&stale()) {
            let mut several = job.clone();
            if let pipe::Manner::Rc11(rc11) = &mut several.manner {
                rc11.cores = 2;
            }
            let run = worker.explore(&several, &mut |_| ()).unwrap();
            let found = Counterexample::of(&several, &run).unwrap();
            let again = worker.explore(&found.job(), &mut |_| ()).unwrap();
            assert!(matches!(found.reason, Some(Reason::Forbidden { .. })));
            let again = again.failure.unwrap();
            assert_eq!(
                (again.steps, Some(again.reason)),
                (found.steps, found.reason)
            );
        }
    }

    /// A graph that other code made is no execution of this one.
    #[test]
    fn a_graph_of_another_program_is_a_tool_failure() {
        let mut worker = worker();
        let [job] = jobs(&stale()).try_into().unwrap();
        let run = worker.explore(&job, &mut |_| ()).unwrap();
        let mut found = Counterexample::of(&job, &run).unwrap();
        found.job.case = Target::Program("unused: get get@1 | get@1 get".parse().unwrap());
        let again = worker.explore(&found.job(), &mut |_| ()).unwrap();
        assert_eq!(again.verdict(), Verdict::ToolFailure, "{again:?}");
        found.graph = Some(pipe::Graph(serde_json::json!({"threads": 2})));
        let refused = worker.explore(&found.job(), &mut |_| ()).unwrap_err();
        assert!(refused.contains("not an execution graph"), "{refused}");
    }

    /// Samples come again from their seed, and from their graph alone.
    #[test]
    fn a_failing_sample_comes_again_from_its_seed_and_from_its_graph() {
        let mut worker = worker();
        for search in [(1, 5_000), (2, 5_000)] {
            let (seed, samples) = search;
            let mut job = jobs(&stale()).remove(0);
            if let pipe::Manner::Rc11(rc11) = &mut job.manner {
                rc11.search = pipe::Search::Sample { seed, samples };
            }
            job.enumerate = false;
            let run = worker.explore(&job, &mut |_| ()).unwrap();
            assert!(!run.complete && !run.sampled);
            assert_eq!(run.verdict(), Verdict::ForbiddenOutcome);
            let found = Counterexample::of(&job, &run).unwrap();
            let from_seed = worker.explore(&job, &mut |_| ()).unwrap();
            assert_eq!(from_seed.executions, run.executions);
            assert_eq!(from_seed.failure, run.failure);
            let from_graph = worker.explore(&found.job(), &mut |_| ()).unwrap();
            assert_eq!(from_graph.executions, 1);
            assert_eq!(from_graph.failure, run.failure);
        }
    }

    /// What is drawn of the code as it is passes, and nothing is said to be missing.
    #[test]
    fn samples_of_several_slots_are_judged_by_what_is_forbidden() {
        let mut worker = worker();
        let mut job = jobs(&stale()).remove(0).with_orderings(&[]);
        for (samples, enumerate) in [(3, true), (3, false), (2_000, false)] {
            if let pipe::Manner::Rc11(rc11) = &mut job.manner {
                rc11.search = pipe::Search::Sample { seed: 1, samples };
            }
            job.enumerate = enumerate;
            let run = worker.explore(&job, &mut |_| ()).unwrap();
            assert_eq!(run.verdict(), Verdict::Pass, "{run:?}");
            assert!(run.sampled && !run.complete && run.missing.is_empty());
            // Blocked samples show no outcome.
            assert!(run.executions <= samples);
            assert!(samples < 2_000 || run.outcomes.len() == 7, "{run:?}");
        }
    }
}
