//! Every small program that passes handles on, under shuttle: what it sees of a
//! mailbox made of atomics is what the specification says, in which each
//! operation on it is one step.

#![cfg(shuttle)]

mod mailboxes;

use mailboxes::assert_all_pass;
use pipe::{Job, Scheduler};

#[test]
fn two_threads_see_what_is_allowed_and_all_of_it() {
    assert_all_pass(2, 2, |program, ends| {
        Job::shuttle(program, ends, Scheduler::Dfs)
    });
}
