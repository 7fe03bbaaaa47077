//! Sampling draws the graphs of the exploration: each of them, and no other. A
//! failing sample is drawn again by its number, and replayed from its graph.

mod common;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::mem::discriminant;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex};

use common::{Steps, canonical, litmus, runner, steps};
use rc11::cell::UnsafeCell;
use rc11::graph::{Kind, ReadMode};
use rc11::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use rc11::sync::atomic::{AtomicBool, AtomicU64};
use rc11::{Builder, Execution, FailureKind, Flow, Graph, Program, Report, Sample, hint, thread};

fn explored(program: &Steps) -> BTreeSet<String> {
    let report = Builder::new().explore_program(program);
    assert!(report.is_complete(), "{:?}", report.failure);
    let seen = program.take();
    assert!(seen.values().all(|&times| times == 1), "a graph came twice");
    seen.into_keys().collect()
}

fn sampled(program: &Steps, seed: u64, number: u64) -> BTreeSet<String> {
    let report = Builder::new().sample_program(seed, 0..number, program);
    assert!(report.failure.is_none(), "{:?}", report.failure);
    assert!(!report.is_complete(), "a sample is never all");
    let counts = (report.complete, report.blocked, report.sampled);
    assert_eq!(counts, (number, 0, Some(number)));
    program.take().into_keys().collect()
}

#[test]
fn every_graph_is_drawn() {
    for program in litmus() {
        let explored = explored(&program);
        assert!(explored.len() > 1);
        assert_eq!(sampled(&program, 1, 5_000), explored, "{program:?}");
    }
}

#[test]
fn every_graph_of_random_programs_is_drawn() {
    let judge = |program: Steps| {
        let explored = explored(&program);
        let mut sampled = sampled(&program, 7, 200);
        assert!(sampled.is_subset(&explored), "{program:?}");
        // Those with few orders of their events take longer.
        for seed in 8..40 {
            if sampled.len() == explored.len() || explored.len() > 100 {
                return Ok(());
            }
            sampled.extend(self::sampled(&program, seed, 2_000));
        }
        assert_eq!(sampled, explored, "{program:?}");
        Ok(())
    };
    runner(300).run(&steps(), judge).unwrap();
}

#[test]
fn a_sample_is_drawn_by_its_number_alone() {
    let program = &litmus()[7];
    let draw = |seed, numbers| {
        let _ = Builder::new().sample_program(seed, numbers, program);
        program.take()
    };
    let alone: Vec<_> = (0..50).map(|number| draw(3, number..number + 1)).collect();
    let mut all = std::collections::BTreeMap::new();
    for graph in alone.iter().flat_map(|seen| seen.keys()) {
        *all.entry(graph.clone()).or_default() += 1;
    }
    assert_eq!(draw(3, 0..50), all);
    assert!(all.len() > 10, "numbers make a difference");
    let other: Vec<_> = (0..50).map(|number| draw(4, number..number + 1)).collect();
    assert_ne!(alone, other, "so do seeds");
}

/// A program of one thread, which starts others.
struct Closure<F>(F, Mutex<Vec<(Graph, Option<Sample>)>>);

impl<F: Fn()> Closure<F> {
    fn new(run: F) -> Self {
        Closure(run, Mutex::default())
    }
}

impl<F: Fn()> Program for Closure<F> {
    fn threads(&self) -> usize {
        1
    }

    fn run(&self, _thread: usize) {
        (self.0)();
    }

    fn finish(&self, execution: &Execution<'_>) -> Flow {
        let graph = (execution.graph().clone(), execution.sample());
        self.1.lock().unwrap().push(graph);
        Flow::GoOn
    }
}

/// The failure without what may differ: which of two accesses comes first.
fn kind(report: &Report) -> String {
    match &report.failure.as_ref().expect("it fails").kind {
        FailureKind::DataRace(one, other) => {
            let mut accesses = [one.to_string(), other.to_string()];
            accesses.sort();
            accesses.join(" and ")
        }
        kind => kind.to_string(),
    }
}

