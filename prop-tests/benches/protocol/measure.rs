//! What is done with an operation: it is timed, counted, or only named.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use criterion::Criterion;

/// Takes operations one after the other.
pub(crate) trait Measure {
    /// An operation on one thread.
    fn alone<R>(&mut self, group: &str, member: &str, work: impl FnMut() -> R);

    /// The same while another thread does `other` again and again. Nothing, where
    /// it has to be the same in every run: how often two threads retry is not.
    fn beside<R, O>(
        &mut self,
        group: &str,
        member: &str,
        other: impl Fn() -> O + Sync,
        work: impl FnMut() -> R,
    ) {
        let _ = (group, member, other, work);
    }
}

/// An operation alone, and while another thread does it too. Written out three
/// times, for a function that is called in one place is a part of that place.
macro_rules! both {
    ($m:ident, $group:expr, $member:expr, $work:expr) => {
        $m.alone($group, $member, || $work);
        $m.beside($group, $member, || $work, || $work);
    };
}
pub(crate) use both;

/// Timed by Criterion.
pub(crate) struct Timed<'a>(pub(crate) &'a mut Criterion);

/// Stops the other thread, even when this one panics.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        // ORDERING: Relaxed: a flag that is looked at again and again.
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Measure for Timed<'_> {
    fn alone<R>(&mut self, group: &str, member: &str, work: impl FnMut() -> R) {
        let mut work = work;
        self.0
            .benchmark_group(group)
            .bench_function(member, |b| b.iter(&mut work));
    }

    fn beside<R, O>(
        &mut self,
        group: &str,
        member: &str,
        other: impl Fn() -> O + Sync,
        work: impl FnMut() -> R,
    ) {
        // Two threads in turns are not two at once.
        if thread::available_parallelism().map_or(1, usize::from) < 2 {
            return;
        }
        let (busy, stop) = (AtomicBool::new(false), AtomicBool::new(false));
        thread::scope(|scope| {
            let thread = scope.spawn(|| {
                black_box(other());
                // ORDERING: Relaxed: flags that are looked at again and again.
                busy.store(true, Ordering::Relaxed);
                while !stop.load(Ordering::Relaxed) {
                    black_box(other());
                }
            });
            let _stop = Stop(&stop);
            // ORDERING: Relaxed: as above.
            while !busy.load(Ordering::Relaxed) && !thread.is_finished() {
                thread::yield_now();
            }
            self.alone(&format!("{group} on two threads"), member, work);
        });
    }
}

/// Names what can be counted.
pub(crate) struct Listed;

impl Measure for Listed {
    fn alone<R>(&mut self, group: &str, member: &str, _work: impl FnMut() -> R) {
        println!("{group}/{member}");
    }
}

/// Does one operation so many times, for Valgrind to count its instructions.
pub(crate) struct Counted<'a> {
    name: &'a str,
    times: u64,
    found: bool,
}

impl<'a> Counted<'a> {
    pub(crate) fn new(name: &'a str, times: u64) -> Self {
        Counted {
            name,
            times,
            found: false,
        }
    }

    pub(crate) fn found(&self) -> bool {
        self.found
    }
}

impl Measure for Counted<'_> {
    fn alone<R>(&mut self, group: &str, member: &str, work: impl FnMut() -> R) {
        if self.name == format!("{group}/{member}") {
            self.found = true;
            counted(self.times, work);
        }
    }
}

/// Valgrind counts from where this is called to where it returns.
#[inline(never)]
fn counted<R>(times: u64, mut work: impl FnMut() -> R) {
    for _ in 0..times {
        black_box(work());
    }
}
