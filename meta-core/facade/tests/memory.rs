//! What an explorer keeps of a word is found by its address, and only as long as the
//! word is there.

#![cfg(any(loom, shuttle, rc11))]

#[cfg(not(rc11))]
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::atomic as real;

use facade::cell::UnsafeCell;
use facade::model::{self, Classified, Config, ViolationKind, thread};
use facade::named::{Access, aside};
use facade::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use facade::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, AtomicUsize};

/// The message that an exploration ends with.
fn failure_of(explored: impl Fn() + Send + Sync + 'static) -> String {
    model::configure(&Config {
        overlap: true,
        ..Config::default()
    });
    #[cfg(rc11)]
    {
        use rc11::{Builder, FailureKind};

        let report = Builder::new().explore(|| {
            model::start();
            explored();
        });
        match report.failure.expect("the exploration fails").kind {
            FailureKind::DataRace(earlier, later) => {
                match model::to_classify(
                    [earlier, later].map(|access| (access.place, access.writes)),
                ) {
                    Some(_) => format!("{:?}", ViolationKind::Unclassified),
                    None => "data race".to_owned(),
                }
            }
            kind => kind.to_string(),
        }
    }
    #[cfg(not(rc11))]
    failure_by_panic(explored)
}

#[cfg(not(rc11))]
fn failure_by_panic(explored: impl Fn() + Send + Sync + 'static) -> String {
    let explored = std::panic::AssertUnwindSafe(explored);
    let payload = catch_unwind(move || {
        let explored = explored;
        model::check(explored.0);
    });
    model::stop();
    let payload = payload.expect_err("the exploration fails");
    match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => match payload.downcast::<model::Violation>() {
            Ok(violation) => format!("{violation:?}"),
            Err(payload) => payload
                .downcast_ref::<&str>()
                .copied()
                .unwrap_or("?")
                .to_owned(),
        },
    }
}

#[test]
fn what_is_done_aside_is_no_step() {
    model::check(|| {
        let word = AtomicU64::new(7);
        let before = model::steps();
        assert_eq!(aside(|| word.load(SeqCst)), 7);
        assert_eq!(model::steps(), before);
        assert_eq!(word.load(SeqCst), 7);
        assert_eq!(model::steps(), before + 1);
    });
}

#[test]
fn an_atomic_that_is_moved_takes_its_value_along() {
    model::check(|| {
        let word = AtomicU64::new(1);
        word.store(2, Relaxed);
        let boxed = Box::new(word);
        assert_eq!(boxed.fetch_add(1, Relaxed), 2);
        let shared = Arc::new(*boxed);
        let other = shared.clone();
        let thread = thread::spawn(move || other.fetch_add(1, Relaxed));
        let seen = shared.fetch_add(1, Relaxed);
        let also = thread.join().unwrap();
        assert!([(3, 4), (4, 3)].contains(&(seen, also)));
        let word = Arc::into_inner(shared).unwrap();
        assert_eq!(word.into_inner(), 5);
    });
}

#[test]
fn what_is_put_where_another_was_moved_away_is_another() {
    model::check(|| {
        let mut place = AtomicU64::new(1);
        place.store(2, Relaxed);
        // The old one goes away without its destructor, and the new one lies there.
        let old = std::mem::replace(&mut place, AtomicU64::new(7));
        assert_eq!((place.load(Relaxed), old.load(Relaxed)), (7, 2));
        let mut two = [AtomicU64::new(10), AtomicU64::new(20)];
        two[0].fetch_add(1, Relaxed);
        two[1].fetch_add(1, Relaxed);
        two.swap(0, 1);
        assert_eq!((two[0].load(Relaxed), two[1].load(Relaxed)), (21, 11));
    });
}

#[test]
fn one_that_is_made_at_the_same_address_begins_anew() {
    model::check(|| {
        let mut place = std::mem::MaybeUninit::<AtomicU64>::uninit();
        let mut addresses = Vec::new();
        for value in [5, 6, 5] {
            let word = place.write(AtomicU64::new(value));
            addresses.push(std::ptr::from_ref(word).addr());
            assert_eq!(word.swap(0, SeqCst), value);
            // Then it is not the last one that was met.
            AtomicU64::new(0).load(Relaxed);
            // SAFETY: just written.
            unsafe { place.assume_init_drop() };
        }
        assert_eq!(addresses[0], addresses[2]);
        // Another size with the same bytes, where the last one is gone.
        let small = place.as_mut_ptr().cast::<AtomicU32>();
        // SAFETY: the place is large enough, and empty.
        unsafe { small.write(AtomicU32::new(0)) };
        // SAFETY: just written.
        assert_eq!(unsafe { &*small }.fetch_add(1, Relaxed), 0);
    });
}

