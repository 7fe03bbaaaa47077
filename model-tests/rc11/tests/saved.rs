//! Graphs are saved and loaded. What makes no sense is refused.

mod common;

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicU64 as Real;

use common::{Step, Steps, litmus, runner, steps};
use proptest::prelude::*;
use proptest::sample::Index;
use rc11::sync::atomic::Ordering::{AcqRel, Relaxed};
use rc11::sync::atomic::{AtomicU64, fence};
use rc11::{Builder, FailureKind, Graph, Program, Report, Sample, hint, thread};
use serde_json::{Value, json};

fn save(graphs: &[Graph]) -> String {
    serde_json::to_string(graphs).unwrap()
}

fn load(saved: &str) -> Vec<Graph> {
    serde_json::from_str(saved).unwrap()
}

/// Graphs and all that was worked out of them.
fn all_of(graphs: &[Graph]) -> String {
    // A copy has no memory that was used before.
    format!("{:#?}", graphs.to_vec())
}

#[test]
fn graphs_are_loaded_as_they_were_saved() {
    let mut saved = 0;
    let mut judge = |report: Report| {
        let loaded = load(&save(&report.left));
        assert_eq!(all_of(&loaded), all_of(&report.left));
        // From a reader there is no text to borrow from.
        let loaded: Vec<Graph> = serde_json::from_reader(save(&report.left).as_bytes()).unwrap();
        assert_eq!(all_of(&loaded), all_of(&report.left));
        saved += loaded.len();
    };
    for program in litmus() {
        for executions in 0..20 {
            judge(
                Builder::new()
                    .max_executions(executions)
                    .explore_program(&program),
            );
        }
    }
    for executions in 0..20 {
        let mut builder = Builder::new();
        builder.max_executions(executions).spurious_failures(true);
        judge(builder.explore(spawning));
    }
    assert!(saved > 200, "{saved}");
    let judge = |program: Steps| {
        for executions in [1, 5, 25] {
            let report = Builder::new()
                .max_executions(executions)
                .explore_program(&program);
            prop_assert_eq!(all_of(&load(&save(&report.left))), all_of(&report.left));
        }
        Ok(())
    };
    runner(100).run(&steps(), judge).unwrap();
}

/// Threads that are started and joined, parked, fences, and choices.
fn spawning() {
    let word = Arc::new(AtomicU64::new(5));
    let threads = [1, 2, 3].map(|value| {
        let word = word.clone();
        thread::spawn(move || {
            let _ = word.compare_exchange_weak(5, value, AcqRel, Relaxed);
            fence(AcqRel);
            word.fetch_xor(value, Relaxed);
            thread::current().unpark();
            thread::park();
        })
    });
    for thread in threads {
        thread.join().unwrap();
    }
}

/// A thread spins, another one parks, and nobody wakes either.
struct Stuck;

impl Program for Stuck {
    fn threads(&self) -> usize {
        1
    }

    fn run(&self, _thread: usize) {
        let word = Arc::new(AtomicU64::new(0));
        let seen = word.clone();
        let sleeper = thread::spawn(move || {
            seen.fetch_add(1, Relaxed);
            thread::park();
        });
        while word.load(Relaxed) < 2 {
            hint::spin_loop();
        }
        sleeper.join().unwrap();
    }
}

#[test]
fn a_failing_sample_is_loaded_and_replayed() {
    let report = Builder::new().sample_program(1, 0..10, &Stuck);
    let failure = report.failure.expect("nobody wakes them");
    let saved = serde_json::to_string(&(failure.sample, &failure.graph)).unwrap();
    let (sample, graph): (Option<Sample>, Graph) = serde_json::from_str(&saved).unwrap();
    assert_eq!(sample, failure.sample);
    let replayed = Builder::new().replay(&graph, &Stuck).failure.unwrap();
    assert_eq!(replayed.to_string(), format!("{}\n{graph}", failure.kind));
    assert!(matches!(replayed.kind, FailureKind::Deadlock(_)));
}

/// A program of 90 executions.
fn shared() -> Steps {
    let thread = vec![Step::Add(0, 1, AcqRel), Step::Add(0, 1, Relaxed)];
    Steps::new(vec![thread; 3])
}

const LEFT: &str = "RC11_TEST_LEFT";

