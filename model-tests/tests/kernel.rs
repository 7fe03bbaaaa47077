//! The second subject, under rc11: a kernel's own files.
//!
//! - They are the files of its normal build, to the byte, and know of no harness.
//! - Its scenarios come to what they say, and the failing ones name its files.
//! - Whatever two threads do in two steps, or three in one, comes to what it comes to in
//!   `meta-core` with the kernel's orderings, races included; and to what it comes to in
//!   `meta-core` as it is with the kernel's orderings mended.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use model_tests::cargo::{cargo, run};
use model_tests::print::{failure, story::Detail};
use model_tests::worker::{Worker, build};
use model_tests::{package, unseen, workspace};
use pipe::{
    Description, EngineName, Exploration, Job, Ordering, OrderingChange, Record, StepKind, Target,
    Verdict,
};
use programs::outcome::Ends;
use programs::program::{Bound, Program, enumerate};

const SUBJECT: &str = "model-tests/subjects/kernel";

/// Where its files are, as places name them: without the `..` of a `#[path]`.
const TREE: &str = "model-tests/subjects/kernel/tree/src/";

/// The file with all the atomic accesses of frames.
const SLOT: &str = include_str!("../subjects/kernel/tree/src/frame/slot.rs");

const TRY_UNIQUE: &str = ".compare_exchange(1, UNIQUE";

struct Workers {
    meta_core: PathBuf,
    kernel: PathBuf,
}

/// Built one after the other: which subject is built is a matter of the process.
static WORKERS: LazyLock<Workers> = LazyLock::new(|| {
    let meta_core = build(EngineName::Rc11).unwrap();
    package::choose(Some(&workspace::root().join(SUBJECT))).unwrap();
    let kernel = build(EngineName::Rc11).unwrap();
    Workers { meta_core, kernel }
});

fn worker(program: &Path) -> Worker {
    Worker::new(EngineName::Rc11, program)
}

fn explore(worker: &mut Worker, job: &Job) -> Exploration {
    let explored = worker.explore(job, &mut |_| ());
    explored.unwrap_or_else(|error| panic!("{}: {error}", job.case))
}

/// What a build of a program or library was made of, as cargo has it.
fn sources(built: &Path) -> BTreeSet<PathBuf> {
    let files = unseen::sources(built).unwrap_or_else(|error| panic!("{error}"));
    files
        .iter()
        .map(|file| file.canonicalize().unwrap())
        .collect()
}

/// All files below a folder.
fn below(folder: &Path) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let inner = folders.iter().flat_map(|folder| below(folder));
    inner
        .chain(files.into_iter().map(|file| file.canonicalize().unwrap()))
        .collect()
}

#[test]
fn the_files_are_those_of_the_normal_build() {
    let target = workspace::target();
    let mut normal = cargo(workspace::root(), &target, EngineName::Threads);
    normal.args(["build", "--quiet", "--release", "--package", "kernel"]);
    run(normal).unwrap();
    let normal = sources(&target.join("release/libkernel.rlib"));
    LazyLock::force(&WORKERS);
    let model = sources(&workspace::target().join("rc11/worker/kernel-subject"));

    let tree = workspace::root().join(SUBJECT).join("tree/src");
    let mut own = below(&tree.join("frame"));
    own.extend(below(&tree.join("sync")));
    assert!(own.len() > 10, "{own:?}");
    assert!(own.is_subset(&normal), "{:?}", own.difference(&normal));
    assert!(own.is_subset(&model), "{:?}", own.difference(&model));
    let tree = tree.canonicalize().unwrap();
    let others: Vec<_> = model
        .iter()
        .filter(|file| file.starts_with(&tree) && !own.contains(*file))
        .collect();
    assert!(
        others.is_empty(),
        "not a file of the kernel's own: {others:?}"
    );
    for file in &own {
        let text = fs::read_to_string(file).unwrap();
        for word in [
            "cfg", "facade", "rc11", "loom", "shuttle", "worker", "explor", "model",
        ] {
            assert!(!text.contains(word), "{}: {word}", file.display());
        }
    }
}

#[test]
fn scenarios_come_to_what_they_say() {
    let mut worker = worker(&WORKERS.kernel);
    let mut seen = BTreeMap::new();
    for scenario in worker.describe().unwrap().scenarios {
        let job = Job::rc11(Target::Scenario(scenario.name.clone()), Ends::Dropped);
        let explored = explore(&mut worker, &job);
        let expected = scenario.broken.map_or(Verdict::Pass, |broken| broken.loom);
        assert_eq!(
            explored.verdict(),
            expected,
            "{}: {:?}",
            scenario.name,
            explored.failure
        );
        assert_eq!(
            explored.complete,
            expected == Verdict::Pass,
            "{}",
            scenario.name
        );
        let failure = explored.failure.map(|failure| failure.reason.to_string());
        seen.insert(scenario.name, failure.unwrap_or_default());
    }
    assert_eq!(seen.len(), 6);
    for (name, file) in [
        ("control-empty-segment-looks-at-a-frame", "frame/slot.rs:"),
        ("control-failing-reader-wakes-nobody", "sync/wait_queue.rs:"),
        ("control-only-pointer-is-relaxed", "sync/counted.rs:"),
    ] {
        assert!(seen[name].contains(file), "{name}: {}", seen[name]);
    }
}

/// The line of the kernel's one access that reads like this.
fn line(access: &str) -> usize {
    let mut lines = (1..)
        .zip(SLOT.lines())
        .filter(|(_, line)| line.contains(access));
    let (line, _) = lines.next().unwrap();
    assert_eq!(lines.next(), None, "{access}");
    line
}

