//! Keeping loom's stacks changes nothing but the time: the same executions and
//! outcomes, and every kept stack still ends in a guard page.

#![cfg(all(loom, target_os = "linux", target_pointer_width = "64"))]

use std::sync::Arc;

use pipe::{Exploration, Job, Probe};
use programs::outcome::Ends;
use programs::program::Program;
use worker::engine::stacks;

/// Three threads, some hundred executions.
const PROGRAM: &str = "unused: alloc | get | get";

fn explored() -> Exploration {
    let program: Program = PROGRAM.parse().unwrap();
    let job = Job::loom(program, Ends::Dropped, Probe::Cas);
    worker::explore(&job, Arc::new(|_| ())).unwrap()
}

/// The mappings of this process that begin at these addresses and may not be
/// touched.
fn guards(starts: &[usize]) -> usize {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let guarded = |start: &usize| {
        let range = format!("{start:x}-");
        maps.lines()
            .any(|line| line.starts_with(&range) && line.contains(" ---p "))
    };
    starts.iter().filter(|start| guarded(start)).count()
}

/// One test, for the table of stacks is the process's.
#[test]
fn kept_stacks_change_nothing_but_the_time() {
    stacks::keep(false);
    let fresh = explored();
    assert!(stacks::known().is_empty());

    stacks::keep(true);
    let kept = explored();
    // The model's own thread is one of the three.
    assert_eq!(stacks::known().len(), 3);
    assert_eq!(guards(&stacks::known()), 3);

    assert!(fresh.complete && kept.complete);
    assert_eq!(fresh.executions, kept.executions);
    assert!(fresh.executions > 100, "{}", fresh.executions);
    assert_eq!(fresh.outcomes, kept.outcomes);

    let known = stacks::known();
    stacks::keep(false);
    assert!(stacks::known().is_empty());
    assert_eq!(guards(&known), 0);
}
