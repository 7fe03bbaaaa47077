//! The steps of one execution.

use serde::{Deserialize, Serialize};

use crate::Ordering;

/// One step of an execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Step {
    /// The thread, counted from 1.
    pub thread: usize,
    /// The slot, where the step touches one.
    pub slot: Option<usize>,
    /// Which memory, where the slot does not say: numbered from 1 in the order in
    /// which the execution touched it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<usize>,
    /// What was done.
    #[serde(flatten)]
    pub kind: StepKind,
}

impl Step {
    /// Checks steps that come from a file: those that they name are writes to the same word,
    /// and following one another they come to the start.
    ///
    /// # Errors
    ///
    /// The step that does not.
    pub fn check(steps: &[Step]) -> Result<(), String> {
        let word = |at: usize| (steps[at].slot, steps[at].object);
        let writes = |at: usize| match steps.get(at).map(|step| &step.kind) {
            Some(StepKind::Atomic { written, .. }) => written.is_some(),
            _ => false,
        };
        let named = |at: usize, origin: Option<Origin>| match origin {
            Some(Origin::Step(other)) if !writes(other) || word(other) != word(at) => Err(format!(
                "steps[{at}] names steps[{other}], which is no write to the same word"
            )),
            Some(Origin::Step(other)) => Ok(Some(other)),
            Some(Origin::Start) | None => Ok(None),
        };
        // By step, from which one it was come to first, counted from 1.
        let mut reached = vec![0; steps.len()];
        for from in 0..steps.len() {
            let mut next = Some(from);
            while let Some(at) = next.filter(|at| [0, from + 1].contains(&reached[*at])) {
                let StepKind::Atomic {
                    reads_from,
                    follows,
                    ..
                } = steps[at].kind
                else {
                    break;
                };
                if reached[at] != 0 {
                    return Err(format!("steps[{at}] follows itself, in some steps"));
                }
                reached[at] = from + 1;
                named(at, reads_from)?;
                next = named(at, follows)?;
            }
        }
        Ok(())
    }
}

/// What a step did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "step", rename_all = "lowercase")]
pub enum StepKind {
    /// An operation of the program begins, or a drop at the end.
    Begin {
        /// Its position in the thread, counted from 1.
        op: usize,
    },
    /// The operation that the thread is in is over.
    End {
        /// What came of it, in the words of an outcome.
        result: String,
    },
    /// An atomic access or a fence.
    Atomic {
        /// The site.
        site: String,
        /// The ordering it was performed with.
        ordering: Ordering,
        /// The raw value read.
        read: Option<u64>,
        /// The raw value written.
        written: Option<u64>,
        /// A weak CAS that was made to fail.
        spurious: bool,
        /// Of a read, the write that it reads from, where the engine knows.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reads_from: Option<Origin>,
        /// Of a write, the one before it in modification order, where the engine
        /// knows: of those that were made.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        follows: Option<Origin>,
    },
    /// An access to plain memory.
    Plain {
        /// The field.
        field: String,
        /// What for.
        access: Access,
        /// File and line; none where an operation of the program itself reads or
        /// writes the metadata.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        location: Option<String>,
    },
    /// A step to the slot's mailbox.
    Mailbox {
        /// Into it, or out of it.
        give: bool,
        /// Whether a handle moved; if not, the mailbox was full or empty.
        ok: bool,
    },
}

/// A write to a slot's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// That of the start state.
    Start,
    /// That of this step: a position among all steps, counted from 0.
    Step(usize),
}

/// What an access to plain memory is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Access {
    /// A value is put where none is.
    Init,
    /// It is read.
    Read,
    /// It is changed.
    Write,
    /// It is dropped or moved out.
    Take,
}

impl Access {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Access::Init => "init",
            Access::Read => "read",
            Access::Write => "write",
            Access::Take => "take",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_has_a_word() {
        let all = [Access::Init, Access::Read, Access::Write, Access::Take];
        assert_eq!(all.map(Access::as_str), ["init", "read", "write", "take"]);
    }
}
