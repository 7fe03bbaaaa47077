//! shuttle, with every schedule in turn.

use std::sync::Arc;

use ::shuttle::scheduler::DfsScheduler;
pub(crate) use ::shuttle::sync::atomic::{AtomicU64, fence};
use ::shuttle::{Config, Runner};
use pipe::{Job, Record, Scheduler};
use programs::outcome::Ends;

use crate::Member;
pub(crate) use crate::plain::Cell;
use crate::programs::Program;
use crate::slot::Slot;

pub(crate) fn retry() {}

pub(crate) fn job(program: &Program) -> Job {
    Job::shuttle(program.parsed(), Ends::Dropped, Scheduler::Dfs)
}

pub(crate) fn traced(job: &Job) -> Option<Job> {
    Some(job.clone().recording(Record::STEPS))
}

/// What the harness does without.
pub(crate) fn wasteful(program: &'static Program) -> Vec<Member> {
    let mut members: Vec<Member> = Vec::new();
    // With two threads there is one to join, and nothing to choose meanwhile.
    if program.threads.len() > 2 {
        members.push(("bare, all threads joined", Box::new(move || naive(program))));
    }
    members
}

/// Explores the program by hand, and counts its schedules.
pub(crate) fn bare(program: &'static Program) -> u64 {
    check(move || {
        let slot = (program.start)();
        let slot = &slot;
        ::shuttle::thread::scope(|scope| {
            for thread in &program.threads[1..] {
                scope.spawn(move || thread(slot));
            }
            (program.threads[0])(slot);
        });
    })
}

/// As most tests are written: all threads but the first one are spawned, and
/// then joined.
fn naive(program: &'static Program) -> u64 {
    check(move || {
        let slot = Arc::new((program.start)());
        let spawn = |thread: &'static fn(&Slot)| {
            let slot = slot.clone();
            ::shuttle::thread::spawn(move || thread(&slot))
        };
        let threads: Vec<_> = program.threads[1..].iter().map(spawn).collect();
        (program.threads[0])(&slot);
        for thread in threads {
            thread.join().expect("it does not panic");
        }
    })
}

fn check(model: impl Fn() + Send + Sync + 'static) -> u64 {
    let mut config = Config::new();
    config.silence_warnings = true;
    Runner::new(DfsScheduler::new(None, false), config).run(model) as u64
}
