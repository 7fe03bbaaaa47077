//! Transitions of a slot, as coverage counts them.

use std::fmt;

use programs::outcome::OpResult;
use programs::program::OpName;
use programs::spec::{self, Params, SlotClass, SlotState};
use serde::{Deserialize, Serialize};

/// One cell of the coverage table. States are classes: counts that no operation
/// tells apart are one, and so are numbers and writers that were read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Transition {
    /// The state before.
    pub before: String,
    /// The operation.
    pub op: String,
    /// Its result.
    pub result: String,
    /// The state after.
    pub after: String,
}

impl Transition {
    /// The cell of an operation between two states of a slot with this limit.
    pub fn new(
        params: &Params,
        op: OpName,
        result: OpResult,
        (before, after): (SlotState, SlotState),
    ) -> Self {
        let class = |state| class(params, state);
        Transition {
            before: class(before).to_owned(),
            op: op.to_string(),
            result: match result {
                OpResult::Count(_) => "number".to_owned(),
                OpResult::Read(_) => "writer".to_owned(),
                other => other.to_string(),
            },
            after: class(after).to_owned(),
        }
    }

    /// Whether the operation passes a handle on without touching the slot. It
    /// commutes with all that other threads do to the slot, so that an engine
    /// with partial-order reduction need not meet it in every state: it has no
    /// cells.
    pub const fn moves_handles(op: OpName) -> bool {
        matches!(op, OpName::Give | OpName::Take)
    }

    /// The cell of a transition of the specification.
    pub fn of_spec(params: &Params, transition: &spec::Transition) -> Self {
        let states = (transition.before, transition.after);
        Transition::new(params, transition.op.name, transition.result, states)
    }
}

impl fmt::Display for Transition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} {} {}",
            self.before, self.op, self.result, self.after
        )
    }
}

/// The classes, in the words of the table.
pub const CLASSES: [&str; 7] = [
    "unused",
    "busy",
    "shared(1)",
    "shared(2..)",
    "shared(max)",
    "above max",
    "unique",
];

fn class(params: &Params, state: SlotState) -> &'static str {
    match state.class(params) {
        SlotClass::Unused => CLASSES[0],
        SlotClass::Busy => CLASSES[1],
        SlotClass::One => CLASSES[2],
        SlotClass::Several => CLASSES[3],
        SlotClass::Full => CLASSES[4],
        SlotClass::Margin => CLASSES[5],
        SlotClass::Unique => CLASSES[6],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_has_the_classes_of_its_states() {
        use SlotState::{Busy, Shared, Unique, Unused};
        let most = Params::MODEL.ref_count_max;
        let states = [
            Unused,
            Busy,
            Shared(1),
            Shared(2),
            Shared(most),
            Shared(most + 1),
            Unique,
        ];
        assert_eq!(states.map(|state| class(&Params::MODEL, state)), CLASSES);
        let moves = |op: &OpName| Transition::moves_handles(*op);
        let moving: Vec<_> = OpName::ALL.into_iter().filter(moves).collect();
        assert_eq!(moving, [OpName::Give, OpName::Take]);
        let cell = |result| {
            Transition::new(&Params::MODEL, OpName::Read, result, (Unique, Unused)).to_string()
        };
        assert_eq!(cell(OpResult::Ok), "unique read ok unused");
        assert_eq!(cell(OpResult::Count(3)), "unique read number unused");
    }
}