#[test]
#[ignore = "the half of `another_process_goes_on` that has a process of its own"]
fn goes_on_from_what_another_process_has_left() {
    let path = std::env::var_os(LEFT).expect("the other half says where");
    let left = load(&std::fs::read_to_string(&path).unwrap());
    let program = shared();
    let report = Builder::new().go_on_from(left, &program);
    assert!(report.is_complete());
    let seen = (report.complete, program.take());
    std::fs::write(&path, serde_json::to_string(&seen).unwrap()).unwrap();
}

#[test]
fn another_process_goes_on() {
    let program = shared();
    let whole = Builder::new().explore_program(&program);
    let all = program.take();
    assert_eq!(whole.complete, 90);

    let report = Builder::new().max_executions(40).explore_program(&program);
    let mut seen = program.take();
    let path = std::env::temp_dir().join(format!("rc11-left-{}", std::process::id()));
    std::fs::write(&path, save(&report.left)).unwrap();
    let status = Command::new(std::env::current_exe().unwrap())
        .args([
            "--ignored",
            "--exact",
            "goes_on_from_what_another_process_has_left",
        ])
        .env(LEFT, &path)
        .status()
        .unwrap();
    assert!(status.success());
    let rest = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let (complete, rest): (u64, std::collections::BTreeMap<String, u64>) =
        serde_json::from_str(&rest).unwrap();
    assert_eq!(report.complete + complete, 90);
    for (graph, times) in rest {
        *seen.entry(graph).or_default() += times;
    }
    assert_eq!(seen, all);
}

/// A thread moves a pointer on from an address, and another one must not see that.
struct Moves {
    base: Real,
    word: AtomicU64,
}

impl Program for &Moves {
    fn threads(&self) -> usize {
        2
    }

    fn start(&self) {
        self.word.store(self.base.load(Relaxed), Relaxed);
    }

    fn run(&self, thread: usize) {
        let base = self.base.load(Relaxed);
        if thread == 0 {
            assert!(
                self.word
                    .compare_exchange(base, base + 64, Relaxed, Relaxed)
                    .is_ok()
            );
            self.word.swap(base + 128, Relaxed);
        } else {
            assert_ne!(self.word.load(Relaxed), base + 128);
        }
    }

    fn finish(&self, _: &rc11::Execution<'_>) -> rc11::Flow {
        rc11::Flow::GoOn
    }
}

/// Each process has its memory elsewhere.
#[test]
fn a_graph_is_replayed_where_addresses_are_others() {
    let moves = Moves {
        base: Real::new(0x5555_0000_1000),
        word: AtomicU64::new(0),
    };
    let failure = Builder::new().explore_program(&&moves).failure.unwrap();
    let replay = |base| {
        moves.base.store(base, Relaxed);
        Builder::new()
            .replay(&failure.graph, &&moves)
            .failure
            .unwrap()
            .kind
    };
    for base in [0x5555_0000_1000, 0x5666_0000_1000, 0x7fff_0000_0000] {
        let kind = replay(base);
        assert!(
            matches!(kind, FailureKind::Panic { .. }),
            "{base:#x}: {kind}"
        );
    }
    // Numbers and what marks a state are no addresses.
    for base in [1, u64::MAX - 1000] {
        let kind = replay(base);
        assert!(
            matches!(kind, FailureKind::NotDeterministic(_)),
            "{base:#x}: {kind}"
        );
    }
}

fn read(location: u64, from: Option<u64>) -> Value {
    json!({"read": {"location": location, "mode": {"Load": {"order": "Relaxed"}}, "from": from}})
}

fn update(from: Option<u64>, bits: u64) -> Value {
    let update = json!({"operation": "Add", "operand": 1, "bits": bits});
    let mode = json!({"Update": {"order": "SeqCst", "update": update}});
    json!({"read": {"location": 0, "mode": mode, "from": from}})
}

fn write(location: u64, value: u64, order: &str, exclusive: bool) -> Value {
    json!({"write": {"location": location, "order": order, "value": value, "exclusive": exclusive}})
}

