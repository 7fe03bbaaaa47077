//! Each operation alone, and the accesses that it makes under rc11: which sites,
//! by their own names, in which order. The table was written from the protocol's
//! description, not from the code.

use std::collections::BTreeSet;

use model_tests::worker::{Worker, build};
use pipe::{Description, EngineName, Exploration, Job, Record, StepKind, Target};
use programs::outcome::Ends;
use programs::program::{OpName, Program};

/// A program in which one thread alone does something, and the accesses of each of
/// its operations. The other thread's `drop@1` finds nothing to drop.
const OPERATIONS: [(&str, &[&str]); 26] = [
    ("unused: alloc | drop@1", &["CLAIM PUBLISH_SHARED"]),
    ("unused: alloc_unique | drop@1", &["CLAIM PUBLISH_UNIQUE"]),
    ("shared: drop@1 | alloc", &["CLAIM_FAIL"]),
    ("unique: drop@1 | alloc", &["CLAIM_FAIL"]),
    ("shared: drop@1 | alloc_unique", &["CLAIM_FAIL"]),
    ("unused: get | drop@1", &["PROBE"]),
    ("unique: drop@1 | get", &["PROBE"]),
    ("shared: drop@1 | get", &["PROBE ACQUIRE_REF"]),
    ("shared: clone | drop@1", &["INC"]),
    ("shared*2: drop | drop@1", &["DEC"]),
    ("shared: drop | drop@1", &["DEC LAST_FENCE RETIRE"]),
    ("unique: drop | drop@1", &["UNIQUE_RESET RETIRE"]),
    ("unique: reset | drop@1", &["RESET_STORE RETIRE"]),
    ("unique: share | drop@1", &["SHARE"]),
    ("shared: try_unique | drop@1", &["TRY_UNIQUE"]),
    ("shared*2: try_unique | drop@1", &["TRY_UNIQUE_FAIL"]),
    ("shared: count | drop@1", &["COUNT"]),
    // Plain memory, and no access that is atomic.
    ("shared: read | drop@1", &[""]),
    ("unique: read write | drop@1", &["", ""]),
    ("unique: repurpose | drop@1", &[""]),
    ("shared: give take | drop@1", &["", ""]),
    // What does not apply makes no access.
    ("unused: drop read reset share | drop@1", &["", "", "", ""]),
    ("shared: alloc share reset | drop@1", &["", "", ""]),
    // One after the other, each its own.
    (
        "unused: alloc clone drop drop | drop@1",
        &[
            "CLAIM PUBLISH_SHARED",
            "INC",
            "DEC",
            "DEC LAST_FENCE RETIRE",
        ],
    ),
    (
        "unique: share try_unique reset | drop@1",
        &["SHARE", "TRY_UNIQUE", "RESET_STORE RETIRE"],
    ),
    (
        "unused: alloc_unique drop alloc_unique reset | drop@1",
        &[
            "CLAIM PUBLISH_UNIQUE",
            "UNIQUE_RESET RETIRE",
            "CLAIM PUBLISH_UNIQUE",
            "RESET_STORE RETIRE",
        ],
    ),
];

/// What is held at the end is dropped in the same way.
const ENDS: [(&str, &str); 4] = [
    ("unused: alloc | drop@1", "DEC LAST_FENCE RETIRE"),
    ("shared: try_unique | drop@1", "UNIQUE_RESET RETIRE"),
    ("unique: share | drop@1", "DEC LAST_FENCE RETIRE"),
    ("unique: read | drop@1", "UNIQUE_RESET RETIRE"),
];

/// Needs another thread that comes between a lookup's load and its
/// compare-and-swap.
const CONTENDED: (&str, &str) = ("shared: clone | get", "ACQUIRE_REF_FAIL");

fn worker() -> Worker {
    Worker::new(EngineName::Rc11, &build(EngineName::Rc11).unwrap())
}

