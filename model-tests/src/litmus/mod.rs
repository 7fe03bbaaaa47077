//! Litmus files: named programs, each with its reason and what is expected of
//! it.
//!
//! ```text
//! # Two claims of one frame: a second winner would write the metadata too.
//! program: unused: alloc | alloc
//! expect: pass
//! ```
//!
//! | line | says | how often |
//! |---|---|---|
//! | `# …` | why the file exists | at least once |
//! | `program:` | the program | once |
//! | `expect:` | `pass`, or the [verdict](Verdict) of a control | once |
//! | `ends:` | `dropped`, `left` or `both`; both if not said | at most once |
//! | `weaken:` | orderings to change, `SITE=Ordering`, commas between | |
//! | `inject:` | `SITE#n`: the n-th weak CAS of the site fails spuriously | at most once |
//! | `requires:` | an [outcome](OutcomePattern) that some run must show | |
//! | `forbids:` | an outcome that no run may show | |
//!
//! Empty lines are free.

pub mod ends;
mod error;
mod judge;
mod load;
mod parse;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use programs::outcome::{Ends, OutcomePattern};
use programs::program::Program;

pub use error::LitmusError;
pub use judge::check;
pub use load::{corpus, load_all};

use pipe::{Inject, Job, Limits, OrderingChange, Verdict};

use crate::plan::Experiment;
use crate::subject::Subject;

/// A litmus file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Litmus {
    /// The file's name without folder and extension.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// Why it exists: its comment lines.
    pub why: String,
    /// The program.
    pub program: Program,
    /// The verdict that its runs must come to.
    pub expect: Verdict,
    /// The ends it runs with.
    pub ends: Vec<Ends>,
    /// Sites with another ordering than the code's.
    pub orderings: Vec<OrderingChange>,
    /// The n-th weak CAS of this site, counted from 1, fails spuriously.
    pub inject: Option<Inject>,
    /// Outcomes that must be seen.
    pub requires: Vec<OutcomePattern>,
    /// Outcomes that must not be seen.
    pub forbids: Vec<OutcomePattern>,
}

impl Litmus {
    /// Parses the text of a file; `path` names it in errors and need not
    /// exist.
    ///
    /// # Errors
    ///
    /// The first place that is not a litmus file.
    pub fn parse(path: &Path, text: &str, subject: &Subject) -> Result<Self, LitmusError> {
        // Some editors begin a file with a byte order mark.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        parse::parse(path, text, subject).map_err(|error| LitmusError::Parse {
            path: path.to_owned(),
            error: Box::new(error),
        })
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or is not a litmus file.
    pub fn load(path: &Path, subject: &Subject) -> Result<Self, LitmusError> {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(path, &text, subject),
            Err(error) => Err(LitmusError::Read {
                path: path.to_owned(),
                error,
            }),
        }
    }

    /// Whether it is a control: a change for the worse that must be found.
    pub fn is_control(&self) -> bool {
        self.expect.is_failure()
    }

    /// What it asks of the engines.
    pub fn question(&self) -> Experiment {
        Experiment {
            case: self.program.clone().into(),
            ends: self.ends.clone(),
            orderings: self.orderings.clone(),
            inject: self.inject.clone(),
            limits: Limits::default(),
            seed: 1,
            trace: true,
        }
    }

    /// Its runs under loom: for each of its ends, with each probe.
    pub fn jobs(&self) -> Vec<Job> {
        self.question().loom_jobs()
    }
}
