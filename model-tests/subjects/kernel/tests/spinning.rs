//! A thread that spins, under shuttle's DFS.
#![cfg(shuttle)]

use std::sync::Arc;

use pipe::{Job, Scheduler, Target, Verdict};
use programs::outcome::Ends;

/// The thread that spins would go on for ever, one round more in each schedule.
#[test]
fn a_lock_that_spins_does_not_keep_dfs_for_ever() {
    for name in [
        "failing-reader-wakes",
        "control-failing-reader-wakes-nobody",
    ] {
        let case = Target::Scenario(name.into());
        let mut dfs = Job::shuttle(case, Ends::Dropped, Scheduler::Dfs);
        dfs.limits.seconds = Some(60.0);
        let run = kernel_subject::subject().explore(&dfs, Arc::new(|_| ()));
        let run = run.unwrap();
        assert_eq!((run.verdict(), run.complete), (Verdict::CutOff, false));
        let reason = run.failure.expect("an execution was too long").reason;
        assert!(matches!(reason, pipe::Reason::TooLong { .. }), "{reason:?}");
    }
}
