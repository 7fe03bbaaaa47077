//! What is made of the first failure: the smallest program, its execution, and
//! a file to run it again.

use std::path::PathBuf;

use super::Args;
use crate::counterexample::Counterexample;
use crate::plan::Experiment;
use crate::print::line::Smallest;
use crate::print::story::Detail;
use crate::smallest::smallest;
use crate::worker::Worker;
use crate::workspace::near;
use crate::{package, print, story};
use pipe::{Description, Exploration, Job, Target};

/// A failure, made small and saved.
pub(super) struct Failed {
    job: Job,
    run: Exploration,
    saved: Option<Result<PathBuf, String>>,
}

impl Failed {
    /// Makes the failure of a run small, unless the arguments say not to, and
    /// saves it.
    pub(super) fn look_into(
        args: &Args,
        worker: &mut Worker,
        question: &Experiment,
        job: &Job,
        run: &Exploration,
    ) -> Self {
        let original = &job.case;
        let (job, run) = if args.no_minimise {
            (job.clone(), run.clone())
        } else {
            smallest(worker, question, (job, run))
        };
        let folder = args.failures.clone();
        let folder = folder.unwrap_or_else(Counterexample::default_folder);
        let found = Counterexample::of(&job, &run);
        let saved = found.map(|found| found.from_original(&original.to_string()).save(&folder));
        Failed { job, run, saved }
    }

    /// The smallest program, the failing execution, and where it is.
    pub(super) fn text(
        &self,
        original: &Target,
        subject: &'static Description,
        detail: Detail,
    ) -> String {
        let mut text = String::new();
        if self.job.case != *original {
            text.push_str(&format!(
                "smallest program that fails in the same way: {}\n(of {original}; --no-minimise \
                 shows it as it is)\n\n",
                self.job.case
            ));
        }
        text.push_str(&print::failure::text(&self.job, &self.run, subject, detail));
        match &self.saved {
            Some(Ok(path)) => {
                text.push_str(&format!(
                    "\nsaved; again: just replay {}{}",
                    near(path),
                    package::option()
                ));
            }
            Some(Err(error)) => text.push_str(&format!("\nnot saved: {error}")),
            None => text.push_str("\nnot saved: real threads do not do the same again"),
        }
        text
    }

    /// The same for `--json`.
    pub(super) fn json(&self, subject: &'static Description) -> Option<Smallest> {
        let saved = self.saved.as_ref().and_then(|saved| saved.as_ref().ok());
        Some(Smallest {
            program: self.job.case.to_string(),
            saved: saved.map(|path| path.display().to_string()),
            story: story::of_failure(&self.job, &self.run, subject)?,
        })
    }
}
