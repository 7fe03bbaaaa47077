//! The printed form of an outcome: `ok - | no last => dropped, unused`.

use super::{End, Ends, OpResult, Outcome, SlotEnd, Writer};
use std::fmt::{self, Display};

impl OpResult {
    /// The word of the text form, for results that have no number in them.
    pub const fn as_str(self) -> Option<&'static str> {
        Some(match self {
            Self::Skipped => "-",
            Self::Ok => "ok",
            Self::InUse => "in_use",
            Self::Unused => "unused",
            Self::Busy => "busy",
            Self::Unique => "unique",
            Self::Abort => "abort",
            Self::Yes => "yes",
            Self::No => "no",
            Self::Last => "last",
            Self::Kept => "kept",
            Self::Full => "full",
            Self::Empty => "empty",
            Self::Read(Writer::START) => "start",
            Self::Mismatch => "mismatch",
            Self::Count(_) | Self::Read(_) => return None,
        })
    }
}

impl Display for OpResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => Display::fmt(count, f),
            Self::Read(writer) => Display::fmt(writer, f),
            word => f.pad(word.as_str().unwrap_or_default()),
        }
    }
}

impl Display for Ends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Display for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.operation() {
            None => f.pad("start"),
            Some((thread, op)) => f.pad(&format!("{thread}.{op}")),
        }
    }
}

impl Display for SlotEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unused => f.pad("unused"),
            Self::Busy => f.pad("busy"),
            Self::Shared(handles) => f.pad(&format!("shared({handles})")),
            Self::Unique => f.pad("unique"),
        }
    }
}

/// One slot is printed without its number: `shared(2) live`; several as
/// `@0 unused, @1 shared(1) live`.
impl Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slots = match self {
            Self::NotJudged => return f.write_str("not judged"),
            Self::Slots(slots) => slots,
        };
        for (number, (state, live)) in slots.iter().enumerate() {
            if number > 0 {
                f.write_str(", ")?;
            }
            if slots.len() > 1 {
                write!(f, "@{number} ")?;
            }
            write!(f, "{state}")?;
            match (state, live) {
                (_, true) => f.write_str(" live")?,
                (SlotEnd::Unused, false) => {}
                (_, false) => f.write_str(" dead")?,
            }
        }
        Ok(())
    }
}

/// One line that parses back to the same outcome, provided every thread has a
/// result and no final drop was skipped.
impl Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_results(f, &self.results)?;
        f.write_str(" => ")?;
        write_end(f, &self.drops, &self.end)
    }
}

/// The results of each thread: `ok - | no last`.
pub(super) fn write_results<R: Display>(
    f: &mut fmt::Formatter<'_>,
    threads: &[Vec<R>],
) -> fmt::Result {
    write_threads(f, threads, "")
}

/// What follows the arrow. No thread has a list of drops when handles are left.
pub(super) fn write_end<R: Display>(
    f: &mut fmt::Formatter<'_>,
    drops: &[Vec<R>],
    end: &End,
) -> fmt::Result {
    if drops.is_empty() {
        return write!(f, "left {end}");
    }
    f.write_str("dropped")?;
    if drops.iter().any(|drops| !drops.is_empty()) {
        f.write_str(" ")?;
        write_threads(f, drops, "-")?;
    }
    write!(f, ", {end}")
}

fn write_threads<R: Display>(
    f: &mut fmt::Formatter<'_>,
    threads: &[Vec<R>],
    nothing: &str,
) -> fmt::Result {
    for (index, thread) in threads.iter().enumerate() {
        if index > 0 {
            f.write_str(" | ")?;
        }
        if thread.is_empty() {
            f.write_str(nothing)?;
        }
        for (index, result) in thread.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            write!(f, "{result}")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(slots: &[(SlotEnd, bool)]) -> String {
        End::Slots(slots.to_vec()).to_string()
    }

    #[test]
    fn results_have_the_shape_of_the_program() {
        let outcome = Outcome {
            results: vec![
                vec![OpResult::Ok, OpResult::Skipped],
                vec![
                    OpResult::No,
                    OpResult::Read(Writer::op(1, 1)),
                    OpResult::Count(2),
                ],
            ],
            drops: vec![],
            end: End::Slots(vec![(SlotEnd::Shared(2), true)]),
        };
        assert_eq!(
            outcome.to_string(),
            "ok - | no 1.1 2 => left shared(2) live"
        );
    }

    #[test]
    fn drops_are_those_of_each_thread() {
        let mut outcome = Outcome {
            results: vec![vec![OpResult::Ok], vec![OpResult::Ok]],
            drops: vec![vec![OpResult::Kept], vec![OpResult::Last]],
            end: End::Slots(vec![(SlotEnd::Unused, false)]),
        };
        assert_eq!(
            outcome.to_string(),
            "ok | ok => dropped kept | last, unused"
        );
        outcome.drops[0].clear();
        assert_eq!(outcome.to_string(), "ok | ok => dropped - | last, unused");
        outcome.drops[1].clear();
        outcome.end = End::NotJudged;
        assert_eq!(outcome.to_string(), "ok | ok => dropped, not judged");
    }

    #[test]
    fn ends_have_their_words() {
        let words = [Ends::Dropped, Ends::Left].map(|ends| format!("{ends:>8}"));
        assert_eq!(words, [" dropped", "    left"]);
    }

    #[test]
    fn only_what_is_worth_saying_about_a_slot_is_said() {
        assert_eq!(end(&[(SlotEnd::Unused, false)]), "unused");
        assert_eq!(end(&[(SlotEnd::Unused, true)]), "unused live");
        assert_eq!(end(&[(SlotEnd::Busy, true)]), "busy live");
        assert_eq!(end(&[(SlotEnd::Unique, false)]), "unique dead");
        assert_eq!(
            end(&[(SlotEnd::Unused, false), (SlotEnd::Shared(1), true)]),
            "@0 unused, @1 shared(1) live"
        );
    }
}
