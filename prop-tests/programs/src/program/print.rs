//! The names of the parts of a program, and its printed form.

use super::{Op, OpName, Program, Start, StartKind};
use std::fmt;

impl OpName {
    /// Every operation, in the order of the grammar.
    pub const ALL: [Self; 14] = [
        Self::Alloc,
        Self::AllocUnique,
        Self::Get,
        Self::Clone,
        Self::Drop,
        Self::Read,
        Self::Write,
        Self::TryUnique,
        Self::Share,
        Self::Repurpose,
        Self::Reset,
        Self::Count,
        Self::Give,
        Self::Take,
    ];

    /// The operations a campaign is made of, which are those on a handle of the
    /// thread's own: with `count`, or without.
    pub fn campaign_ops(with_count: bool) -> &'static [Self] {
        // The mailboxes come last, and `count` before them.
        let all = &Self::ALL;
        &all[..if with_count { 12 } else { 11 }]
    }

    /// Whether it is an operation on a mailbox.
    pub const fn is_mailbox(self) -> bool {
        matches!(self, Self::Give | Self::Take)
    }

    /// The word of the text form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Alloc => "alloc",
            Self::AllocUnique => "alloc_unique",
            Self::Get => "get",
            Self::Clone => "clone",
            Self::Drop => "drop",
            Self::Read => "read",
            Self::Write => "write",
            Self::TryUnique => "try_unique",
            Self::Share => "share",
            Self::Repurpose => "repurpose",
            Self::Reset => "reset",
            Self::Count => "count",
            Self::Give => "give",
            Self::Take => "take",
        }
    }
}

impl StartKind {
    /// Every kind of start, in the order of the grammar.
    pub const ALL: [Self; 4] = [Self::Unused, Self::Shared, Self::SharedTwice, Self::Unique];

    /// The word of the text form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unused => "unused",
            Self::Shared => "shared",
            Self::SharedTwice => "shared*2",
            Self::Unique => "unique",
        }
    }

    /// Whether there can be forgotten handles beside the held ones.
    pub const fn is_shared(self) -> bool {
        matches!(self, Self::Shared | Self::SharedTwice)
    }
}

impl fmt::Display for OpName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for StartKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.forgotten {
            0 => write!(f, "{}", self.kind),
            forgotten => write!(f, "{}+{forgotten}", self.kind),
        }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.slot {
            0 => write!(f, "{}", self.name),
            slot => write!(f, "{}@{slot}", self.name),
        }
    }
}

/// One line that parses back to the same program, provided it keeps the limits
/// of the text form: two to [`MAX_THREADS`](super::MAX_THREADS) threads, none
/// of them empty.
impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.start)?;
        for (index, thread) in self.threads.iter().enumerate() {
            if index > 0 {
                f.write_str(" |")?;
            }
            for op in thread {
                write!(f, " {op}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_not_printed() {
        let op = |name, slot| Op { name, slot };
        let mut program = Program {
            start: Start {
                kind: StartKind::SharedTwice,
                forgotten: 0,
            },
            threads: vec![
                vec![op(OpName::Read, 0), op(OpName::AllocUnique, 3)],
                vec![op(OpName::TryUnique, 0)],
            ],
        };
        assert_eq!(
            program.to_string(),
            "shared*2: read alloc_unique@3 | try_unique"
        );
        program.start.forgotten = 14;
        assert_eq!(
            program.to_string(),
            "shared*2+14: read alloc_unique@3 | try_unique"
        );
    }

    #[test]
    fn only_count_and_mailboxes_are_left_out_of_a_campaign() {
        let left_out = |with_count| {
            let campaign = OpName::campaign_ops(with_count);
            let mut ops = OpName::ALL.to_vec();
            ops.retain(|op| !campaign.contains(op));
            ops
        };
        assert_eq!(left_out(true), [OpName::Give, OpName::Take]);
        assert_eq!(left_out(false), [OpName::Count, OpName::Give, OpName::Take]);
        let mailboxes = OpName::ALL.into_iter().filter(|op| op.is_mailbox());
        assert!(mailboxes.eq(left_out(true)));
    }

    #[test]
    fn every_operation_is_listed_once_and_in_order() {
        assert!(OpName::ALL.is_sorted_by(|a, b| a < b));
        assert!(StartKind::ALL.is_sorted_by(|a, b| a < b));
    }
}
