//! The failing execution of a scenario, one step a line. Its operations have no
//! names but numbers.

use std::fmt::Write as _;

use crate::story::moved;
use pipe::{Description, Failure, Step, StepKind};

/// The message and the steps.
pub fn text(failure: &Failure, subject: &Description) -> String {
    let mut text = format!("{}\n", failure.reason);
    let mut thread = 0;
    for step in &failure.steps {
        if step.thread != thread {
            thread = step.thread;
            let _ = writeln!(text, "  thread {thread}");
        }
        let _ = writeln!(text, "    {}", line(step, subject));
    }
    text
}

fn line(step: &Step, subject: &Description) -> String {
    let slot = step.slot.map_or(String::new(), |slot| format!(" @{slot}"));
    match &step.kind {
        StepKind::Begin { op } => format!("operation {op}"),
        StepKind::End { .. } => "  end of the operation".to_owned(),
        StepKind::Atomic {
            site,
            ordering,
            read,
            written,
            spurious,
            ..
        } => {
            let state =
                |raw: &Option<u64>| raw.map_or("-".to_owned(), |raw| subject.value(step.slot, raw));
            let spurious = if *spurious { ", fails spuriously" } else { "" };
            let (read, written) = (state(read), state(written));
            format!("  {site:<17}{ordering:<9}{read} -> {written}{slot}{spurious}")
        }
        StepKind::Plain {
            field,
            access,
            location,
        } => {
            let at = location.as_deref().map(|at| format!(", at {at}"));
            format!(
                "  {:<26}{field}{slot}{}",
                access.as_str(),
                at.unwrap_or_default()
            )
        }
        StepKind::Mailbox { give, ok } => {
            let what = moved(*give, *ok, "the list");
            format!("  {:<26}{what}", "mailbox")
        }
    }
}