#[test]
fn what_was_left_at_an_address_is_gone_in_the_next_execution() {
    let place = Box::leak(Box::new(1_u64));
    let address = std::ptr::from_mut(place).expose_provenance();
    model::check(move || {
        // SAFETY: the place is there for ever, and one execution at a time uses it.
        let word = unsafe { AtomicU64::from_ptr(std::ptr::with_exposed_provenance_mut(address)) };
        assert_eq!(word.fetch_add(0, Relaxed), 1);
    });
    model::check(move || {
        // SAFETY: as above.
        let half = unsafe { AtomicU32::from_ptr(std::ptr::with_exposed_provenance_mut(address)) };
        half.load(Relaxed);
    });
}

#[test]
fn an_atomic_that_was_moved_away_shares_no_memory() {
    model::check(|| {
        let mut place = std::mem::MaybeUninit::<AtomicU64>::uninit();
        let wide = place.write(AtomicU64::new(2));
        wide.fetch_add(0, Relaxed);
        // SAFETY: just written, and used nowhere else.
        let wide = unsafe { place.assume_init_read() };
        // Most bytes are equal, and one is not.
        let narrow = place.as_mut_ptr().cast::<AtomicU32>();
        // SAFETY: the place is large enough, and empty.
        unsafe { narrow.write(AtomicU32::new(3)) };
        // SAFETY: just written.
        assert_eq!(unsafe { &*narrow }.fetch_add(1, Relaxed), 3);
        assert_eq!(wide.load(Relaxed), 2);
    });
}

/// The flag does not order the store before `get_mut`. In one order of all steps it does:
/// shuttle knows no other.
#[test]
#[cfg(not(shuttle))]
fn get_mut_races_with_a_store_that_came_before() {
    let message = failure_of(|| {
        let words = Box::leak(Box::new([AtomicU64::new(0), AtomicU64::new(0)]));
        let flag = &raw const words[1];
        let [word, flag] = [
            (&raw const words[0]).expose_provenance(),
            flag.expose_provenance(),
        ];
        let at = |address| std::ptr::with_exposed_provenance_mut::<AtomicU64>(address);
        let thread = thread::spawn(move || {
            // SAFETY: the words are there for ever.
            unsafe { &*at(word) }.store(1, Relaxed);
            // SAFETY: as above.
            unsafe { &*at(flag) }.store(1, Relaxed);
        });
        // SAFETY: as above.
        if unsafe { &*at(flag) }.load(Relaxed) == 1 {
            // SAFETY: that another thread used it is what must be noticed.
            unsafe { &mut *at(word) }.get_mut();
        }
        thread.join().unwrap();
    });
    assert!(
        ["data race", "Causality"]
            .iter()
            .any(|race| message.contains(race)),
        "{message}"
    );
}

#[test]
fn accesses_that_follow_each_other_do_not_race() {
    model::configure(&Config {
        overlap: true,
        ..Config::default()
    });
    model::check(|| {
        let mut cell = Arc::new(Shared(UnsafeCell::new(1)));
        let other = cell.clone();
        thread::spawn(move || _ = other.write()).join().unwrap();
        cell.write();
        *Arc::get_mut(&mut cell).unwrap().0.get_mut() = 2;
    });
    model::configure(&Config::default());
}

#[test]
fn get_mut_of_a_cell_is_a_write() {
    let message = failure_of(|| {
        let cell = Box::leak(Box::new(UnsafeCell::new(0_u64)));
        let address = std::ptr::from_mut(cell).expose_provenance();
        let write = move || {
            let cell = std::ptr::with_exposed_provenance_mut::<UnsafeCell<u64>>(address);
            // SAFETY: that another thread does the same is what must be noticed.
            unsafe { &mut *cell }.get_mut();
        };
        let thread = thread::spawn(write);
        write();
        thread.join().unwrap();
    });
    assert!(
        ["data race", "Causality", "Overlap"]
            .iter()
            .any(|race| message.contains(race)),
        "{message}"
    );
}