/// Draws until a sample fails. It fails again, by its number and by its graph.
fn fails(builder: &Builder, run: impl Fn()) -> FailureKind {
    let program = Closure::new(run);
    let report = builder.sample_program(5, 0..10_000, &program);
    let failure = report.failure.as_ref().expect("it fails");
    let sample = failure.sample.expect("a sample fails");
    assert_eq!(report.sampled, Some(sample.number + 1));
    assert!(failure.to_string().contains(&sample.to_string()));
    let graph = &failure.graph;

    let again = builder.sample_program(sample.seed, sample.number..sample.number + 1, &program);
    let replayed = builder.replay(graph, &program);
    for other in [again, replayed] {
        assert_eq!(kind(&other), kind(&report));
        let failure = other.failure.unwrap();
        assert_eq!(canonical(&failure.graph), canonical(graph));
    }
    report.failure.unwrap().kind
}

/// As [`fails`]. The exploration finds a failure of this kind too, and it is replayed
/// from its graph.
fn fails_anyhow(builder: &Builder, run: impl Fn() + Copy) -> FailureKind {
    let program = Closure::new(run);
    let report = builder.explore_program(&program);
    let failure = report.failure.as_ref().expect("it fails");
    let replayed = builder.replay(&failure.graph, &program);
    assert_eq!(kind(&replayed), kind(&report));
    assert_eq!(failure.sample, None);

    let sampled = fails(builder, run);
    assert_eq!(discriminant(&sampled), discriminant(&failure.kind));
    sampled
}

fn together(threads: usize, run: impl Fn(usize) + Clone + Send + 'static) {
    let handles: Vec<_> = (0..threads)
        .map(|thread| {
            let run = run.clone();
            thread::spawn(move || run(thread))
        })
        .collect();
    for handle in handles {
        handle.join().unwrap();
    }
}

/// Shared memory, and a plain cell.
#[derive(Default)]
struct Memory {
    words: [AtomicU64; 2],
    locked: AtomicBool,
    cell: UnsafeCell<u64>,
}

// SAFETY: accesses to the cell are judged by the explorer, which runs one thread
// at a time.
unsafe impl Sync for Memory {}

#[test]
fn a_panic_is_drawn_and_replayed() {
    let kind = fails_anyhow(&Builder::new(), || {
        let count = Arc::new(AtomicU64::new(0));
        let counted = count.clone();
        together(4, move |_| {
            counted.store(counted.load(Relaxed) + 1, Relaxed);
        });
        assert!(count.load(Relaxed) > 1, "all but one were lost");
    });
    assert!(matches!(kind, FailureKind::Panic { .. }));
}

#[test]
fn a_data_race_is_drawn_and_replayed() {
    let kind = fails_anyhow(&Builder::new(), || {
        let memory = Arc::new(Memory::default());
        together(3, move |thread| {
            let [ready, _] = &memory.words;
            if thread == 0 {
                memory.cell.with_mut(|cell| {
                    // SAFETY: judged by the explorer.
                    unsafe { *cell = 1 }
                });
                ready.store(1, Relaxed);
            } else if ready.load(Acquire) == 1 {
                // SAFETY: judged by the explorer.
                memory.cell.with(|cell| unsafe { *cell });
            }
        });
    });
    assert!(matches!(kind, FailureKind::DataRace(..)));
}

#[test]
fn a_deadlock_is_drawn_and_replayed() {
    // The flag may be set between the look and the wait.
    let spins = fails_anyhow(&Builder::new(), || {
        let memory = Arc::new(Memory::default());
        together(2, move |thread| {
            let [mine, other] = [thread, 1 - thread].map(|at| &memory.words[at]);
            if other.load(Acquire) == 0 {
                mine.store(1, Release);
                while other.load(Acquire) == 1 {
                    hint::spin_loop();
                }
            }
        });
    });
    assert!(matches!(spins, FailureKind::Deadlock(_)));
    let parks = fails_anyhow(&Builder::new(), || {
        let memory = Arc::new(Memory::default());
        let seen = memory.clone();
        let sleeper = thread::spawn(move || {
            if seen.words[0].load(Acquire) == 0 {
                thread::park();
            }
        });
        memory.words[0].store(1, Release);
        if memory.words[1].load(Relaxed) == 1 {
            sleeper.thread().unpark();
        }
        sleeper.join().unwrap();
    });
    assert!(matches!(parks, FailureKind::Deadlock(_)));
}

