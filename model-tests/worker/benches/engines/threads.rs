//! Real threads that live through all rounds and start each together.

use std::hint;
use std::sync::atomic::Ordering;
pub(crate) use std::sync::atomic::{AtomicU64, fence};
use std::thread;

use pipe::Job;
use programs::outcome::Ends;

use crate::Member;
pub(crate) use crate::plain::Cell;
use crate::programs::Program;
use crate::slot::Slot;

const ROUNDS: u64 = 2_000;

pub(crate) fn retry() {
    hint::spin_loop();
}

pub(crate) fn job(program: &Program) -> Job {
    Job::threads(program.parsed(), Ends::Dropped, ROUNDS)
}

/// Nothing is traced on real threads.
pub(crate) fn traced(_job: &Job) -> Option<Job> {
    None
}

/// Nothing that the harness does without.
pub(crate) fn wasteful(_program: &'static Program) -> Vec<Member> {
    Vec::new()
}

/// Runs the program by hand, and counts its rounds.
pub(crate) fn bare(program: &'static Program) -> u64 {
    // One slot for each round: nothing is reset, and so nothing is waited for
    // but the start.
    let slots: Vec<Slot> = (0..ROUNDS).map(|_| (program.start)()).collect();
    let arrived = AtomicU64::new(0);
    let crowd = program.threads.len();
    let crowded = thread::available_parallelism().map_or(1, usize::from) < crowd;
    thread::scope(|scope| {
        for thread in program.threads {
            scope.spawn(|| {
                for (round, slot) in (1..).zip(&slots) {
                    // ORDERING: AcqRel and Acquire, with each other: the round
                    // before is over.
                    arrived.fetch_add(1, Ordering::AcqRel);
                    while arrived.load(Ordering::Acquire) < round * crowd as u64 {
                        if crowded {
                            thread::yield_now();
                        } else {
                            hint::spin_loop();
                        }
                    }
                    thread(slot);
                }
            });
        }
    });
    ROUNDS
}