#[test]
fn get_mut_reads_and_writes_the_value() {
    model::check(|| {
        let mut word = AtomicU32::new(1);
        let shared = Arc::new(AtomicU32::new(1));
        let other = shared.clone();
        thread::spawn(move || other.store(5, Release))
            .join()
            .unwrap();
        assert_eq!(shared.load(Acquire), 5);
        word.store(2, Relaxed);
        assert_eq!(*word.get_mut(), 2);
        *word.get_mut() = 9;
        assert_eq!(word.fetch_add(1, Relaxed), 9);
        // SAFETY: nobody else has the word.
        unsafe { word.as_ptr().write(20) };
        assert_eq!(word.load(Relaxed), 20);
    });
}

#[test]
fn a_static_that_two_threads_read_first_is_no_race() {
    static WORD: AtomicUsize = AtomicUsize::new(3);
    static CELL: Shared<u64> = Shared(UnsafeCell::new(4));
    model::classify(vec![classified("self.0.get() // read", Access::Read)]);
    model::check(|| {
        let threads: Vec<_> = (0..2)
            .map(|_| thread::spawn(|| assert_eq!((WORD.load(Relaxed), CELL.read()), (3, 4))))
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
    });
    model::classify(Vec::new());
}

#[test]
fn statics_begin_each_execution_with_their_first_bytes() {
    static WORD: AtomicU8 = AtomicU8::new(3);
    static CELL: Shared<Vec<u64>> = Shared(UnsafeCell::new(Vec::new()));
    static EXECUTIONS: real::AtomicUsize = real::AtomicUsize::new(0);
    for _ in 0..2 {
        model::check(|| {
            EXECUTIONS.fetch_add(1, SeqCst);
            assert_eq!(WORD.load(Relaxed), 3);
            let thread = thread::spawn(|| WORD.fetch_add(1, Relaxed));
            WORD.fetch_add(1, Relaxed);
            thread.join().unwrap();
            assert_eq!(WORD.load(SeqCst), 5);
            // SAFETY: no other thread is there.
            let values = unsafe { &mut *CELL.write() };
            assert!(values.is_empty());
            values.push(1);
        });
    }
    assert!(EXECUTIONS.load(SeqCst) >= 4);
}

/// A static, part of which is used as something else first.
#[test]
fn statics_that_lie_within_each_other_begin_anew() {
    static BOTH: Shared<[u64; 2]> = Shared(UnsafeCell::new([1, 5]));
    for _ in 0..2 {
        model::check(|| {
            let first = (&raw const BOTH).cast_mut().cast::<u64>();
            // SAFETY: within the static.
            let first = unsafe { AtomicU64::from_ptr(first) };
            assert_eq!(first.fetch_add(1, Relaxed), 1);
            // SAFETY: no other thread is there.
            let both = unsafe { &mut *BOTH.write() };
            assert_eq!(*both, [2, 5]);
            both[1] = 6;
        });
    }
}

#[test]
fn statics_begin_with_the_same_bytes_on_each_os_thread() {
    static WORD: AtomicU64 = AtomicU64::new(3);
    for _ in 0..2 {
        let explored = || model::check(|| assert_eq!(WORD.fetch_add(1, Relaxed), 3));
        std::thread::spawn(explored).join().unwrap();
    }
}

#[test]
fn atomics_of_different_sizes_must_not_share_memory() {
    for (narrow_first, another_between) in [(true, false), (false, false), (false, true)] {
        let message = failure_of(move || {
            let wide = AtomicU64::new(1);
            let another = AtomicU8::new(1);
            // SAFETY: within the word, which lives as long.
            let narrow = unsafe { AtomicU8::from_ptr(wide.as_ptr().cast::<u8>().add(3)) };
            if narrow_first {
                narrow.store(1, Relaxed);
                wide.load(Relaxed);
            } else {
                wide.store(1, Relaxed);
                // The last size that was met is not the only one.
                if another_between {
                    another.load(Relaxed);
                }
                narrow.load(Relaxed);
            }
        });
        assert!(
            message.contains("different sizes") || message.contains("MixedSizes"),
            "{message}"
        );
    }
    // Neighbours do not.
    model::check(|| {
        let bytes = [const { AtomicU8::new(1) }; 4];
        let word = AtomicU32::new(1);
        assert_eq!(bytes[3].fetch_add(1, Relaxed) + bytes[0].load(Relaxed), 2);
        assert_eq!(word.load(Relaxed), 1);
    });
}

