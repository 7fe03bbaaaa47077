//! What a thread can hold of one slot, and the sets of holdings that are possible
//! at a point of a thread.

use super::{Op, OpName, Program, Start, StartKind};

/// The handles a thread holds to one slot. Operations keep them to two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Holding {
    /// None.
    Empty,
    /// One shared handle.
    One,
    /// Two shared handles.
    Two,
    /// The unique handle.
    Unique,
}

impl Holding {
    /// Every holding.
    pub const ALL: [Self; 4] = [Self::Empty, Self::One, Self::Two, Self::Unique];

    /// Whether the operation applies to this holding; it is skipped otherwise.
    pub const fn allows(self, op: OpName) -> bool {
        match op {
            OpName::Alloc | OpName::AllocUnique | OpName::Get | OpName::Take => {
                matches!(self, Self::Empty)
            }
            OpName::Read | OpName::Drop | OpName::Give => !matches!(self, Self::Empty),
            OpName::Clone => matches!(self, Self::One),
            OpName::TryUnique | OpName::Count => matches!(self, Self::One | Self::Two),
            OpName::Write | OpName::Share | OpName::Repurpose | OpName::Reset => {
                matches!(self, Self::Unique)
            }
        }
    }

    /// How many handles it is.
    pub const fn handles(self) -> u64 {
        match self {
            Self::Empty => 0,
            Self::One | Self::Unique => 1,
            Self::Two => 2,
        }
    }

    /// The holdings that the operation can lead to, with the other threads doing
    /// whatever they like.
    fn after(self, op: OpName) -> PossibleHoldings {
        let is = PossibleHoldings::from(self);
        if !self.allows(op) {
            return is;
        }
        match op {
            OpName::Alloc | OpName::Get => is.or(Self::One),
            OpName::AllocUnique => is.or(Self::Unique),
            OpName::Clone => Self::Two.into(),
            OpName::Drop if self == Self::Two => Self::One.into(),
            OpName::Drop | OpName::Reset => Self::Empty.into(),
            // The second handle of a pair keeps the first from being the only one.
            OpName::TryUnique if self == Self::One => is.or(Self::Unique),
            OpName::Share => Self::One.into(),
            OpName::Give if self == Self::Two => is.or(Self::One),
            OpName::Give => is.or(Self::Empty),
            OpName::Take => is.or(Self::One).or(Self::Unique),
            OpName::TryUnique
            | OpName::Read
            | OpName::Write
            | OpName::Repurpose
            | OpName::Count => is,
        }
    }
}

/// The holdings that are possible at a point of a thread: a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PossibleHoldings(u8);

impl PossibleHoldings {
    /// Whether the holding is possible.
    pub const fn contains(self, holding: Holding) -> bool {
        self.0 & (1 << holding as u8) != 0
    }

    /// Whether the operation applies to any of the holdings. If not, it is
    /// skipped in every execution.
    pub fn allow(self, op: OpName) -> bool {
        self.iter().any(|holding| holding.allows(op))
    }

    /// The holdings that are possible after the operation.
    #[must_use]
    pub fn after(self, op: OpName) -> Self {
        let all = self.iter().map(|holding| holding.after(op));
        all.fold(Self(0), |all, after| Self(all.0 | after.0))
    }

    fn iter(self) -> impl Iterator<Item = Holding> {
        Holding::ALL
            .into_iter()
            .filter(move |holding| self.contains(*holding))
    }

    fn or(self, holding: Holding) -> Self {
        Self(self.0 | Self::from(holding).0)
    }
}

impl From<Holding> for PossibleHoldings {
    fn from(holding: Holding) -> Self {
        Self(1 << holding as u8)
    }
}

impl Start {
    /// What a thread, counted from 0, holds of slot 0.
    pub const fn holding(self, thread: usize) -> Holding {
        match (self.kind, thread) {
            (StartKind::Shared, 0) | (StartKind::SharedTwice, 0 | 1) => Holding::One,
            (StartKind::Unique, 0) => Holding::Unique,
            _ => Holding::Empty,
        }
    }
}

impl Program {
    /// What a thread, counted from 0, holds of slot 0 at the start. Nobody
    /// holds anything of the other slots.
    pub fn initial_handles(&self, thread: usize) -> Holding {
        self.start.holding(thread)
    }

    /// The handles to slot 0 at the start, held or forgotten.
    pub fn start_count(&self) -> u64 {
        let held = |thread| self.initial_handles(thread).handles();
        // The start does not depend on how many threads there are.
        (0..2)
            .map(held)
            .fold(self.start.forgotten, u64::saturating_add)
    }

    /// How many slots the program has: they are numbered from 0 to the highest
    /// that it names.
    #[inline]
    pub fn slots(&self) -> usize {
        // Asked in every execution: one loop in the other, in the crate that asks.
        let mut highest = 0;
        for thread in &self.threads {
            for op in thread {
                highest = highest.max(op.slot);
            }
        }
        highest + 1
    }

    /// How often handles of a slot are given, if every give applies.
    pub fn gives(&self, slot: usize) -> usize {
        let ops = self.threads.iter().flatten();
        ops.filter(|op| (op.name, op.slot) == (OpName::Give, slot))
            .count()
    }