fn explore(worker: &mut Worker, program: &str, ends: Ends) -> Exploration {
    let parsed: Program = program.parse().unwrap();
    let job = Job::rc11(parsed, ends).recording(Record {
        examples: true,
        sites: true,
        ..Record::default()
    });
    let run = worker.explore(&job, &mut |_| ()).unwrap();
    assert_eq!(run.failure, None, "{program}");
    run
}

/// The sites of each operation of the thread that does something, in the one
/// execution that there is.
fn trace(worker: &mut Worker, program: &str, ends: Ends) -> Vec<String> {
    let run = explore(worker, program, ends);
    assert_eq!((run.executions, run.examples.len()), (1, 1), "{program}");
    let parsed: Program = program.parse().unwrap();
    let idle = |ops: &Vec<_>| {
        matches!(
            ops[..],
            [programs::program::Op {
                name: OpName::Drop,
                slot: 1
            }]
        )
    };
    let acts = parsed.threads.iter().position(|ops| !idle(ops));
    let thread = acts.expect("a thread that does something") + 1;
    let mut operations: Vec<Vec<String>> = Vec::new();
    for step in run.examples.values().flatten() {
        match &step.kind {
            StepKind::Begin { .. } if step.thread == thread => operations.push(Vec::new()),
            StepKind::Atomic { site, written, .. } => {
                assert_eq!(step.thread, thread, "{program}: {site}");
                let fence = site == "LAST_FENCE";
                assert_eq!(step.slot, (!fence).then_some(0), "{program}: {site}");
                assert!(!fence || written.is_none(), "{program}");
                operations.last_mut().expect("it began").push(site.clone());
            }
            _ => {}
        }
    }
    operations.iter().map(|sites| sites.join(" ")).collect()
}

#[test]
fn each_operation_makes_its_own_accesses() {
    let worker = &mut worker();
    let mut seen = BTreeSet::new();
    for (program, expected) in OPERATIONS {
        let trace = trace(worker, program, Ends::Left);
        assert_eq!(trace, expected, "{program}");
        seen.extend(
            trace
                .iter()
                .flat_map(|sites| sites.split(' '))
                .map(str::to_owned),
        );
    }
    for (program, expected) in ENDS {
        let trace = trace(worker, program, Ends::Dropped);
        assert_eq!(
            trace.last().map(String::as_str),
            Some(expected),
            "{program}"
        );
    }
    let (program, site) = CONTENDED;
    let run = explore(worker, program, Ends::Left);
    assert!(run.sites.iter().any(|met| met.name == site), "{site}");
    seen.insert(site.to_owned());
    seen.remove("");
    let described = worker.describe().unwrap();
    let (others, of_slots) = modelled(&described)
        .into_iter()
        .partition(|site| of_scenarios(site));
    assert_eq!(seen, of_slots);
    assert_eq!(met_in_scenarios(worker, &described, &others), others);
}

/// The sites that models explore, each of which has to be met.
fn modelled(described: &Description) -> BTreeSet<String> {
    let modelled = described.sites.iter().filter(|site| site.modelled);
    modelled.map(|site| site.name.clone()).collect()
}

/// Lists and pages are no part of the text form.
fn of_scenarios(site: &str) -> bool {
    site.starts_with("LIST_") || site.starts_with("PAGE_")
}

/// Those of these sites that a scenario performs.
fn met_in_scenarios(
    worker: &mut Worker,
    described: &Description,
    sites: &BTreeSet<String>,
) -> BTreeSet<String> {
    let mut met = BTreeSet::new();
    for scenario in described
        .scenarios
        .iter()
        .filter(|own| own.broken.is_none())
    {
        let target = Target::Scenario(scenario.name.clone());
        let job = Job::rc11(target, Ends::Dropped).recording(Record {
            sites: true,
            ..Record::default()
        });
        let run = worker.explore(&job, &mut |_| ()).unwrap();
        let names = run.sites.into_iter().map(|site| site.name);
        met.extend(names.filter(|name| sites.contains(name)));
        if met.len() == sites.len() {
            break;
        }
    }
    met
}
