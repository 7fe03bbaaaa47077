//! shuttle, with every schedule in turn.

use ::shuttle::scheduler::DfsScheduler;
pub(crate) use ::shuttle::sync::atomic::{AtomicU64, fence};
use ::shuttle::{Config, Runner};
use model_tests::engine::{Job, Scheduler};
use prop_tests::outcome::Ends;

use crate::Member;
pub(crate) use crate::plain::Cell;
use crate::programs::Program;

pub(crate) fn retry() {}

pub(crate) fn job(program: &Program) -> Job {
    Job::shuttle(program.text.to_owned(), Ends::Dropped, Scheduler::Dfs)
}

pub(crate) fn traced(job: &Job) -> Option<Job> {
    Some(Job {
        trace: true,
        ..job.clone()
    })
}

/// Nothing that the harness does without.
pub(crate) fn wasteful(_program: &'static Program) -> Vec<Member> {
    Vec::new()
}

/// Explores the program by hand, and counts its schedules.
pub(crate) fn bare(program: &'static Program) -> u64 {
    let mut config = Config::new();
    config.silence_warnings = true;
    let schedules = Runner::new(DfsScheduler::new(None, false), config).run(move || {
        let slot = (program.start)();
        let slot = &slot;
        ::shuttle::thread::scope(|scope| {
            for thread in &program.threads[1..] {
                scope.spawn(move || thread(slot));
            }
            (program.threads[0])(slot);
        });
    });
    schedules as u64
}