#[test]
fn who_waits_for_another_value_waits_for_ever() {
    let program = Closure::new(|| {
        let memory = Arc::new(Memory::default());
        together(2, move |thread| {
            let [word, _] = &memory.words;
            match thread {
                0 => word.store(0, Relaxed),
                _ => {
                    while word.load(Relaxed) == 0 {
                        hint::spin_loop();
                    }
                }
            }
        });
    });
    for number in 0..50 {
        let report = Builder::new().sample_program(1, number..number + 1, &program);
        let kind = report.failure.expect("nobody writes another value").kind;
        assert!(matches!(kind, FailureKind::Deadlock(_)), "{kind}");
    }
}

#[test]
fn who_waits_without_a_look_is_cut_off() {
    let mut builder = Builder::new();
    builder.max_events(100);
    let kind = fails(&builder, || {
        let memory = Arc::new(Memory::default());
        together(2, move |thread| {
            let [word, _] = &memory.words;
            if thread == 0 {
                word.store(1, Relaxed);
            } else if word.load(Relaxed) == 0 {
                loop {
                    hint::spin_loop();
                }
            }
        });
    });
    assert!(matches!(kind, FailureKind::TooManyEvents(100)));
}

#[test]
fn a_failure_after_a_wait_is_drawn_and_replayed() {
    let kind = fails(&Builder::new(), || {
        let memory = Arc::new(Memory::default());
        together(3, move |thread| {
            let [word, _] = &memory.words;
            if thread > 0 {
                word.fetch_add(1, Relaxed);
                return;
            }
            let mut rounds = 0;
            while word.load(Relaxed) < 2 {
                hint::spin_loop();
                rounds += 1;
                assert!(rounds < 2, "too many rounds");
            }
        });
    });
    assert!(matches!(kind, FailureKind::Panic { .. }));
}

#[test]
fn too_many_events_are_drawn_and_replayed() {
    let mut builder = Builder::new();
    builder.max_events(40);
    let kind = fails_anyhow(&builder, || {
        let memory = Arc::new(Memory::default());
        together(
            2,
            move |_| {
                while memory.words[0].fetch_add(1, Relaxed) < 100 {}
            },
        );
    });
    assert!(matches!(kind, FailureKind::TooManyEvents(40)));
}

/// Draws executions of a program whose threads wait, and replays each from its
/// graph. None is blocked.
fn waits(builder: &Builder, run: impl Fn()) -> Vec<Graph> {
    let program = Closure::new(run);
    let report = builder.sample_program(2, 0..300, &program);
    assert!(report.failure.is_none(), "{}", report.failure.unwrap());
    assert_eq!((report.complete, report.blocked), (300, 0));
    let drawn = std::mem::take(&mut *program.1.lock().unwrap());
    for (number, (graph, sample)) in drawn.iter().enumerate() {
        let number = number as u64;
        assert_eq!(*sample, Some(Sample { seed: 2, number }));
        let report = builder.replay(graph, &program);
        assert!(report.failure.is_none(), "{}", report.failure.unwrap());
        assert_eq!(report.complete, 1);
        let (replayed, sample) = program.1.lock().unwrap().pop().unwrap();
        assert_eq!(canonical(&replayed), canonical(graph));
        assert_eq!(sample, None);
    }
    drawn.into_iter().map(|(graph, _)| graph).collect()
}

/// All threads add to the cell under a lock.
fn guarded(lock: fn(&Memory), unlock: fn(&Memory)) {
    let memory = Arc::new(Memory::default());
    let shared = memory.clone();
    together(4, move |_| {
        lock(&shared);
        // SAFETY: judged by the explorer.
        shared.cell.with_mut(|cell| unsafe { *cell += 1 });
        unlock(&shared);
    });
    // SAFETY: judged by the explorer.
    assert_eq!(memory.cell.with(|cell| unsafe { *cell }), 4);
}

