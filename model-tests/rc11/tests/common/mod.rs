//! Small programs, and graphs as texts that can be compared.

#![allow(dead_code, reason = "each test target uses a part")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Mutex;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rc11::graph::{EventId, Kind};
use rc11::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};
use rc11::sync::atomic::{AtomicU64, fence};
use rc11::{Execution, Flow, Graph, Program};

/// One step of a thread.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Load(usize, Ordering),
    Store(usize, u64, Ordering),
    Add(usize, u64, Ordering),
    Exchange(usize, u64, u64, Ordering),
    Fence(Ordering),
}

use Step::{Add, Exchange, Fence, Load, Store};

thread_local! {
    /// The memory of each OS thread that explores.
    static WORDS: [AtomicU64; 3] = const { [const { AtomicU64::new(0) }; 3] };
}

/// Threads of steps, and the graphs that were seen, with how often.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    threads: Vec<Vec<Step>>,
    pub(crate) seen: Mutex<BTreeMap<String, u64>>,
}

impl Steps {
    pub(crate) fn new(threads: Vec<Vec<Step>>) -> Self {
        Steps {
            threads,
            seen: Mutex::default(),
        }
    }

    pub(crate) fn take(&self) -> BTreeMap<String, u64> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

impl Program for Steps {
    fn threads(&self) -> usize {
        self.threads.len()
    }

    fn start(&self) {
        WORDS.with(|words| words.iter().for_each(|word| word.store(0, Relaxed)));
    }

    fn run(&self, thread: usize) {
        WORDS.with(|words| {
            for step in &self.threads[thread] {
                match *step {
                    Load(at, order) => _ = words[at].load(order),
                    Store(at, value, order) => words[at].store(value, order),
                    Add(at, value, order) => _ = words[at].fetch_add(value, order),
                    Exchange(at, old, new, order) => {
                        _ = words[at].compare_exchange(old, new, order, Relaxed);
                    }
                    Fence(order) => fence(order),
                }
            }
        });
    }

    fn finish(&self, execution: &Execution<'_>) -> Flow {
        let graph = canonical(execution.graph());
        *self.seen.lock().unwrap().entry(graph).or_default() += 1;
        Flow::GoOn
    }
}

/// A graph as text: the same for the same graph, in whatever order its events and
/// locations were met.
pub(crate) fn canonical(graph: &Graph) -> String {
    let mut text = String::new();
    let mut locations = Vec::new();
    let name = |id: EventId| match id.is_init() {
        true => "init".to_owned(),
        false => {
            let event = graph.events()[id.index()];
            format!("{}.{}", event.thread, event.index)
        }
    };
    for thread in 0..graph.threads() {
        for &id in graph.program_order(thread) {
            let kind = graph.events()[id.index()].kind;
            let at = kind.location().map(|location| {
                let known = locations.iter().position(|&known| known == location);
                known.unwrap_or_else(|| {
                    locations.push(location);
                    locations.len() - 1
                })
            });
            let id = name(id);
            match kind {
                Kind::Read {
                    mode,
                    reads_from,
                    value,
                    ..
                } => {
                    let from = name(reads_from);
                    writeln!(text, "{id} {mode:?} {at:?} {value} from {from}").unwrap();
                }
                Kind::Write { order, value, .. } => {
                    writeln!(text, "{id} writes {at:?} {value} {order:?}").unwrap();
                }
                other => writeln!(text, "{id} {other:?}").unwrap(),
            }
        }
    }
    for location in locations {
        let writes: Vec<_> = graph.modification_order(location).iter().collect();
        let writes: Vec<_> = writes.into_iter().map(|&write| name(write)).collect();
        writeln!(text, "{}", writes.join(" ")).unwrap();
    }
    text
}

/// Programs with all that there is to be drawn: stale reads, writes in the middle,
/// read-modify-writes of older writes, and what `SeqCst` forbids of it.
pub(crate) fn litmus() -> Vec<Steps> {
    let store = |at, value| Store(at, value, Relaxed);
    let load = |at| Load(at, Relaxed);
    let programs = vec![
        vec![vec![store(0, 1), load(1)], vec![store(1, 1), load(0)]],
        vec![
            vec![Store(0, 1, SeqCst), Load(1, SeqCst)],
            vec![Store(1, 1, SeqCst), Load(0, SeqCst)],
        ],
        vec![
            vec![store(0, 1), Fence(SeqCst), load(1)],
            vec![store(1, 1), Fence(SeqCst), load(0)],
        ],
        vec![
            vec![store(0, 1), Store(1, 1, Release)],
            vec![Load(1, Acquire), load(0)],
        ],
        vec![vec![load(0), store(1, 1)], vec![load(1), store(0, 1)]],
        vec![
            vec![store(0, 1), store(1, 2)],
            vec![store(1, 1), store(0, 2)],
        ],
        vec![
            vec![Store(0, 1, SeqCst), Store(1, 2, SeqCst)],
            vec![Store(1, 1, SeqCst), Store(0, 2, SeqCst)],
        ],
        vec![
            vec![store(0, 1)],
            vec![store(1, 1)],
            vec![Load(0, Acquire), Load(1, Acquire)],
            vec![Load(1, Acquire), Load(0, Acquire)],
        ],
        vec![vec![Add(0, 1, AcqRel)]; 3],
        vec![
            vec![store(0, 1), store(0, 2)],
            vec![Add(0, 10, Relaxed)],
            vec![Exchange(0, 1, 5, AcqRel), load(0)],
        ],
        vec![
            vec![Store(0, 1, SeqCst), Add(1, 1, SeqCst)],
            vec![Store(1, 5, SeqCst), Add(0, 5, SeqCst)],
        ],
        vec![
            vec![Exchange(0, 0, 1, Acquire), load(1), Store(0, 0, Release)],
            vec![store(1, 1), Exchange(0, 0, 1, AcqRel)],
        ],
    ];
    programs.into_iter().map(Steps::new).collect()
}

fn step() -> impl Strategy<Value = Step> {
    let at = 0..2_usize;
    let update = || select(&[Relaxed, Acquire, Release, AcqRel, SeqCst][..]);
    prop_oneof![
        3 => (at.clone(), select(&[Relaxed, Acquire, SeqCst][..])).prop_map(|(at, o)| Load(at, o)),
        3 => (at.clone(), 1..3_u64, select(&[Relaxed, Release, SeqCst][..]))
            .prop_map(|(at, value, o)| Store(at, value, o)),
        1 => (at.clone(), 1..3_u64, update()).prop_map(|(at, value, o)| Add(at, value, o)),
        1 => (at, 0..3_u64, 1..3_u64, update())
            .prop_map(|(at, old, new, o)| Exchange(at, old, new, o)),
        1 => select(&[Acquire, Release, AcqRel, SeqCst][..]).prop_map(Fence),
    ]
}

/// Random programs.
pub(crate) fn steps() -> impl Strategy<Value = Steps> {
    let thread = prop::collection::vec(step(), 1..4);
    prop::collection::vec(thread, 2..4).prop_map(Steps::new)
}

/// The same random cases each time.
pub(crate) fn runner(cases: u32) -> TestRunner {
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}
