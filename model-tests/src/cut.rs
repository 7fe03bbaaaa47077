//! Explorations under rc11 that were cut off, in a file from which they go on.

use std::path::{Path, PathBuf};

use pipe::{Exploration, OrderingChange, Step};
use programs::outcome::Ends;
use programs::program::Program;
use serde::{Deserialize, Serialize};

use crate::counterexample::digest;
use crate::json;
use crate::plan::Experiment;
use crate::workspace;

/// What is explored, and how far that has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Cut {
    /// The program.
    pub program: Program,
    /// Sites with another ordering.
    pub orderings: Vec<OrderingChange>,
    /// What happens to handles at the end.
    pub ends: Vec<Ends>,
    /// The explorations that were begun, each with its end: what one has seen, and
    /// what is left of it.
    runs: Vec<(Ends, Exploration)>,
}

impl Cut {
    /// Nothing is explored yet. `None` if it is no program that is asked for.
    pub fn before(question: &Experiment) -> Option<Self> {
        Some(Cut {
            program: question.case.program()?.clone(),
            orderings: question.orderings.clone(),
            ends: question.ends.clone(),
            runs: Vec::new(),
        })
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// If it cannot be read, is none of these, or has steps that no execution has.
    pub fn load(path: &Path) -> Result<Self, String> {
        let text = std::fs::read(path).map_err(|e| e.to_string());
        let found = text.and_then(|text| json::read::<Self>(&text));
        found
            .and_then(|found| {
                let runs = found.runs.iter().map(|(_, run)| run);
                let steps = runs.flat_map(|run| {
                    let failed = run.failure.iter().map(|failure| &failure.steps);
                    failed.chain(run.examples.values())
                });
                for steps in steps {
                    Step::check(steps)?;
                }
                Ok(found)
            })
            .map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Whether it is of what is asked for.
    ///
    /// # Errors
    ///
    /// If not: in what it differs.
    pub fn is_of(&self, question: &Experiment) -> Result<(), String> {
        let differ = |what: &str, saved: String, asked: String| {
            Err(format!(
                "the saved exploration is of another {what}\n  it has  {saved}\n  asked is {asked}"
            ))
        };
        if question.case.program() != Some(&self.program) {
            return differ(
                "program",
                self.program.to_string(),
                question.case.to_string(),
            );
        }
        let changes = |orderings: &[OrderingChange]| {
            let mut changes: Vec<_> = orderings.iter().map(ToString::to_string).collect();
            changes.sort();
            match &changes[..] {
                [] => "the orderings of the code".to_owned(),
                changes => changes.join(","),
            }
        };
        let (saved, asked) = (changes(&self.orderings), changes(&question.orderings));
        if saved != asked {
            return differ("weakening", saved, asked);
        }
        let ends = |ends: &[Ends]| {
            let mut ends: Vec<_> = ends.iter().map(|e| e.as_str()).collect();
            ends.sort_unstable();
            ends.join("+")
        };
        let (saved, asked) = (ends(&self.ends), ends(&question.ends));
        if saved != asked {
            return differ("end", saved, asked);
        }
        Ok(())
    }

    /// How far the exploration with this end has come, if it was begun.
    pub fn run(&self, ends: Ends) -> Option<&Exploration> {
        let mut runs = self.runs.iter();
        runs.find(|(of, _)| *of == ends).map(|(_, run)| run)
    }

    /// Writes down how far the exploration with this end has come.
    pub fn set(&mut self, ends: Ends, run: &Exploration) {
        self.runs.retain(|(of, _)| *of != ends);
        self.runs.push((ends, run.clone()));
    }

    /// Whether something is left.
    pub fn has_left(&self) -> bool {
        self.runs.iter().any(|(_, run)| run.left.is_some())
    }

    /// Where it is saved if nothing else is said.
    pub fn default_path(&self) -> PathBuf {
        let orderings = self.orderings.iter().map(ToString::to_string);
        let ends = self.ends.iter().map(|e| e.as_str().to_owned());
        let words: Vec<_> = orderings.chain(ends).collect();
        let digest = digest(&format!("{} {}", self.program, words.join(" ")));
        workspace::target().join(format!("cut/rc11-{digest:016x}.json"))
    }

    /// Writes the file.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), String> {
        let text = json::text(self)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        // Beside it first: who is interrupted once more loses nothing.
        let mut beside = path.as_os_str().to_owned();
        beside.push(".new");
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&beside, text + "\n"))
            .and_then(|()| std::fs::rename(&beside, path))
            .map_err(|e| format!("{}: {e}", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use pipe::{Left, Ordering};

    use super::*;
    use crate::plan::tests::question;

    fn cut() -> Cut {
        let mut cut = Cut::before(&question("unused: alloc | get")).unwrap();
        let run = Exploration {
            left: Some(Left {
                worker: "1".to_owned(),
                begun: 2,
                graphs: vec!["{}".to_owned()],
            }),
            ..Exploration::new(pipe::EngineName::Rc11)
        };
        cut.set(Ends::Left, &run);
        cut
    }

    #[test]
    fn a_file_has_what_was_left() {
        let folder = workspace::target().join("tmp/cut-is-saved");
        let path = folder.join("a.json");
        let saved = cut();
        saved.save(&path).unwrap();
        assert_eq!(Cut::load(&path).unwrap(), saved);
        assert!(saved.has_left() && saved.run(Ends::Dropped).is_none());

        let error = |text: &str| {
            std::fs::write(&path, text).unwrap();
            Cut::load(&path).unwrap_err()
        };
        assert!(error("{").contains("not a cut"));
        let text = json::text(&saved)
            .unwrap()
            .replace(r#""format":1"#, r#""format":9"#);
        assert!(error(&text).contains("written in format 9"));
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn another_question_is_refused() {
        let same = question("unused: alloc | get");
        assert_eq!(cut().is_of(&same), Ok(()));
        let refused = |question: &Experiment| cut().is_of(question).unwrap_err();
        let other = question("unused: alloc | alloc");
        assert!(refused(&other).contains("another program"));
        let weaker = Experiment {
            orderings: vec![OrderingChange {
                site: "SHARE".to_owned(),
                ordering: Ordering::Relaxed,
            }],
            ..same.clone()
        };
        assert!(refused(&weaker).contains("another weakening"));
        let one = Experiment {
            ends: vec![Ends::Left],
            ..same
        };
        assert!(refused(&one).contains("another end"));
    }

    #[test]
    fn each_question_has_a_file_of_its_own() {
        let (one, mut other) = (cut(), cut());
        assert_eq!(one.default_path(), other.default_path());
        other.ends.pop();
        assert_ne!(one.default_path(), other.default_path());
    }
}
