//! The results that each explorer reaches are those that it must: an ordering that is not
//! passed on adds one, or takes one away.

#![cfg(any(loom, shuttle, rc11))]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use facade::model::{self, Config, Probe, thread};
use facade::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use facade::sync::atomic::{AtomicI8, AtomicU8, AtomicU64, Ordering, fence};

type Pair = (u64, u64);

/// What a model gives, in all executions.
fn outcomes(probe: Probe, of: impl Fn() -> Pair + Send + Sync + 'static) -> BTreeSet<Pair> {
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let all = seen.clone();
    model::configure(&Config {
        probe,
        ..Config::default()
    });
    model::check(move || {
        let pair = of();
        all.lock().unwrap().insert(pair);
    });
    model::configure(&Config::default());
    Arc::into_inner(seen).unwrap().into_inner().unwrap()
}

/// Two threads, each of which stores to one word and loads the other.
fn store_buffering(between: Option<Ordering>) -> BTreeSet<Pair> {
    outcomes(Probe::Load, move || {
        let words = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
        let run = move |words: &[AtomicU64; 2], mine: usize| {
            words[mine].store(1, Relaxed);
            between.into_iter().for_each(fence);
            words[1 - mine].load(Relaxed)
        };
        let others = words.clone();
        let other = thread::spawn(move || run(&others, 1));
        (run(&words, 0), other.join().unwrap())
    })
}

#[test]
fn stale_values_are_read_unless_a_fence_forbids_it() {
    let interleaved = BTreeSet::from([(0, 1), (1, 0), (1, 1)]);
    assert_eq!(store_buffering(Some(SeqCst)), interleaved);
    let mut weak = interleaved;
    if cfg!(not(shuttle)) {
        weak.insert((0, 0));
    }
    assert_eq!(store_buffering(None), weak);
}

/// The atomics through which a message is passed, of 64 bits, of 8 that are about to wrap
/// around, and of 8 with a sign; and the message.
#[derive(Debug)]
struct Flags {
    wide: AtomicU64,
    narrow: AtomicU8,
    signed: AtomicI8,
    data: AtomicU64,
}

/// Sets a flag, with this ordering.
type Sending = fn(&Flags, Ordering);

/// Reads the flag, with this ordering if it is set.
type Receiving = fn(&Flags, Ordering) -> bool;

const SENDS: [(&str, Sending); 5] = [
    ("store", |flags, order| flags.wide.store(1, order)),
    ("swap", |flags, order| _ = flags.wide.swap(1, order)),
    ("add", |flags, order| _ = flags.wide.fetch_add(1, order)),
    ("or", |flags, order| _ = flags.wide.fetch_or(1, order)),
    ("exchange", |flags, order| {
        assert_eq!(flags.wide.compare_exchange(0, 1, order, Relaxed), Ok(0));
    }),
];

const RECEIVES: [(&str, Receiving); 6] = [
    ("load", |flags, order| flags.wide.load(order) == 1),
    ("swap", |flags, order| flags.wide.swap(7, order) == 1),
    ("subtract", |flags, order| {
        flags.wide.fetch_sub(5, order) == 1
    }),
    ("and", |flags, order| flags.wide.fetch_and(9, order) == 1),
    ("exchange", |flags, order| {
        flags.wide.compare_exchange(1, 7, order, Relaxed).is_ok()
    }),
    ("failing exchange", |flags, order| {
        flags.wide.compare_exchange(7, 8, Relaxed, order) == Err(1)
    }),
];

fn message(
    (send, release): (Sending, Ordering),
    (receive, acquire): (Receiving, Ordering),
) -> BTreeSet<Pair> {
    outcomes(Probe::Load, move || {
        let flags = Arc::new(Flags {
            wide: AtomicU64::new(0),
            narrow: AtomicU8::new(u8::MAX),
            signed: AtomicI8::new(0),
            data: AtomicU64::new(0),
        });
        let theirs = flags.clone();
        let sender = thread::spawn(move || {
            theirs.data.store(1, Relaxed);
            send(&theirs, release);
        });
        // A thread of its own: it may meet the flag after that has wrapped around.
        let receiver =
            thread::spawn(move || (receive(&flags, acquire).into(), flags.data.load(Relaxed)));
        sender.join().unwrap();
        receiver.join().unwrap()
    })
}

