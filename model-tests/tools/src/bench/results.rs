//! The figures of a run, in a file.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use model_tests::{json, workspace};
use serde::{Deserialize, Serialize};

use super::{Figure, Machine, Part, Plan};
use crate::scale::ScaleRow;
use model_tests::campaign::commit;

/// What a run measured, and where.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Results {
    /// When it began, in seconds since 1970.
    pub when: u64,
    /// The commit that was measured.
    pub commit: String,
    /// What it was measured on.
    pub machine: Machine,
    /// What was asked for.
    pub plan: Plan,
    /// Whether all of it was measured.
    pub complete: bool,
    /// Parts that could not be measured here, and why.
    pub skipped: Vec<(Part, String)>,
    /// In the order they were measured in.
    pub figures: Vec<Figure>,
    /// How executions grow with the bounds.
    #[serde(default)]
    pub scale: Vec<ScaleRow>,
}

impl Results {
    /// Nothing measured yet, on this machine.
    pub fn here(plan: Plan) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        Results {
            when: now.map_or(0, |since| since.as_secs()),
            commit: commit(),
            machine: Machine::this(),
            plan,
            complete: false,
            skipped: Vec::new(),
            figures: Vec::new(),
            scale: Vec::new(),
        }
    }

    /// The file that is kept with the code, and shown in the documents.
    pub fn kept() -> PathBuf {
        workspace::package().join("bench.json")
    }

    /// Adds a value of one more round.
    ///
    /// # Errors
    ///
    /// If it took other executions than in the rounds before: they are the same
    /// in every run, or something is wrong.
    pub(super) fn add(&mut self, measured: Figure) -> Result<(), String> {
        match self.figures.iter_mut().find(|f| f.is_like(&measured)) {
            Some(figure) if figure.executions != measured.executions => Err(format!(
                "{}, {}: {:?} executions, and {:?} in another round",
                figure.group, figure.member, measured.executions, figure.executions
            )),
            Some(figure) => {
                figure.values.extend(measured.values);
                Ok(())
            }
            None => {
                self.figures.push(measured);
                Ok(())
            }
        }
    }

    /// Whether nothing was measured at all.
    pub fn is_empty(&self) -> bool {
        self.figures.is_empty() && self.scale.is_empty()
    }

    /// Whether there is something of this part.
    pub fn has(&self, part: Part) -> bool {
        match part {
            Part::Scale => !self.scale.is_empty(),
            part => self.of(part).next().is_some(),
        }
    }

    /// The figures of a part.
    pub fn of(&self, part: Part) -> impl Iterator<Item = &Figure> {
        self.figures.iter().filter(move |f| f.part == part)
    }

    /// The names of a part's groups, in order.
    pub fn groups(&self, part: Part) -> Vec<&str> {
        let mut groups: Vec<&str> = Vec::new();
        for figure in self.of(part) {
            if !groups.contains(&figure.group.as_str()) {
                groups.push(&figure.group);
            }
        }
        groups
    }

    /// The first figure of a group: what the others are compared with.
    pub fn first(&self, part: Part, group: &str) -> Option<&Figure> {
        self.of(part).find(|figure| figure.group == group)
    }

    /// A figure by its names.
    pub fn find(&self, part: Part, group: &str, member: &str) -> Option<&Figure> {
        self.of(part)
            .find(|f| f.group == group && f.member == member)
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or is none of this kind.
    pub fn load(path: &Path) -> Result<Self, String> {
        let at = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let text = std::fs::read(path).map_err(|e| at(&e))?;
        let results: Results = json::read(&text)
            .map_err(|e| at(&format!("{e}\n  hint: a file that `bench --out` wrote")))?;
        let vain = |f: &&Figure| f.values.is_empty() || f.values.iter().any(|v| *v <= 0.0);
        match results.figures.iter().find(vain) {
            None => Ok(results),
            Some(f) => Err(at(&format!("no values of {}, {}", f.group, f.member))),
        }
    }

    /// Writes a file.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), String> {
        let at = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let text = json::pretty(self).map_err(|e| at(&e))?;
        path.parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .map_or(Ok(()), std::fs::create_dir_all)
            .and_then(|()| std::fs::write(path, text))
            .map_err(|e| at(&e))
    }
}

#[cfg(test)]
mod tests {
    use super::super::figure::tests::{figure, plan};
    use super::*;

    #[test]
    fn rounds_of_one_thing_are_one_figure() {
        let mut results = Results::here(plan());
        results.add(figure("clone", "frame", &[1.0])).unwrap();
        results.add(figure("clone", "Arc", &[2.0])).unwrap();
        results.add(figure("clone", "frame", &[3.0])).unwrap();
        results.add(figure("drop", "frame", &[4.0])).unwrap();
        let frame = results.find(Part::Protocol, "clone", "frame").unwrap();
        assert_eq!(frame.values, [1.0, 3.0]);
        assert_eq!(results.groups(Part::Protocol), ["clone", "drop"]);
        assert!(results.groups(Part::Engines).is_empty());
    }

    #[test]
    fn other_executions_in_a_later_round_are_an_error() {
        let mut results = Results::here(plan());
        let round = |executions| Figure {
            executions: Some(executions),
            ..figure("loom: program", "bare", &[1.0])
        };
        results.add(round(4)).unwrap();
        results.add(round(4)).unwrap();
        assert!(results.add(round(5)).is_err());
    }

    #[test]
    fn a_file_comes_back_as_it_was_and_others_are_refused() {
        let folder = std::env::temp_dir().join(format!("bench-results-{}", std::process::id()));
        let path = folder.join("some.json");
        let mut results = Results::here(plan());
        results.add(figure("clone", "frame", &[1.0])).unwrap();
        results.save(&path).unwrap();
        assert_eq!(Results::load(&path).unwrap(), results);

        results.figures[0].values.clear();
        results.save(&path).unwrap();
        let error = Results::load(&path).unwrap_err();
        assert!(error.contains("no values of clone, frame"), "{error}");
        std::fs::write(&path, "{}").unwrap();
        let error = Results::load(&path).unwrap_err();
        assert!(error.contains("hint"), "{error}");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