/// Another ordering for it.
fn change(access: &str, ordering: Ordering) -> OrderingChange {
    let line = line(access);
    OrderingChange {
        site: format!("frame/slot.rs:{line}"),
        ordering,
    }
}

#[test]
fn the_race_names_the_ordering_that_it_lacks() {
    let mut worker = worker(&WORKERS.kernel);
    let described = Box::leak(Box::new(worker.describe().unwrap()));
    let program: Program = "shared*2: read | try_unique".parse().unwrap();
    let job = Job::rc11(program, Ends::Dropped).recording(Record::STEPS);
    let text = failure::text(&job, &explore(&mut worker, &job), described, Detail::Story);
    let words: Vec<_> = text.split_whitespace().collect();
    let (lacks, line) = (words.join(" "), line(TRY_UNIQUE));
    let lacks = lacks
        .split_once("with Acquire in ")
        .unwrap_or_else(|| panic!("{text}"));
    let site = lacks.1.split(',').next().unwrap();
    assert!(site.contains(&format!("slot.rs:{line}:")), "{text}");
}

/// Also where threads sleep, which the graph has and the steps do not.
#[test]
fn a_failing_scenario_shows_what_each_read_reads_from() {
    let mut worker = worker(&WORKERS.kernel);
    let described: &Description = Box::leak(Box::new(worker.describe().unwrap()));
    for scenario in described
        .scenarios
        .iter()
        .filter(|one| one.broken.is_some())
    {
        let name = &scenario.name;
        let job = Job::rc11(Target::Scenario(name.clone()), Ends::Dropped);
        let job = job.recording(Record::STEPS);
        let explored = explore(&mut worker, &job);
        let failure = explored.failure.as_ref().unwrap();
        assert!(
            failure.graph.is_some() && !failure.steps.is_empty(),
            "{name}"
        );
        for step in &failure.steps {
            if let StepKind::Atomic {
                site,
                read,
                written,
                reads_from,
                follows,
                ..
            } = &step.kind
            {
                assert_eq!(read.is_some(), reads_from.is_some(), "{name}: {step:?}");
                assert_eq!(written.is_some(), follows.is_some(), "{name}: {step:?}");
                assert!(site.starts_with(TREE), "{name}: {site}");
            }
        }
        let text = failure::text(&job, &explored, described, Detail::Story);
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if explored.verdict() == Verdict::Deadlock {
            let waits = format!("waits at {TREE}sync/wait_queue.rs:");
            assert!(text.contains(&waits), "{text}");
            assert!(text.contains("Its last read is step "), "{text}");
        }
    }
}

fn named(site: &str, ordering: Ordering) -> OrderingChange {
    OrderingChange {
        site: site.to_owned(),
        ordering,
    }
}

/// How many executions a pass took, and what they showed.
type Pass = (u64, BTreeMap<String, u64>);

/// What an exploration came to, as far as it is the same for both.
fn result(explored: Exploration) -> (Verdict, Option<Pass>) {
    let verdict = explored.verdict();
    // How soon a race is met is a matter of the accesses that are plain.
    let seen = (verdict == Verdict::Pass).then_some((explored.executions, explored.outcomes));
    (verdict, seen)
}

/// Explores all small programs on both, and returns how often what was the verdict of
/// both.
fn compare(meta_core: &[OrderingChange], kernel: &[OrderingChange]) -> BTreeMap<String, u32> {
    let mut workers = [worker(&WORKERS.meta_core), worker(&WORKERS.kernel)];
    let mut verdicts = BTreeMap::new();
    for bound in ["2x2", "3x1"] {
        let bound: Bound = bound.parse().unwrap();
        for program in enumerate(bound, false) {
            for ends in [Ends::Dropped, Ends::Left] {
                let job = Job::rc11(program.clone(), ends);
                let ours = explore(&mut workers[0], &job.clone().with_orderings(meta_core));
                let theirs = explore(&mut workers[1], &job.with_orderings(kernel));
                let race = theirs
                    .failure
                    .as_ref()
                    .map(|failure| failure.reason.to_string());
                assert!(
                    race.is_none_or(|race| race.contains("frame/slot.rs:")),
                    "{program}"
                );
                let (ours, theirs) = (result(ours), result(theirs));
                assert_eq!(ours, theirs, "{program}, {ends}");
                *verdicts.entry(theirs.0.to_string()).or_default() += 1;
            }
        }
    }
    verdicts
}

#[test]
fn programs_come_to_what_they_come_to_in_meta_core_with_the_kernels_orderings() {
    let orderings = [
        named("TRY_UNIQUE", Ordering::Relaxed),
        named("RESET_STORE", Ordering::Release),
    ];
    let verdicts = compare(&orderings, &[]);
    let expected = [("data race", 65 + 4 + 3), ("pass", 1440 + 1501 + 97 + 100)];
    assert_eq!(
        verdicts,
        expected.map(|(verdict, n)| (verdict.to_owned(), n)).into()
    );
}

#[test]
fn programs_come_to_what_they_come_to_in_meta_core_once_the_orderings_are_mended() {
    let mended = [
        change(TRY_UNIQUE, Ordering::Acquire),
        change(".store(0, Ordering::Release)", Ordering::Relaxed),
    ];
    let verdicts = compare(&[], &mended);
    assert_eq!(verdicts, [("pass".to_owned(), 2 * (1505 + 100))].into());
}