/// A graph of three threads and two locations.
fn graph(events: &[(u64, Value)], writes: [&[u64]; 2]) -> Value {
    let events: Vec<_> = events
        .iter()
        .map(|(thread, does)| json!({"thread": thread, "does": does}))
        .collect();
    let locations = writes.map(|writes| json!({"initial": 0, "writes": writes}));
    json!({"threads": 3, "events": events, "locations": locations})
}

#[test]
fn what_makes_no_sense_is_refused() {
    let store = |location| write(location, 1, "Relaxed", false);
    let sc = |location| write(location, 1, "SeqCst", false);
    let sc_read = |location, from: Option<u64>| json!({"read": {"location": location, "mode": {"Load": {"order": "SeqCst"}}, "from": from}});
    let spawn = |child| json!({"spawn": {"child": child}});
    let join = |child| json!({"join": {"child": child}});
    let none: [&[u64]; 2] = [&[], &[]];
    let refused = |graph: Value, why: &str| {
        let error = serde_json::from_value::<Graph>(graph.clone()).map(drop);
        let error = error.expect_err(&format!("{graph} is refused")).to_string();
        assert!(error.contains(why), "{error}\n{graph}");
    };
    let taken = |graph: Value| {
        serde_json::from_value::<Graph>(graph).unwrap();
    };

    let mut many = graph(&[], none);
    many["threads"] = json!(u64::MAX);
    refused(many, "threads, more than");
    refused(graph(&[(3, store(0))], [&[0], &[]]), "thread 3");
    refused(graph(&[(0, store(2))], none), "location 2");
    refused(graph(&[(0, read(2, None))], none), "location 2");
    taken(graph(&[(0, store(0)), (1, read(0, Some(0)))], [&[0], &[]]));
    refused(graph(&[(0, read(0, Some(7)))], none), "reads from event 7");
    refused(
        graph(&[(0, read(0, None)), (1, read(0, Some(0)))], none),
        "reads from event 0",
    );
    refused(
        graph(&[(0, store(1)), (1, read(0, Some(0)))], [&[], &[0]]),
        "reads from event 0",
    );
    refused(graph(&[(0, store(0))], none), "each write once");
    refused(graph(&[(0, store(0))], [&[0, 0], &[]]), "each write once");
    refused(
        graph(&[(0, store(0))], [&[0], &[0]]),
        "writes nothing there",
    );
    refused(
        graph(&[(0, read(0, None))], [&[0], &[]]),
        "writes nothing there",
    );
    refused(graph(&[(0, store(0))], [&[9], &[]]), "event 9");
    // Threads.
    taken(graph(
        &[(0, spawn(1)), (1, store(0)), (0, join(1))],
        [&[1], &[]],
    ));
    refused(graph(&[(0, spawn(3))], none), "thread 3");
    refused(graph(&[(0, spawn(1)), (2, spawn(1))], none), "thread 1");
    refused(graph(&[(0, join(1))], none), "thread 1");
    refused(graph(&[(0, spawn(0))], none), "circle");
    refused(graph(&[(0, spawn(1)), (1, join(1))], none), "circle");
    // Updates.
    let added = |value| write(0, value, "SeqCst", true);
    taken(graph(&[(0, update(None, 64)), (0, added(1))], [&[1], &[]]));
    taken(graph(&[(0, update(None, 64))], none));
    refused(graph(&[(0, update(None, 0))], none), "bits");
    refused(graph(&[(0, update(None, 65))], none), "bits");
    refused(
        graph(&[(0, update(None, 64)), (0, added(2))], [&[1], &[]]),
        "follows",
    );
    refused(
        graph(&[(0, update(None, 64)), (0, read(0, None))], none),
        "follows",
    );
    refused(graph(&[(0, added(1))], [&[0], &[]]), "follows");
    refused(
        graph(&[(0, update(None, 64)), (1, update(None, 64))], none),
        "without its write",
    );
    let both = [
        (0, update(None, 64)),
        (0, added(1)),
        (1, update(None, 64)),
        (1, added(1)),
    ];
    refused(graph(&both, [&[1, 3], &[]]), "atomicity");
    refused(graph(&both[..3], [&[1], &[]]), "atomicity");
    // Load buffering with both: out of thin air.
    let thin_air = [
        (0, read(0, Some(3))),
        (0, store(1)),
        (1, read(1, Some(1))),
        (1, store(0)),
    ];
    refused(graph(&thin_air, [&[3], &[1]]), "circle");
    // Coherence: of reads, and of writes.
    let back = [(0, store(0)), (1, read(0, Some(0))), (1, read(0, None))];
    refused(graph(&back, [&[0], &[]]), "coherence");
    let order = [(0, store(0)), (0, store(0))];
    taken(graph(&order, [&[0, 1], &[]]));
    refused(graph(&order, [&[1, 0], &[]]), "coherence");
    // Store buffering.
    let buffered = [
        (0, sc(0)),
        (0, sc_read(1, None)),
        (1, sc(1)),
        (1, sc_read(0, None)),
    ];
    refused(graph(&buffered, [&[0], &[2]]), "SeqCst");
    // Choices, orderings, and what else there might be.
    refused(
        graph(&[(0, json!({"choice": {"of": 2, "taken": 2}}))], none),
        "choice",
    );
    refused(
        graph(&[(0, write(0, 1, "Consume", false))], [&[0], &[]]),
        "Consume",
    );
    refused(graph(&[(0, json!({"sleep": {}}))], none), "sleep");
}

