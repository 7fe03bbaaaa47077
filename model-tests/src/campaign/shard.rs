//! A part of a campaign that runs alone.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Shard `index` of `of`, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "Unchecked")]
pub struct Shard {
    /// Which.
    pub index: usize,
    /// Of how many.
    pub of: usize,
}

/// A shard as it is written down, which there need not be.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Unchecked {
    index: usize,
    of: usize,
}

impl TryFrom<Unchecked> for Shard {
    type Error = String;

    fn try_from(Unchecked { index, of }: Unchecked) -> Result<Self, String> {
        Shard::new(index, of)
    }
}

impl Shard {
    /// Everything.
    pub const WHOLE: Shard = Shard { index: 1, of: 1 };

    /// Whether the program at this position belongs to the shard. Neighbours
    /// cost alike, so they go to different shards.
    pub fn contains(self, position: usize) -> bool {
        position % self.of == self.index - 1
    }

    /// How many of so many programs belong to the shard.
    pub fn len(self, programs: usize) -> usize {
        programs.saturating_sub(self.index - 1).div_ceil(self.of)
    }

    /// All shards of as many, this one among them.
    pub fn siblings(self) -> impl Iterator<Item = Shard> {
        let Shard { of, .. } = self;
        (1..=of).map(move |index| Shard { index, of })
    }

    fn new(index: usize, of: usize) -> Result<Self, String> {
        if index == 0 || index > of {
            return Err(format!(
                "there is no shard {index} of {of}; shards count from 1"
            ));
        }
        Ok(Shard { index, of })
    }

    /// The shard that a batch system gives this task: Kubernetes indexed jobs,
    /// Slurm arrays, GitLab's `parallel`. `of` is needed where the system does
    /// not say how many there are.
    ///
    /// # Errors
    ///
    /// If no batch system is recognised, or its variables make no sense.
    pub fn from_environment(
        of: Option<usize>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, String> {
        let number = |name: &str| -> Result<Option<usize>, String> {
            variable(name)
                .map(|text| {
                    text.trim()
                        .parse()
                        .map_err(|_| format!("{name} is `{text}`, not a number"))
                })
                .transpose()
        };
        if let Some(index) = number("CI_NODE_INDEX")? {
            let of = of.or(number("CI_NODE_TOTAL")?);
            return Shard::new(index, of.ok_or("CI_NODE_TOTAL is not set: give env/N")?);
        }
        if let Some(task) = number("SLURM_ARRAY_TASK_ID")? {
            let first = number("SLURM_ARRAY_TASK_MIN")?.unwrap_or(0);
            let step = number("SLURM_ARRAY_TASK_STEP")?.unwrap_or(1).max(1);
            let of = of.or(number("SLURM_ARRAY_TASK_COUNT")?);
            let index = task
                .checked_sub(first)
                .ok_or("SLURM_ARRAY_TASK_ID is below SLURM_ARRAY_TASK_MIN")?
                / step;
            return Shard::new(
                index + 1,
                of.ok_or("SLURM_ARRAY_TASK_COUNT is not set: give env/N")?,
            );
        }
        if let Some(index) = number("JOB_COMPLETION_INDEX")? {
            let of = of.ok_or("Kubernetes does not say how many tasks there are: give env/N")?;
            return Shard::new(index + 1, of);
        }
        Err(
            "no batch system numbers this task: none of CI_NODE_INDEX, SLURM_ARRAY_TASK_ID and \
             JOB_COMPLETION_INDEX is set"
                .to_owned(),
        )
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

impl FromStr for Shard {
    type Err = String;

    /// `K/N`, or `env` or `env/N` for what the batch system says.
    fn from_str(text: &str) -> Result<Self, String> {
        let form = || format!("`{text}` is not K/N, env or env/N");
        let environment = |name: &str| std::env::var(name).ok();
        if text == "env" {
            return Shard::from_environment(None, environment);
        }
        let (index, of) = text.split_once('/').ok_or_else(form)?;
        let of = of.trim().parse().map_err(|_| form())?;
        if index.trim() == "env" {
            return Shard::from_environment(Some(of), environment);
        }
        Shard::new(index.trim().parse().map_err(|_| form())?, of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn among<'a>(set: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |name| {
            let found = set.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        }
    }

    #[test]
    fn every_position_is_in_exactly_one_shard() {
        for of in 1..6 {
            for position in 0..100 {
                let holders = (1..=of).filter(|&index| Shard { index, of }.contains(position));
                assert_eq!(holders.count(), 1);
            }
            for (index, programs) in (1..=of).flat_map(|index| (0..30).map(move |n| (index, n))) {
                let shard = Shard { index, of };
                let held = (0..programs).filter(|p| shard.contains(*p)).count();
                assert_eq!(shard.len(programs), held, "{shard} of {programs}");
            }
        }
    }

    #[test]
    fn shards_count_from_one() {
        assert!("0/4".parse::<Shard>().is_err());
        assert!("5/4".parse::<Shard>().is_err());
        assert!("x/4".parse::<Shard>().is_err());
        assert_eq!("4/4".parse(), Ok(Shard { index: 4, of: 4 }));
    }

    #[test]
    fn batch_systems_say_which_shard_this_is() {
        let gitlab = [("CI_NODE_INDEX", "2"), ("CI_NODE_TOTAL", "8")];
        assert_eq!(
            Shard::from_environment(None, among(&gitlab)),
            Ok(Shard { index: 2, of: 8 })
        );
        let slurm = [
            ("SLURM_ARRAY_TASK_ID", "12"),
            ("SLURM_ARRAY_TASK_MIN", "10"),
            ("SLURM_ARRAY_TASK_COUNT", "4"),
        ];
        assert_eq!(
            Shard::from_environment(None, among(&slurm)),
            Ok(Shard { index: 3, of: 4 })
        );
        let kubernetes = [("JOB_COMPLETION_INDEX", "0")];
        assert_eq!(
            Shard::from_environment(Some(16), among(&kubernetes)),
            Ok(Shard { index: 1, of: 16 })
        );
        assert!(Shard::from_environment(None, among(&kubernetes)).is_err());
        assert!(Shard::from_environment(None, among(&[])).is_err());
    }
}