/// A cell that threads share.
struct Shared<T>(UnsafeCell<T>);

// SAFETY: races are what is looked for; threads of a model run one at a time.
unsafe impl<T> Sync for Shared<T> {}

impl<T: Copy> Shared<T> {
    fn read(&self) -> T {
        // SAFETY: the value is there, and one thread runs at a time.
        unsafe { *self.0.get() } // self.0.get() // read
    }

    fn maybe(&self) -> T {
        // SAFETY: as above.
        unsafe { *self.0.get() } // self.0.get() // maybe
    }
}

impl<T> Shared<T> {
    fn write(&self) -> *mut T {
        self.0.get() // self.0.get() // write
    }
}

fn classified(line: &str, access: Access) -> Classified {
    let text = include_str!("memory.rs");
    let line = text
        .lines()
        .position(|l| l.ends_with(line))
        .expect("the line is there")
        + 1;
    Classified {
        path_end: "tests/memory.rs".to_owned(),
        line: line as u32,
        access,
    }
}

#[test]
fn a_race_for_want_of_a_classification_is_told_from_a_real_one() {
    let table = || {
        vec![
            classified("// read", Access::Read),
            classified("self.0.get() // write", Access::Write),
        ]
    };
    let race = |first: fn(&Shared<u64>), second: fn(&Shared<u64>)| {
        model::classify(table());
        let message = failure_of(move || {
            let cell = Arc::new(Shared(UnsafeCell::new(1)));
            let other = cell.clone();
            let thread = thread::spawn(move || first(&other));
            second(&cell);
            _ = thread.join();
        });
        model::classify(Vec::new());
        message
    };
    let is_unclassified =
        |message: &str| message.contains(&format!("{:?}", ViolationKind::Unclassified));
    type Use = fn(&Shared<u64>);
    let write: Use = |cell| _ = cell.write();
    let read: Use = |cell| _ = cell.read();
    let maybe: Use = |cell| _ = cell.maybe();
    assert!(is_unclassified(&race(maybe, read)));
    assert!(is_unclassified(&race(read, maybe)));
    assert!(is_unclassified(&race(maybe, maybe)));
    let raw: Use = |cell| _ = UnsafeCell::raw_get(&raw const cell.0);
    assert!(is_unclassified(&race(raw, read)));
    assert!(is_unclassified(&race(read, raw)));
    for (first, second) in [(write, maybe), (maybe, write), (read, write)] {
        let message = race(first, second);
        assert!(!message.contains("Unclassified"), "{message}");
        assert!(
            ["data race", "Causality", "Overlap"]
                .iter()
                .any(|race| message.contains(race)),
            "{message}"
        );
    }
    // Two that read are none.
    model::classify(table());
    model::check(move || {
        let cell = Arc::new(Shared(UnsafeCell::new(1)));
        let other = cell.clone();
        let thread = thread::spawn(move || other.read());
        cell.read();
        thread.join().unwrap();
    });
    model::classify(Vec::new());
}

/// Others run while it sleeps, and while it waits for them.
#[test]
fn a_thread_that_goes_on_is_itself_again() {
    model::configure(&Config {
        trace: true,
        ..Config::default()
    });
    model::check(|| {
        model::enter_thread(7);
        let sleeper = thread::spawn(|| {
            model::enter_thread(8);
            thread::park();
            model::begin_operation(0);
            assert_eq!(model::current_thread(), 8);
        });
        sleeper.thread().unpark();
        model::begin_operation(0);
        assert_eq!(model::current_thread(), 7);
        sleeper.join().unwrap();
        model::begin_operation(1);
        let mut threads = model::with_trace(|events| {
            let threads = events.iter().map(|event| event.thread);
            threads.collect::<Vec<_>>()
        });
        threads.sort_unstable();
        assert_eq!(threads, [7, 7, 8]);
    });
}

#[test]
fn a_pointer_into_a_cell_needs_no_cell() {
    let one = UnsafeCell::raw_get(std::ptr::null::<UnsafeCell<u64>>());
    assert!(one.is_null());
}
