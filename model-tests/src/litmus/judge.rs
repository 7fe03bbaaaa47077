//! What a litmus file says of outcomes, against the specification and against
//! what engines saw.

use std::collections::BTreeSet;

use pipe::{EngineName, Exploration, Job, Verdict};
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
    /// Judges the runs of this file on one engine by all that it says: they come to
    /// the verdict that it expects, some run shows each required outcome, and none
    /// shows a forbidden one. Outcomes that weak memory alone may show are required
    /// only where the engine shows all of them.
    ///
    /// # Errors
    ///
    /// The first thing that does not hold.
    pub fn judge(&self, engine: EngineName, runs: &[(Job, Exploration)]) -> Result<(), String> {
        // A worker that broke saw nothing of its end, whatever another end came to.
        let verdicts = runs.iter().map(|(_, run)| run.verdict());
        let verdict = verdicts.clone().fold(Verdict::Pass, Verdict::and);
        let mut broke = verdicts.filter(|verdict| *verdict == Verdict::ToolFailure);
        let verdict = broke.next().unwrap_or(verdict);
        if verdict != self.expect {
            return Err(format!("{engine}: expected {}, got {verdict}", self.expect));
        }
        // Models have a limit of the count that is near; that of real handles is not.
        if engine == EngineName::Threads && self.program.start.forgotten > 0 {
            return Ok(());
        }
        // shuttle has no weak memory, loom overlooks stale reads of several
        // locations, and what ends at a failure did not see everything.
        let shows_all = self.expect == Verdict::Pass
            && match engine {
                EngineName::Rc11 => true,
                EngineName::Loom => self.program.slots() == 1,
                EngineName::Shuttle | EngineName::Threads => false,
            };
        self.judge_outcomes(runs, shows_all)
    }

    /// The outcomes alone; required ones only where the runs show all that there are.
    ///
    /// # Errors
    ///
    /// The first pattern that is not fulfilled.
    pub fn judge_outcomes(
        &self,
        explorations: &[(Job, Exploration)],
        shows_all: bool,
    ) -> Result<(), String> {
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
        for pattern in self.requires.iter().filter(|_| shows_all) {
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
