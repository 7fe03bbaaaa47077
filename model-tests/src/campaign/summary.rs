//! What a campaign says in the end.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::record::Record;
use crate::print::{count, seconds, verdict};
use pipe::Verdict;

/// How many of the slowest programs and of the failures are named.
const NAMED: usize = 5;

/// The sums over the runs of a campaign.
#[derive(Clone, Debug, Default)]
pub struct CampaignSummary {
    runs: u64,
    executions: u64,
    outcomes: u64,
    allowed: u64,
    seconds: f64,
    verdicts: BTreeMap<Verdict, u64>,
    slowest: Vec<Record>,
    failures: Vec<Record>,
    verdict: Option<Verdict>,
}

impl CampaignSummary {
    /// Adds a run.
    pub fn add(&mut self, record: &Record) {
        self.runs += 1;
        self.executions += record.executions;
        self.outcomes += record.outcomes as u64;
        self.allowed += record.allowed as u64;
        self.seconds += record.seconds;
        *self.verdicts.entry(record.verdict).or_default() += 1;
        self.verdict = Some(self.verdict().and(record.verdict));
        if record.verdict != Verdict::Pass && self.failures.len() < NAMED {
            self.failures.push(record.clone());
        }
        self.slowest.push(record.clone());
        self.slowest
            .sort_by_key(|r| std::cmp::Reverse(r.executions));
        self.slowest.truncate(NAMED);
    }

    /// Runs so far.
    pub fn runs(&self) -> u64 {
        self.runs
    }

    /// Executions so far.
    pub fn executions(&self) -> u64 {
        self.executions
    }

    /// Outcomes seen so far, over all runs.
    pub fn outcomes(&self) -> u64 {
        self.outcomes
    }

    /// Outcomes that are allowed, over all runs so far.
    pub fn allowed(&self) -> u64 {
        self.allowed
    }

    /// The time of the engine so far, in seconds.
    pub fn seconds(&self) -> f64 {
        self.seconds
    }

    /// Runs that did not pass.
    pub fn mismatches(&self) -> u64 {
        self.runs - self.verdicts.get(&Verdict::Pass).copied().unwrap_or(0)
    }

    /// The verdict over all runs.
    pub fn verdict(&self) -> Verdict {
        self.verdict.unwrap_or(Verdict::Pass)
    }

    /// For people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let _ = writeln!(
            text,
            "{} runs, {} executions, {} of {} outcomes, {} of engine time",
            count(self.runs),
            count(self.executions),
            count(self.outcomes),
            count(self.allowed),
            seconds(self.seconds),
        );
        for (said, runs) in &self.verdicts {
            let _ = writeln!(text, "  {:>9}  {}", count(*runs), verdict(*said));
        }
        if !self.slowest.is_empty() {
            let _ = writeln!(text, "most executions:");
            for record in &self.slowest {
                let _ = writeln!(
                    text,
                    "  {:>9}  {} ({} {})",
                    count(record.executions),
                    record.program,
                    record.ends,
                    record.probe
                );
            }
        }
        for record in &self.failures {
            let _ = writeln!(
                text,
                "{}: {} ({} {}) after {} executions\n  {}",
                verdict(record.verdict),
                record.program,
                record.ends,
                record.probe,
                count(record.executions),
                record
                    .message
                    .as_deref()
                    .unwrap_or("")
                    .replace('\n', "\n  ")
            );
        }
        text
    }
}