fn unlock(memory: &Memory) {
    memory.locked.store(false, Release);
}

#[test]
fn threads_at_spin_hints_go_on() {
    waits(&Builder::new(), || {
        guarded(
            |memory| {
                while memory.locked.swap(true, Acquire) {
                    while memory.locked.load(Relaxed) {
                        hint::spin_loop();
                    }
                }
            },
            unlock,
        );
    });
    waits(&Builder::new(), || {
        guarded(
            |memory| {
                while memory.locked.swap(true, Acquire) {
                    thread::yield_now();
                }
            },
            unlock,
        );
    });
    waits(&Builder::new(), || {
        guarded(
            |memory| {
                let mine = memory.words[0].fetch_add(1, Relaxed);
                while memory.words[1].load(Acquire) != mine {
                    hint::spin_loop();
                }
            },
            |memory| {
                memory.words[1].fetch_add(1, Release);
            },
        );
    });
}

#[test]
fn parked_threads_go_on() {
    waits(&Builder::new(), || {
        let memory = Arc::new(Memory::default());
        let seen = memory.clone();
        let sleeper = thread::spawn(move || {
            while seen.words[0].load(Relaxed) != 3 {
                thread::park();
            }
        });
        for value in 1..=3 {
            memory.words[0].store(value, Relaxed);
            sleeper.thread().unpark();
        }
        sleeper.join().unwrap();
    });
}

/// Whether an exchange fails that has something newer to read.
fn fails_stale(graph: &Graph) -> bool {
    graph.events().iter().enumerate().any(|(index, event)| {
        let Kind::Read {
            location,
            mode: mode @ ReadMode::Exchange { .. },
            reads_from,
            value,
        } = event.kind
        else {
            return false;
        };
        let newer = graph.modification_order(location).iter().rev();
        mode.written(value).is_none()
            && newer
                .take_while(|&&write| write != reads_from)
                .any(|write| write.index() < index)
    })
}

#[test]
fn a_failed_exchange_is_tried_again_while_others_go_on() {
    let saw_it = Cell::new(false);
    waits(&Builder::new(), || {
        let memory = Arc::new(Memory::default());
        let shared = memory.clone();
        let other = thread::spawn(move || {
            let (mut old, mut tries) = (0, 1);
            while let Err(found) = shared.words[0].compare_exchange_weak(old, 5, Relaxed, Relaxed) {
                old = found;
                tries += 1;
                hint::spin_loop();
            }
            shared.words[1].store(tries, Relaxed);
        });
        memory.words[0].store(1, Relaxed);
        if memory.words[1].load(Relaxed) > 1 {
            saw_it.set(true);
        }
        other.join().unwrap();
    });
    assert!(saw_it.get());
}

#[test]
fn failed_weak_exchanges_go_on() {
    fn lock(memory: &Memory) {
        let exchange = || {
            memory
                .locked
                .compare_exchange_weak(false, true, Acquire, Relaxed)
        };
        while exchange().is_err() {
            hint::spin_loop();
        }
    }
    fn add(word: &AtomicU64) {
        let mut old = word.load(Relaxed);
        while let Err(found) = word.compare_exchange_weak(old, old + 1, AcqRel, Relaxed) {
            old = found;
            hint::spin_loop();
        }
    }
    for waits_if_failed in [false, true] {
        let mut builder = Builder::new();
        builder.failed_weak_waits(waits_if_failed);
        let mut drawn = waits(&builder, || guarded(lock, unlock));
        drawn.extend(waits(&builder, || {
            let memory = Arc::new(Memory::default());
            let shared = memory.clone();
            together(4, move |_| add(&shared.words[0]));
            assert_eq!(memory.words[0].load(Relaxed), 4);
        }));
        // If failing is to wait, it is for something newer than all.
        assert_eq!(drawn.iter().any(fails_stale), !waits_if_failed);
    }
    // Without a hint, the same try waits as well.
    waits(&Builder::new(), || {
        guarded(
            |memory| {
                while memory
                    .locked
                    .compare_exchange_weak(false, true, Acquire, Relaxed)
                    .is_err()
                {}
            },
            unlock,
        );
    });
}