/// With the orderings no stale value is read after the flag, with either of them relaxed
/// it is.
#[track_caller]
fn is_passed_on(what: &str, send: Sending, receive: Receiving) {
    let ordered = BTreeSet::from([(0, 0), (0, 1), (1, 1)]);
    let passed = message((send, Release), (receive, Acquire));
    assert_eq!(passed, ordered, "{what}");
    let mut weak = ordered;
    if cfg!(not(shuttle)) {
        weak.insert((1, 0));
    }
    for orders in [(Relaxed, Acquire), (Release, Relaxed)] {
        let passed = message((send, orders.0), (receive, orders.1));
        assert_eq!(passed, weak, "{what} {orders:?}");
    }
}

#[test]
fn each_access_that_writes_releases_if_it_is_to() {
    for (name, send) in SENDS {
        is_passed_on(name, send, RECEIVES[0].1);
    }
}

#[test]
fn each_access_that_reads_acquires_if_it_is_to() {
    for (name, receive) in RECEIVES {
        is_passed_on(name, SENDS[0].1, receive);
    }
}

/// The word is the same one after it has wrapped around.
#[test]
fn an_addition_that_wraps_around_releases() {
    is_passed_on(
        "addition of 8 bits",
        |flags, order| _ = flags.narrow.fetch_add(1, order),
        |flags, order| flags.narrow.load(order) == 0,
    );
}

#[test]
fn a_subtraction_below_zero_releases() {
    is_passed_on(
        "subtraction of 8 bits",
        |flags, order| _ = flags.signed.fetch_sub(1, order),
        |flags, order| flags.signed.load(order) == -1,
    );
}

#[test]
fn fences_release_and_acquire() {
    is_passed_on(
        "fences",
        |flags, order| {
            if order == Release {
                fence(order);
            }
            flags.wide.store(1, Relaxed);
        },
        |flags, order| {
            let set = flags.wide.load(Relaxed) == 1;
            if order == Acquire {
                fence(order);
            }
            set
        },
    );
}

/// loom overlooks that the first load may come last, unless loads are compare-and-swaps
/// that fail.
#[test]
fn a_load_that_another_thread_repeats_is_not_overlooked() {
    let seen = outcomes(Probe::FailingCas, || {
        let word = Arc::new(AtomicU64::new(0));
        let theirs = word.clone();
        let other = thread::spawn(move || {
            let old = theirs.load(Relaxed);
            _ = theirs.compare_exchange(old, old + 1, Relaxed, Relaxed);
        });
        let value = word.load(Relaxed);
        other.join().unwrap();
        (value, word.load(Relaxed))
    });
    assert_eq!(seen, BTreeSet::from([(0, 1), (1, 1)]));
}

/// Under DFS shuttle would let the thread that waits go on for ever.
#[test]
#[cfg(not(shuttle))]
fn a_thread_that_waits_lets_others_go_on() {
    let seen = outcomes(Probe::Load, || {
        let word = Arc::new(AtomicU64::new(0));
        let theirs = word.clone();
        let other = thread::spawn(move || theirs.store(1, Release));
        while word.load(Acquire) == 0 {
            facade::hint::spin_loop();
        }
        other.join().unwrap();
        (word.load(Relaxed), 0)
    });
    assert_eq!(seen, BTreeSet::from([(1, 0)]));
}

/// With these, loom itself makes one execution and passes.
#[cfg(loom)]
#[test]
fn the_environment_bounds_no_check() {
    for (variable, value) in [
        ("LOOM_MAX_PREEMPTIONS", "0"),
        ("LOOM_MAX_PERMUTATIONS", "1"),
        ("LOOM_MAX_DURATION", "0"),
    ] {
        let run = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "stale_values_are_read_unless_a_fence_forbids_it"])
            .env(variable, value)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&run.stdout).into_owned();
        assert!(
            run.status.success() && text.contains(" 1 passed"),
            "{variable}:\n{text}"
        );
    }
}
