//! How shuttle chooses which thread goes on, and a schedule it took.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How shuttle chooses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "scheduler", rename_all = "lowercase")]
pub enum Scheduler {
    /// All schedules, one after the other.
    Dfs,
    /// A random thread at each step.
    Random {
        /// Where the random numbers begin.
        seed: u64,
        /// How many schedules.
        schedules: u64,
    },
    /// Probabilistic concurrency testing: random priorities, and `depth` - 1
    /// places where they change.
    Pct {
        /// Where the random numbers begin.
        seed: u64,
        /// How many schedules.
        schedules: u64,
        /// The bug depth.
        depth: usize,
    },
    /// Uniform random walks: threads with more steps left are more likely.
    Urw {
        /// Where the random numbers begin.
        seed: u64,
        /// How many schedules.
        schedules: u64,
    },
    /// A schedule that was taken before.
    Replay {
        /// The schedule.
        schedule: Schedule,
    },
}

impl Scheduler {
    /// The name.
    pub const fn name(&self) -> &'static str {
        match self {
            Scheduler::Dfs => "dfs",
            Scheduler::Random { .. } => "random",
            Scheduler::Pct { .. } => "pct",
            Scheduler::Urw { .. } => "urw",
            Scheduler::Replay { .. } => "replay",
        }
    }

    /// Whether it draws schedules, so that it never sees all of them.
    pub const fn samples(&self) -> bool {
        !matches!(self, Scheduler::Dfs)
    }

    /// The seed, where there is one.
    pub const fn seed(&self) -> Option<u64> {
        match self {
            Scheduler::Random { seed, .. }
            | Scheduler::Pct { seed, .. }
            | Scheduler::Urw { seed, .. } => Some(*seed),
            Scheduler::Dfs | Scheduler::Replay { .. } => None,
        }
    }
}

/// One choice of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// This task goes on.
    Task(usize),
    /// A random number was drawn.
    Random(u64),
}

/// The choices of one execution. In text, tasks are numbers and drawn numbers
/// begin with `r`: `0 1 1 r27 0`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule(pub Vec<Choice>);

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, choice) in self.0.iter().enumerate() {
            if position > 0 {
                f.write_str(" ")?;
            }
            match choice {
                Choice::Task(task) => write!(f, "{task}")?,
                Choice::Random(number) => write!(f, "r{number}")?,
            }
        }
        Ok(())
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Schedule {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Schedule".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "The choices of one execution: numbers of threads, drawn numbers with an r in front."
        })
    }
}

impl Serialize for Schedule {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Schedule {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl FromStr for Schedule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let choice = |word: &str| {
            let bad = |_| format!("`{word}` is no step of a schedule");
            match word.strip_prefix('r') {
                Some(number) => number.parse().map(Choice::Random).map_err(bad),
                None => word.parse().map(Choice::Task).map_err(bad),
            }
        };
        text.split_whitespace()
            .map(choice)
            .collect::<Result<_, _>>()
            .map(Schedule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_survives_its_text() {
        let schedule = Schedule(vec![Choice::Task(0), Choice::Random(7), Choice::Task(12)]);
        assert_eq!(schedule.to_string(), "0 r7 12");
        let line = serde_json::to_string(&schedule).unwrap();
        assert_eq!(serde_json::from_str::<Schedule>(&line).unwrap(), schedule);
        assert_eq!("0 r7 12".parse(), Ok(schedule));
        assert!("0 x".parse::<Schedule>().is_err());
    }
}
