//! Who judges, and what they say.

use std::fmt;

use programs::program::Bound;
use serde::Serialize;

/// A judge, cheapest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JudgeName {
    /// The litmus files that must pass, explored by loom.
    Litmus,
    /// All programs of a bound, explored by loom with handles dropped and left.
    Campaign(Bound),
    /// The scenarios of segments and lists, explored by loom.
    Scenarios,
    /// The tests of a normal build.
    Tests,
}

impl fmt::Display for JudgeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JudgeName::Litmus => f.pad("litmus"),
            JudgeName::Campaign(bound) => f.pad(&format!("campaign {bound}")),
            JudgeName::Scenarios => f.pad("scenarios"),
            JudgeName::Tests => f.pad("tests"),
        }
    }
}

impl Serialize for JudgeName {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// How a judge told a mutant from the original.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Kill {
    /// The judge.
    #[cfg_attr(test, schemars(with = "String"))]
    pub judge: JudgeName,
    /// The litmus file or test, or the program where it has no name.
    pub by: String,
    /// The program, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// The verdict; of tests `failed`, `died` or `hangs`.
    pub verdict: String,
    /// What is known beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// How many runs or test binaries this judge needed, this one included.
    pub after: usize,
    /// How many executions these had.
    pub executions: u64,
}

/// What became of a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// A judge told it from the original.
    Killed,
    /// It is said to be equivalent, and no judge told it from the original.
    Equivalent,
    /// No judge told it from the original.
    Survived,
    /// It is said to be equivalent, but was killed: the reason is wrong.
    NotEquivalent,
    /// It could not be judged.
    ToolFailure,
}

impl Fate {
    /// The words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Fate::Killed => "killed",
            Fate::Equivalent => "equivalent",
            Fate::Survived => "survived",
            Fate::NotEquivalent => "not equivalent",
            Fate::ToolFailure => "tool failure",
        }
    }

    /// Whether it is as it must be.
    pub const fn is_fine(self) -> bool {
        matches!(self, Fate::Killed | Fate::Equivalent)
    }

    /// What to say of a mutant: killed or not, said to be equivalent or not,
    /// and judged without trouble or not.
    pub const fn of(killed: bool, equivalent: bool, judged: bool) -> Fate {
        match (killed, equivalent, judged) {
            (true, false, _) => Fate::Killed,
            (true, true, _) => Fate::NotEquivalent,
            (false, _, false) => Fate::ToolFailure,
            (false, true, true) => Fate::Equivalent,
            (false, false, true) => Fate::Survived,
        }
    }
}

/// What the table says of one mutant.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct JudgedMutant {
    /// Its name.
    pub mutant: String,
    /// What is wrong with it.
    pub what: String,
    /// What became of it.
    pub fate: Fate,
    /// The judges that told it from the original; the first alone unless all
    /// were asked.
    pub kills: Vec<Kill>,
    /// Why no program can tell it from the original, or why it could not be
    /// judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The time it took, builds included.
    pub seconds: f64,
}

#[cfg(test)]
mod tests {
    use super::Fate;

    #[test]
    fn only_a_kill_or_a_surviving_equivalent_is_fine() {
        let fine: Vec<_> = [true, false]
            .into_iter()
            .flat_map(|killed| [(killed, true), (killed, false)])
            .flat_map(|(killed, equivalent)| {
                [true, false].map(|judged| (killed, equivalent, judged))
            })
            .filter(|(killed, equivalent, judged)| {
                Fate::of(*killed, *equivalent, *judged).is_fine()
            })
            .collect();
        let killed = [(true, false, true), (true, false, false)];
        assert_eq!(fine, [killed[0], killed[1], (false, true, true)]);
    }
}