/// Changes one thing in a saved graph: which, and how.
fn change(value: &mut Value, which: Index, how: u8) {
    fn count(value: &Value) -> usize {
        1 + match value {
            Value::Array(items) => items.iter().map(count).sum(),
            Value::Object(fields) => fields.values().map(count).sum(),
            _ => 0,
        }
    }
    fn find(value: &mut Value, which: &mut usize, how: u8) {
        if *which == 0 {
            match value {
                Value::Number(number) => {
                    let number = number.as_u64().unwrap();
                    *value =
                        json!([0, 1, number.wrapping_add(1), number / 2, u64::MAX][how as usize]);
                }
                Value::Array(items) if !items.is_empty() => match how {
                    0 => drop(items.remove(0)),
                    1 => drop(items.pop()),
                    2 => items.push(items[0].clone()),
                    3 => items.reverse(),
                    _ => items.rotate_left(1),
                },
                Value::Bool(set) => *set = !*set,
                Value::String(name) => {
                    let names = ["Relaxed", "SeqCst", "Sub", "Swap", "MinSigned"];
                    *name = names[how as usize].to_owned();
                }
                Value::Null => *value = json!(how),
                _ => {}
            }
        }
        let mut children: Vec<_> = match value {
            Value::Array(items) => items.iter_mut().collect(),
            Value::Object(fields) => fields.values_mut().collect(),
            _ => Vec::new(),
        };
        for child in &mut children {
            if *which == 0 {
                return;
            }
            *which -= 1;
            find(child, which, how);
        }
    }
    let mut which = which.index(count(value));
    find(value, &mut which, how);
}

/// Whatever is changed in a saved graph: it is refused, or it is a graph, which a
/// program makes or does not make. Nothing panics.
#[test]
fn nonsense_is_refused_in_peace() {
    let changes = prop::collection::vec((any::<Index>(), 0..5_u8), 1..4);
    let (refused, taken) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    let judge = |(program, graph, changes): (Steps, Index, Vec<(Index, u8)>)| {
        let left = Builder::new()
            .max_executions(2)
            .explore_program(&program)
            .left;
        if left.is_empty() {
            return Ok(());
        }
        let mut saved = serde_json::to_value(&left[graph.index(left.len())]).unwrap();
        for (which, how) in changes {
            change(&mut saved, which, how);
        }
        match serde_json::from_value::<Graph>(saved) {
            Err(_) => refused.set(refused.get() + 1),
            Ok(graph) => {
                taken.set(taken.get() + 1);
                let again: Graph =
                    serde_json::from_str(&serde_json::to_string(&graph).unwrap()).unwrap();
                prop_assert_eq!(format!("{again:?}"), format!("{graph:?}"));
                let mut builder = Builder::new();
                builder.max_executions(50).max_events(100);
                let _ = builder.replay(&graph, &program);
                let _ = builder.go_on_from(vec![graph], &program);
            }
        }
        Ok(())
    };
    let cases = (steps(), any::<Index>(), changes);
    runner(2_000).run(&cases, judge).unwrap();
    assert!(
        refused.get() > 500 && taken.get() > 200,
        "{refused:?} {taken:?}"
    );
}
