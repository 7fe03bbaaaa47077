//! Which explorations answer for a program.

use prop_tests::outcome::Ends;

use crate::engine::{Job, Limits, OrderingChange, Probe};

/// A program and what is changed for it.
#[derive(Clone, Debug)]
pub struct Question {
    /// The program, in the text form.
    pub program: String,
    /// What happens to handles at the end.
    pub ends: Vec<Ends>,
    /// Sites with another ordering.
    pub orderings: Vec<OrderingChange>,
    /// A spurious failure.
    pub inject: Option<(String, u32)>,
    /// When to stop early.
    pub limits: Limits,
    /// Whether the steps of a failing execution are wanted.
    pub trace: bool,
}

impl Question {
    /// The explorations under loom: for each end one that reaches every allowed
    /// outcome, and one with stale loads.
    pub fn loom_jobs(&self) -> Vec<Job> {
        let job = |ends, probe| Job {
            program: self.program.clone(),
            ends,
            probe,
            orderings: self.orderings.clone(),
            inject: self.inject.clone(),
            limits: self.limits,
            trace: self.trace,
        };
        self.ends
            .iter()
            .flat_map(|&ends| [job(ends, Probe::Cas), job(ends, Probe::Load)])
            .collect()
    }
}
