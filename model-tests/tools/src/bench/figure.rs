//! One thing that was measured.

use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// What is measured together.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ValueEnum,
)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// Operations of the protocol and their peers, by the clock.
    Protocol,
    /// The same, by the number of instructions.
    Instructions,
    /// The engines, with the harness and without.
    Engines,
    /// Whole commands.
    Commands,
    /// How soon each control fails.
    Controls,
    /// How executions grow with threads and operations.
    Scale,
}

impl Part {
    /// All of them.
    pub const ALL: [Part; 6] = [
        Part::Protocol,
        Part::Instructions,
        Part::Engines,
        Part::Commands,
        Part::Controls,
        Part::Scale,
    ];
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Part::Protocol => "protocol",
            Part::Instructions => "instructions",
            Part::Engines => "engines",
            Part::Commands => "commands",
            Part::Controls => "controls",
            Part::Scale => "scale",
        })
    }
}

/// What a figure is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Seconds.
    #[serde(rename = "s")]
    Seconds,
    /// Instructions.
    Instructions,
}

/// A number, measured once in each round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Figure {
    /// What it is measured with.
    pub part: Part,
    /// What is done.
    pub group: String,
    /// By whom.
    pub member: String,
    /// What `values` are in.
    pub unit: Unit,
    /// One of each round.
    pub values: Vec<f64>,
    /// Executions that this took, where it is an exploration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executions: Option<u64>,
    /// The most memory of a worker, in bytes, where the system says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_memory: Option<u64>,
}

impl Figure {
    /// Whether it is the same thing that was measured.
    pub fn is_like(&self, other: &Figure) -> bool {
        (self.part, &self.group, &self.member) == (other.part, &other.group, &other.member)
    }

    /// The middle of its rounds.
    pub fn median(&self) -> f64 {
        median(self.values.clone())
    }

    /// The smallest and the largest value.
    pub fn range(&self) -> (f64, f64) {
        let least = self.values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = self.values.iter().copied().fold(0.0, f64::max);
        (least, most)
    }

    /// How far its rounds lie apart, as a part of the median.
    pub fn spread(&self) -> f64 {
        let (least, most) = self.range();
        (most - least) / self.median()
    }

    /// How many times the other one this is: the ratio within each round.
    pub fn ratio(&self, other: &Figure) -> Figure {
        let pairs = self.values.iter().zip(&other.values);
        Figure {
            values: pairs.map(|(this, other)| this / other).collect(),
            ..self.clone()
        }
    }
}

/// The middle, or the mean of the two in the middle.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::Plan;
    use super::*;

    pub(crate) fn figure(group: &str, member: &str, values: &[f64]) -> Figure {
        Figure {
            part: Part::Protocol,
            group: group.to_owned(),
            member: member.to_owned(),
            unit: Unit::Seconds,
            values: values.to_vec(),
            executions: None,
            peak_memory: None,
        }
    }

    pub(crate) fn plan() -> Plan {
        Plan {
            parts: Part::ALL.to_vec(),
            rounds: 3,
            seconds: 1.0,
            long: false,
            workers: 2,
            bounds: Vec::new(),
            sample: 0,
        }
    }

    #[test]
    fn the_median_is_the_middle_one() {
        assert_eq!(figure("g", "m", &[9.0, 1.0, 2.0]).median(), 2.0);
        assert_eq!(figure("g", "m", &[4.0, 1.0, 2.0, 9.0]).median(), 3.0);
    }

    #[test]
    fn the_spread_is_a_part_of_the_median() {
        assert_eq!(figure("g", "m", &[1.5, 2.0, 2.5]).spread(), 0.5);
        assert_eq!(figure("g", "m", &[2.0]).spread(), 0.0);
    }

    #[test]
    fn a_ratio_is_formed_within_rounds() {
        // The machine became three times slower in the second round, for both.
        let this = figure("g", "a", &[2.0, 6.0]);
        let other = figure("g", "b", &[1.0, 3.0]);
        assert!((this.ratio(&other).median() - 2.0).abs() < 1e-9);
    }
}
