//! What exact engines say of the same programs.

use std::collections::HashMap;

use super::record::Record;
use crate::agree::contradict;
use pipe::Verdict;

/// A program on which two engines contradict each other.
#[derive(Clone, Debug)]
pub struct Difference {
    /// What one of them says.
    pub one: Record,
    /// What the other says.
    pub other: Record,
}

/// The comparison of the runs of a campaign, which come in any order.
#[derive(Clone, Debug, Default)]
pub(super) struct Compared {
    /// By position and end, runs that another one is still to be compared with.
    open: HashMap<(usize, String), Record>,
    /// How many pairs were compared.
    pub(super) pairs: u64,
    pub(super) differ: Vec<Difference>,
}

impl Compared {
    /// Compares a run, if it is to be compared.
    pub(super) fn add(&mut self, record: &Record) {
        if record.seen.is_none() {
            return;
        }
        let key = (record.position, record.ends.clone());
        let Some(other) = self.open.remove(&key) else {
            self.open.insert(key, record.clone());
            return;
        };
        self.pairs += 1;
        let said = |record: &Record| (record.verdict, record.complete, record.seen.clone());
        if contradict(said(&other), said(record)) {
            let (one, other) = if other.engine == "rc11" {
                (other, record.clone())
            } else {
                (record.clone(), other)
            };
            self.differ.push(Difference { one, other });
        }
    }

    /// The verdict of the comparison, if there was one.
    pub(super) fn verdict(&self) -> Option<Verdict> {
        (!self.differ.is_empty()).then_some(Verdict::Disagreement)
    }
}
