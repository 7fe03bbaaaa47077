//! What a campaign says in the end.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::compare::{Compared, Difference};
use super::record::Record;
use crate::print::{count, seconds, verdict};
use pipe::{AllowedBy, Verdict};

/// How many of the slowest programs and of the failures are named.
const NAMED: usize = 5;

/// Sums over runs.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    runs: u64,
    executions: u64,
    outcomes: u64,
    allowed: u64,
    /// Outcomes of programs whose allowed outcomes nobody listed.
    searched: u64,
    seconds: f64,
}

impl Sums {
    fn add(&mut self, record: &Record) {
        self.runs += 1;
        self.executions += record.executions;
        let outcomes = match record.allowed_by {
            AllowedBy::Search => &mut self.searched,
            _ => &mut self.outcomes,
        };
        *outcomes += record.outcomes as u64;
        self.allowed += record.allowed as u64;
        self.seconds += record.seconds;
    }

    fn text(&self) -> String {
        format!(
            "{} runs, {} executions, {} of {} outcomes{}, {} of engine time",
            count(self.runs),
            count(self.executions),
            count(self.outcomes),
            count(self.allowed),
            match self.searched {
                0 => String::new(),
                n => format!(" and {} each searched for", count(n)),
            },
            seconds(self.seconds),
        )
    }
}

/// The sums over the runs of a campaign.
#[derive(Clone, Debug, Default)]
pub struct CampaignSummary {
    all: Sums,
    /// By engine, and how it goes about it.
    ways: BTreeMap<String, Sums>,
    compared: Compared,
    verdicts: BTreeMap<Verdict, u64>,
    slowest: Vec<Record>,
    failures: Vec<Record>,
    verdict: Option<Verdict>,
}

impl CampaignSummary {
    /// Adds a run.
    pub fn add(&mut self, record: &Record) {
        self.all.add(record);
        let way = format!("{} {}", record.engine, record.probe);
        self.ways.entry(way).or_default().add(record);
        self.compared.add(record);
        *self.verdicts.entry(record.verdict).or_default() += 1;
        let verdict = self.verdict.unwrap_or(Verdict::Pass);
        self.verdict = Some(verdict.and(record.verdict));
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
        self.all.runs
    }

    /// Executions so far.
    pub fn executions(&self) -> u64 {
        self.all.executions
    }

    /// Outcomes seen so far, over all runs whose allowed outcomes are known.
    pub fn outcomes(&self) -> u64 {
        self.all.outcomes
    }

    /// Outcomes that are allowed, over all runs so far.
    pub fn allowed(&self) -> u64 {
        self.all.allowed
    }

    /// The time of the engine so far, in seconds.
    pub fn seconds(&self) -> f64 {
        self.all.seconds
    }

    /// Runs that did not pass.
    pub fn mismatches(&self) -> u64 {
        self.all.runs - self.verdicts.get(&Verdict::Pass).copied().unwrap_or(0)
    }

    /// The verdict over all runs; engines that contradict each other come first.
    pub fn verdict(&self) -> Verdict {
        let verdict = self.verdict.unwrap_or(Verdict::Pass);
        self.compared.verdict().unwrap_or(verdict)
    }

    /// Whether the engines agree, whatever they say of the programs; not a pass if
    /// something was not explored.
    pub fn agreement(&self) -> Verdict {
        let open = self.verdicts.keys().filter(|verdict| !verdict.is_failure());
        let open = open.fold(Verdict::Pass, |all, verdict| all.and(*verdict));
        self.compared.verdict().unwrap_or(open)
    }

    /// The programs on which engines contradict each other.
    pub fn differences(&self) -> &[Difference] {
        &self.compared.differ
    }

    /// For people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let _ = writeln!(text, "{}", self.all.text());
        for (way, sums) in self.ways.iter().filter(|_| self.ways.len() > 1) {
            let _ = writeln!(text, "  {way}: {}", sums.text());
        }
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
        let Compared { pairs, differ, .. } = &self.compared;
        if *pairs > 0 {
            let _ = writeln!(
                text,
                "compared: {} programs and ends; the engines agree on {}",
                count(*pairs),
                count(*pairs - differ.len() as u64),
            );
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

#[cfg(test)]
mod tests {
    use pipe::{EngineName, Exploration, Job};
    use programs::outcome::Ends;
    use programs::program::Program;

    use super::*;

    #[test]
    fn outcomes_that_nobody_listed_are_none_of_the_allowed() {
        let program: Program = "unused: alloc | get".parse().unwrap();
        let job = Job::rc11(program, Ends::Left);
        let mut run = Exploration {
            outcomes: ["a", "b"].map(|o| (o.to_owned(), 1)).into(),
            seen: 2,
            allowed: 2,
            ..Exploration::new(EngineName::Rc11)
        };
        let mut summary = CampaignSummary::default();
        summary.add(&Record::new(0, &job, &run));
        (run.allowed, run.allowed_by) = (0, AllowedBy::Search);
        summary.add(&Record::new(1, &job, &run));
        let said = "2 runs, 0 executions, 2 of 2 outcomes and 2 each searched for, ";
        assert!(summary.text().starts_with(said), "{}", summary.text());
    }
}
