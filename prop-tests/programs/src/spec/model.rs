//! What is allowed, by the memory that an engine has.

use std::collections::BTreeSet;

use super::{Params, SpecError, weak};
use crate::outcome::{Ends, Outcome};
use crate::program::Program;

/// The most states of the specification that are gone through: some seconds.
pub const MOST_STATES: usize = 100_000;

/// The most states of weak memory that a search for one outcome goes through: a part
/// of a second.
const MOST_SEARCHED: usize = 10_000;

/// How the steps of a program see one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MemoryModel {
    /// They interleave: each finds what the one before it left.
    Interleaved,
    /// As RC11 has it, with the orderings of the protocol.
    Rc11,
}

impl MemoryModel {
    /// The outcomes that a program is allowed, or `None` if it is too large to
    /// enumerate them. Interleavings are always enumerated.
    ///
    /// # Errors
    ///
    /// As [`allowed`](super::allowed) and [`weak::allowed`].
    pub fn allowed(
        self,
        program: &Program,
        ends: Ends,
        params: &Params,
    ) -> Result<Option<BTreeSet<Outcome>>, SpecError> {
        self.allowed_within(program, ends, params, MOST_STATES)
    }

    /// The same, where a program is too large if it has more than `most` states.
    ///
    /// # Errors
    ///
    /// As [`allowed`](Self::allowed).
    pub fn allowed_within(
        self,
        program: &Program,
        ends: Ends,
        params: &Params,
        most: usize,
    ) -> Result<Option<BTreeSet<Outcome>>, SpecError> {
        match self.of(program) {
            Self::Interleaved => super::allowed(program, ends, params).map(Some),
            Self::Rc11 => weak::allowed(program, ends, params, most),
        }
    }

    /// Whether an outcome is allowed, or `None` if that takes too long to find out.
    ///
    /// # Errors
    ///
    /// As [`allowed`](Self::allowed).
    pub fn permits(
        self,
        program: &Program,
        ends: Ends,
        params: &Params,
        outcome: &Outcome,
    ) -> Result<Option<bool>, SpecError> {
        match self.of(program) {
            Self::Interleaved => super::permits(program, ends, params, outcome, MOST_STATES),
            // An interleaving is an execution of weak memory too, and its states are
            // many fewer.
            Self::Rc11 => match super::permits(program, ends, params, outcome, MOST_STATES)? {
                Some(true) => Ok(Some(true)),
                _ => weak::permits(program, ends, params, outcome, MOST_SEARCHED),
            },
        }
    }

    /// One location is coherent, and so interleaved in any case.
    fn of(self, program: &Program) -> Self {
        if program.slots() == 1 && !program.uses_mailboxes() {
            Self::Interleaved
        } else {
            self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::enumerate_on;

    fn number(line: &str, memory: MemoryModel) -> usize {
        let program = line.parse().unwrap();
        let allowed = memory.allowed(&program, Ends::Left, &Params::MODEL);
        allowed.unwrap().expect("few states").len()
    }

    #[test]
    fn memory_makes_a_difference_to_several_locations() {
        let slots = "unused: alloc alloc@1 | get@1 get";
        assert_eq!(number(slots, MemoryModel::Interleaved), 5);
        assert_eq!(number(slots, MemoryModel::Rc11), 7);
        // A slot and its mailbox are two: who finds it full need not see what came before.
        let mailbox = "shared*2: clone give | give count";
        let interleaved = number(mailbox, MemoryModel::Interleaved);
        assert!(interleaved < number(mailbox, MemoryModel::Rc11));
    }

    #[test]
    fn an_interleaving_is_an_execution_of_weak_memory() {
        let mut more = 0;
        for program in enumerate_on("2x1".parse().unwrap(), 2, false) {
            for ends in [Ends::Left, Ends::Dropped] {
                let allowed = |memory: MemoryModel| {
                    let allowed = memory.allowed(&program, ends, &Params::MODEL);
                    allowed.unwrap().expect("few states")
                };
                let (weak, strong) = (
                    allowed(MemoryModel::Rc11),
                    allowed(MemoryModel::Interleaved),
                );
                assert!(weak.is_superset(&strong), "{program}");
                more += weak.len();
            }
        }
        assert!(more > 100);
    }

    #[test]
    fn both_decide_one_outcome() {
        let program: Program = "unused: alloc alloc_unique@1 | get@1 get".parse().unwrap();
        let stale: Outcome = "ok ok | unique unused => left @0 shared(1) live, @1 unique live"
            .parse()
            .unwrap();
        let permitted = |memory: MemoryModel| {
            memory
                .permits(&program, Ends::Left, &Params::MODEL, &stale)
                .unwrap()
        };
        assert_eq!(permitted(MemoryModel::Interleaved), Some(false));
        assert_eq!(permitted(MemoryModel::Rc11), Some(true));
    }
}