    /// Whether the program names the mailbox of a slot.
    pub fn uses_mailbox(&self, slot: usize) -> bool {
        let mut ops = self.threads.iter().flatten();
        ops.any(|op| op.name.is_mailbox() && op.slot == slot)
    }

    /// Whether the program names a mailbox.
    #[inline]
    pub fn uses_mailboxes(&self) -> bool {
        let mut ops = self.threads.iter().flatten();
        ops.any(|op| op.name.is_mailbox())
    }

    /// What the program does to one slot, as a program of slot 0. Threads that
    /// leave the slot alone have no operations, so the result may have no text
    /// form.
    #[must_use]
    pub fn project(&self, slot: usize) -> Self {
        let unused = Start {
            kind: StartKind::Unused,
            forgotten: 0,
        };
        let of_slot = |thread: &Vec<Op>| {
            let ops = thread.iter().filter(|op| op.slot == slot);
            ops.map(|op| Op { slot: 0, ..*op }).collect()
        };
        Self {
            start: if slot == 0 { self.start } else { unused },
            threads: self.threads.iter().map(of_slot).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Program {
        line.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn operations_apply_as_the_text_form_says() {
        let allowed = |holding: Holding| {
            let ops = OpName::ALL.into_iter().filter(|op| holding.allows(*op));
            ops.map(OpName::as_str).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(allowed(Holding::Empty), "alloc alloc_unique get take");
        assert_eq!(
            allowed(Holding::One),
            "clone drop read try_unique count give"
        );
        assert_eq!(allowed(Holding::Two), "drop read try_unique count give");
        assert_eq!(
            allowed(Holding::Unique),
            "drop read write share repurpose reset give"
        );
    }

    #[test]
    fn hands_follow_every_way_an_operation_can_go() {
        let after = |holding: Holding, ops: &[OpName]| {
            let held = ops
                .iter()
                .fold(holding.into(), |held: PossibleHoldings, op| held.after(*op));
            held.iter().collect::<Vec<_>>()
        };
        assert_eq!(
            after(Holding::Empty, &[OpName::Get]),
            [Holding::Empty, Holding::One]
        );
        assert_eq!(
            after(Holding::Empty, &[OpName::Alloc, OpName::Clone]),
            [Holding::Empty, Holding::Two]
        );
        assert_eq!(
            after(Holding::One, &[OpName::TryUnique, OpName::Share]),
            [Holding::One]
        );
        assert_eq!(
            after(
                Holding::One,
                &[OpName::Clone, OpName::TryUnique, OpName::Drop]
            ),
            [Holding::One]
        );
        assert_eq!(
            after(Holding::Empty, &[OpName::AllocUnique, OpName::Alloc]),
            [Holding::Empty, Holding::One, Holding::Unique]
        );
        assert_eq!(
            after(Holding::Unique, &[OpName::Write, OpName::Reset]),
            [Holding::Empty]
        );
    }

    #[test]
    fn hands_change_through_mailboxes() {
        let after = |holding: Holding, op| {
            let held = PossibleHoldings::from(holding).after(op);
            held.iter().collect::<Vec<_>>()
        };
        assert_eq!(
            after(Holding::One, OpName::Give),
            [Holding::Empty, Holding::One]
        );
        assert_eq!(
            after(Holding::Two, OpName::Give),
            [Holding::One, Holding::Two]
        );
        assert_eq!(
            after(Holding::Unique, OpName::Give),
            [Holding::Empty, Holding::Unique]
        );
        assert_eq!(
            after(Holding::Empty, OpName::Take),
            [Holding::Empty, Holding::One, Holding::Unique]
        );

        let program = parse("shared: clone give give take@1 | take give");
        assert_eq!([0, 1, 2].map(|slot| program.gives(slot)), [3, 0, 0]);
        assert_eq!(
            [0, 1, 2].map(|slot| program.uses_mailbox(slot)),
            [true, true, false]
        );
        assert!(program.uses_mailboxes());
        assert!(!program.project(2).uses_mailboxes());
    }

    #[test]
    fn the_start_says_who_holds_what() {
        let program = parse("shared*2+3: read | read | get");
        let held = [0, 1, 2].map(|thread| program.initial_handles(thread));
        assert_eq!(held, [Holding::One, Holding::One, Holding::Empty]);
        assert_eq!(program.start_count(), 5);
        assert_eq!(parse("unique: read | get").start_count(), 1);
        assert_eq!(parse("unused: get | get").start_count(), 0);
        let huge = format!("shared+{}: read | get", u64::MAX);
        assert_eq!(parse(&huge).start_count(), u64::MAX);
    }

    #[test]
    fn a_projection_keeps_the_operations_of_one_slot() {
        let program = parse("shared+1: read alloc@2 drop | get@2 | get");
        assert_eq!(program.slots(), 3);
        assert_eq!(
            program.project(0).to_string(),
            "shared+1: read drop | | get"
        );
        assert_eq!(program.project(2).to_string(), "unused: alloc | get |");
        assert_eq!(program.project(2).slots(), 1);
        assert!(program.project(1).threads.iter().all(Vec::is_empty));
    }
}
