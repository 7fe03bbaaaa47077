//! One bound with one end: what its sample says of all its programs.

use serde::{Deserialize, Serialize};

use super::BoundSample;
use pipe::Exploration;
use pipe::Verdict;

/// What was measured, and what it comes to for the whole bound.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ScaleRow {
    /// Threads and operations, such as `2x2`.
    pub bound: String,
    /// What happens to handles at the end.
    pub ends: String,
    /// Canonical programs of the bound.
    pub programs: u128,
    /// Programs that were run.
    pub sampled: u64,
    /// Of these, programs cut off at the limit of executions.
    pub cut_off: u64,
    /// Executions of all that were run.
    pub executions: u64,
    /// The most executions of one program that was run.
    pub most: u64,
    /// The time of the engine for all that were run, in seconds.
    pub seconds: f64,
    /// The standard error of the mean number of executions, as a part of it; 0
    /// if every program was run.
    pub error: f64,
    /// All verdicts together.
    pub verdict: Verdict,
    #[serde(skip)]
    squares: f64,
}

impl ScaleRow {
    /// Nothing run yet.
    pub fn new(plan: &BoundSample, programs: u128) -> Self {
        ScaleRow {
            bound: plan.bound.to_string(),
            ends: plan.ends.as_str().to_owned(),
            programs,
            sampled: 0,
            cut_off: 0,
            executions: 0,
            most: 0,
            seconds: 0.0,
            error: 0.0,
            verdict: Verdict::Pass,
            squares: 0.0,
        }
    }

    /// Adds a run. One that was cut off counts with what it did: what follows
    /// from it is a lower bound.
    pub fn add(&mut self, run: &Exploration) {
        self.sampled += 1;
        self.executions += run.executions;
        self.most = self.most.max(run.executions);
        self.seconds += run.seconds;
        self.squares += (run.executions as f64).powi(2);
        match run.verdict() {
            Verdict::CutOff => self.cut_off += 1,
            verdict => self.verdict = self.verdict.and(verdict),
        }
        self.error = self.relative_error();
    }

    fn relative_error(&self) -> f64 {
        let n = self.sampled as f64;
        if self.is_all() || self.sampled < 2 {
            return 0.0;
        }
        let mean = self.mean();
        let variance = (self.squares / n - mean * mean).max(0.0) * n / (n - 1.0);
        (variance / n).sqrt() / mean
    }

    /// Whether every program of the bound was run, to its end.
    pub fn is_exact(&self) -> bool {
        self.is_all() && self.cut_off == 0
    }

    fn is_all(&self) -> bool {
        u128::from(self.sampled) == self.programs
    }

    /// Executions of a program, on average.
    pub fn mean(&self) -> f64 {
        self.executions as f64 / self.sampled.max(1) as f64
    }

    /// Executions of the whole bound.
    pub fn total_executions(&self) -> f64 {
        self.mean() * self.programs as f64
    }

    /// The engine's time for the whole bound, in seconds.
    pub fn total_seconds(&self) -> f64 {
        self.seconds / self.sampled.max(1) as f64 * self.programs as f64
    }

    /// What stands before an estimate: nothing, `~`, or `>` for a lower bound.
    pub fn sign(&self) -> &'static str {
        match (self.is_exact(), self.cut_off) {
            (true, _) => "",
            (false, 0) => "~",
            _ => ">",
        }
    }
}

#[cfg(test)]
mod tests {
    use programs::outcome::Ends;

    use super::*;
    use pipe::EngineName;

    fn row(programs: u128, executions: &[(u64, bool)]) -> ScaleRow {
        let plan = BoundSample {
            bound: "2x2".parse().unwrap(),
            ends: Ends::Left,
            sample: 10,
            most_executions: 100,
        };
        let mut row = ScaleRow::new(&plan, programs);
        for &(executions, complete) in executions {
            row.add(&Exploration {
                executions,
                complete,
                threads_run: 2,
                seconds: 0.5,
                ..Exploration::new(EngineName::Loom)
            });
        }
        row
    }

    #[test]
    fn all_programs_are_no_estimate() {
        let row = row(2, &[(10, true), (30, true)]);
        assert_eq!((row.sign(), row.total_executions()), ("", 40.0));
        assert_eq!((row.error, row.total_seconds()), (0.0, 1.0));
    }

    #[test]
    fn a_sample_stands_for_the_rest() {
        let row = row(200, &[(10, true), (30, true)]);
        assert_eq!((row.sign(), row.total_executions()), ("~", 4_000.0));
        // Both are 10 away from the mean of 20: a deviation of 14.1, over root 2.
        assert!((row.error - 0.5).abs() < 1e-9, "{}", row.error);
    }

    #[test]
    fn a_program_that_was_cut_off_makes_it_a_lower_bound() {
        let row = row(2, &[(10, true), (30, false)]);
        assert_eq!((row.sign(), row.cut_off), (">", 1));
        assert_eq!(row.verdict, Verdict::Pass);
    }
}