/// Makes two events when it is dropped.
struct Counted(Arc<AtomicU64>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
        self.0.fetch_add(1, Relaxed);
    }
}

#[test]
fn a_thread_is_not_left_while_it_unwinds() {
    waits(&Builder::new(), || {
        let count = Arc::new(AtomicU64::new(0));
        let counted = count.clone();
        together(2, move |_| {
            let counted = Counted(counted.clone());
            assert!(!std::thread::panicking(), "the other thread does");
            let caught = catch_unwind(AssertUnwindSafe(|| {
                let counted = counted;
                counted.0.fetch_add(1, Relaxed);
                resume_unwind(Box::new("caught"));
            }));
            assert!(caught.is_err() && !std::thread::panicking());
        });
        assert_eq!(count.load(Relaxed), 6);
    });
}

/// Waits for a thread when it is dropped.
struct Joined(Option<thread::JoinHandle<()>>);

impl Drop for Joined {
    fn drop(&mut self) {
        // An execution that is given up has no result.
        let _ = self.0.take().unwrap().join();
    }
}

#[test]
fn a_thread_that_waits_while_it_unwinds_has_an_os_thread() {
    fn run() {
        let word = Arc::new(AtomicU64::new(0));
        let stored = word.clone();
        let joined = Joined(Some(thread::spawn(move || stored.store(1, Relaxed))));
        let caught = catch_unwind(AssertUnwindSafe(|| {
            let _joined = joined;
            resume_unwind(Box::new("caught"));
        }));
        assert!(caught.is_err() && word.load(Relaxed) == 1);
    }
    let report = Builder::new().sample(1, 100, run);
    assert!(report.failure.is_none(), "{}", report.failure.unwrap());
    assert_eq!(report.complete, 100);
    // This program has nothing that other OS threads could call.
    let report = Builder::new().sample_program(1, 0..100, &Closure::new(run));
    let kind = report.failure.expect("it cannot wait").kind;
    assert!(matches!(kind, FailureKind::UnwindingWaits), "{kind}");
}

#[test]
fn graphs_that_are_left_are_replayed() {
    let program = &litmus()[9];
    let report = Builder::new().max_executions(5).explore_program(program);
    assert!(report.left.len() > 1);
    let all = {
        let _ = program.take();
        explored(program)
    };
    for graph in &report.left {
        let report = Builder::new().replay(graph, program);
        assert!(report.failure.is_none());
        assert!(report.complete <= 1 && report.left.is_empty());
        assert!(program.take().into_keys().all(|graph| all.contains(&graph)));
    }
}

#[test]
fn a_graph_of_another_program_is_refused() {
    let one = &litmus()[0];
    let left = Builder::new().max_executions(1).explore_program(one).left;
    for other in &litmus()[1..] {
        let report = Builder::new().replay(&left[0], other);
        let kind = report.failure.expect("it is another program").kind;
        assert!(matches!(kind, FailureKind::NotDeterministic(_)), "{kind}");
    }
}

/// Notes who has begun when a thread has made its first event.
#[derive(Default)]
struct Begins {
    word: AtomicU64,
    begun: Cell<usize>,
    late: Cell<usize>,
}

impl Program for Begins {
    fn threads(&self) -> usize {
        3
    }

    fn start(&self) {
        self.begun.set(0);
    }

    fn run(&self, _thread: usize) {
        self.begun.set(self.begun.get() + 1);
        self.word.store(1, Relaxed);
        self.late.set(self.late.get() + 3 - self.begun.get());
    }
}

/// What a thread does next is known when it has come to its first event.
#[test]
fn all_threads_of_the_start_begin_before_one_makes_an_event() {
    let program = Begins::default();
    let report = Builder::new().sample_program(3, 0..50, &program);
    assert!(report.failure.is_none(), "{:?}", report.failure);
    assert_eq!((report.complete, program.late.get()), (50, 0));
}
