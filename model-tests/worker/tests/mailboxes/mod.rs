//! All small programs that pass handles on.

use std::sync::Arc;

use model_tests::print;
use pipe::{Exploration, Job, Verdict};
use programs::outcome::Ends;
use programs::program::{Bound, OpName, Program, enumerate_with};

pub(crate) fn explore(job: &Job) -> Exploration {
    worker::explore(job, Arc::new(|_| ())).unwrap_or_else(|error| panic!("{error}"))
}

/// Runs all programs of a bound that name a mailbox.
#[track_caller]
pub(crate) fn assert_all_pass(threads: usize, ops: usize, job: impl Fn(Program, Ends) -> Job) {
    let bound = Bound { threads, ops };
    let programs = enumerate_with(bound, &OpName::ALL).filter(Program::uses_mailboxes);
    let (mut count, mut executions) = (0, 0);
    for program in programs {
        count += 1;
        for ends in [Ends::Left, Ends::Dropped] {
            let job = job(program.clone(), ends);
            let run = explore(&job);
            let line = print::line::text(&job, &run);
            assert_eq!(run.verdict(), Verdict::Pass, "{program}\n{line}");
            executions += run.executions;
        }
    }
    assert!(count > 0, "no program");
    println!("{bound}: {count} programs, {executions} executions");
}
