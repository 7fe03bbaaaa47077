//! What a litmus file says of outcomes, against the specification and against
//! what engines saw.

use std::collections::BTreeSet;

use pipe::{Exploration, Job, Verdict};
use programs::outcome::Outcome;
use programs::spec::{MemoryModel, Params};

use super::Litmus;

/// Checks the outcomes that a litmus file asks for against the specification, on weak
/// memory. Those of a program that is too large to enumerate are left to the engines.
///
/// # Errors
///
/// If a required outcome is not allowed (unless the file expects one that is
/// not), or a forbidden outcome is.
pub fn check(litmus: &Litmus) -> Result<(), String> {
    let mut allowed = BTreeSet::new();
    for ends in &litmus.ends {
        let of_ends = MemoryModel::Rc11.allowed(&litmus.program, *ends, &Params::MODEL);
        let of_ends = of_ends.map_err(|error| format!("{}: {error}", litmus.name))?;
        let Some(of_ends) = of_ends else {
            return Ok(());
        };
        allowed.extend(of_ends);
    }
    for pattern in &litmus.forbids {
        if let Some(outcome) = allowed.iter().find(|outcome| pattern.matches(outcome)) {
            return Err(format!(
                "{}: forbids `{pattern}`, but the specification allows `{outcome}`",
                litmus.name
            ));
        }
    }
    if matches!(litmus.expect, Verdict::ForbiddenOutcome | Verdict::Abort) {
        return Ok(());
    }
    for pattern in &litmus.requires {
        if !allowed.iter().any(|outcome| pattern.matches(outcome)) {
            return Err(format!(
                "{}: requires `{pattern}`, but the specification does not allow it",
                litmus.name
            ));
        }
    }
    Ok(())
}

impl Litmus {
    /// Judges what the runs of this file saw by its own words: some run shows
    /// each required outcome, and none shows a forbidden one.
    ///
    /// # Errors
    ///
    /// The first pattern that is not fulfilled.
    pub fn judge_requires(&self, explorations: &[(Job, Exploration)]) -> Result<(), String> {
        let mut seen: Vec<(&Job, Outcome)> = Vec::new();
        for (job, exploration) in explorations {
            for text in exploration.outcomes.keys() {
                let outcome = text
                    .parse()
                    .map_err(|error| format!("{}: an engine saw `{text}`: {error}", self.name))?;
                seen.push((job, outcome));
            }
        }
        for pattern in &self.forbids {
            if let Some((job, outcome)) = seen.iter().find(|(_, o)| pattern.matches(o)) {
                return Err(format!(
                    "{}: `{outcome}` was seen ({}, probe by {}), which `forbids: {pattern}` rules out",
                    self.name,
                    job.ends.as_str(),
                    job.manner
                ));
            }
        }
        for pattern in &self.requires {
            if !seen.iter().any(|(_, outcome)| pattern.matches(outcome)) {
                return Err(format!(
                    "{}: no run showed `requires: {pattern}`; {} different outcomes were seen",
                    self.name,
                    seen.iter().map(|(_, o)| o).collect::<BTreeSet<_>>().len()
                ));
            }
        }
        Ok(())
    }
}
