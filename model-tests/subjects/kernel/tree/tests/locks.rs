//! The mutex, the queue and the counted pointer, on threads of the host.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use kernel::sync::{Counted, RwMutex, SpinLock, WaitQueue};

#[test]
fn a_writer_is_alone() {
    let lock = RwMutex::<_>::new(1);
    let (first, second) = (lock.read(), lock.try_read().expect("a reader"));
    assert!((*first, *second) == (1, 1) && lock.try_write().is_none());
    drop((first, second));
    let mut writer = lock.try_write().expect("nobody else");
    *writer += 1;
    assert!(*writer == 2 && lock.try_read().is_none() && lock.try_write().is_none());
    drop(writer);
    assert_eq!(*lock.read(), 2);
}

/// Those who sleep are given time to fall asleep, and time to wake up.
#[test]
fn who_leaves_wakes_who_sleeps() {
    let lock: &RwMutex<_> = Box::leak(Box::new(RwMutex::new(0)));
    let (done, awake) = mpsc::channel();
    let sleep = |writes: bool| {
        let done = done.clone();
        thread::spawn(move || {
            if writes {
                *lock.write() += 1;
            } else {
                drop(lock.read());
            }
            done.send(()).expect("the test waits");
        });
    };
    let asleep = || assert!(awake.recv_timeout(Duration::from_millis(50)).is_err());
    let woken = |sleepers| {
        for _ in 0..sleepers {
            let woken = awake.recv_timeout(Duration::from_secs(20));
            woken.expect("whoever slept was woken");
        }
    };
    let writer = lock.write();
    for writes in [true, false, false, true] {
        sleep(writes);
    }
    asleep();
    drop(writer);
    woken(4);
    let reader = lock.read();
    sleep(true);
    asleep();
    drop(reader);
    woken(1);
    assert_eq!(*lock.read(), 3);
}

/// The mended form: the other one may sleep for ever, though real threads hardly
/// ever do.
#[test]
fn writers_and_readers_take_turns() {
    const ROUNDS: usize = 5_000;
    let lock = RwMutex::<_, true>::new(0);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let writers = [0; 3].map(|_| {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    *lock.write() += 1;
                    let seen = *lock.read();
                    assert!(seen > 0);
                }
            })
        });
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                drop(lock.try_read());
            }
        });
        for writer in writers {
            writer.join().expect("no assertion failed");
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(*lock.read(), 3 * ROUNDS);
}

#[test]
fn sleepers_are_woken_one_by_one_or_all() {
    let queue = WaitQueue::new();
    let permits = SpinLock::new(0);
    let woken = AtomicUsize::new(0);
    assert!(!queue.wake_one());
    let take = || {
        let mut permits = permits.lock();
        (*permits > 0).then(|| *permits -= 1)
    };
    thread::scope(|scope| {
        for _ in 0..5 {
            scope.spawn(|| {
                queue.wait_until(take);
                woken.fetch_add(1, Ordering::Relaxed);
            });
        }
        let wait_for = |count| {
            while woken.load(Ordering::Relaxed) < count {
                thread::sleep(Duration::from_millis(1));
            }
        };
        for count in 1..=2 {
            *permits.lock() += 1;
            queue.wake_one();
            wait_for(count);
        }
        *permits.lock() += 3;
        queue.wake_all();
        wait_for(5);
    });
    assert!(*permits.lock() == 0 && !queue.wake_one());
}

#[test]
fn the_last_pointer_drops_the_value() {
    struct Counts<'a>(&'a AtomicUsize);
    impl Drop for Counts<'_> {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let drops = AtomicUsize::new(0);
    let first = Counted::new(Counts(&drops));
    thread::scope(|scope| {
        for _ in 0..4 {
            let copy = first.clone();
            scope.spawn(move || assert_eq!(copy.0.load(Ordering::Relaxed), 0));
        }
    });
    assert_eq!(drops.load(Ordering::Relaxed), 0);
    drop(first);
    assert_eq!(drops.load(Ordering::Relaxed), 1);
}

#[test]
fn only_the_only_pointer_changes_the_value() {
    let mut first = Counted::new(1);
    let second = first.clone();
    assert!(Counted::ptr_eq(&first, &second) && *second == 1);
    assert_eq!(Counted::get_mut(&mut first), None);
    assert_eq!(Counted::get_mut_relaxed(&mut first), None);
    drop(second);
    *Counted::get_mut(&mut first).expect("the only one") += 1;
    *Counted::get_mut_relaxed(&mut first).expect("the only one") += 1;
    assert_eq!(*first, 3);
}
