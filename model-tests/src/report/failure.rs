//! What is known of a failure: its message, and the steps that led to it.

use std::fmt::Write as _;

use meta_core::SlotState;

use crate::engine::{Failure, Step, StepKind};

/// The message and the failing execution, one step a line.
pub fn text(failure: &Failure, program: &prop_tests::program::Program) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{}", failure.message);
    if failure.steps.is_empty() {
        return text;
    }
    let _ = writeln!(text, "\nthe failing execution, step by step:");
    let mut thread = 0;
    for step in &failure.steps {
        if step.thread != thread {
            thread = step.thread;
            let _ = writeln!(text, "  thread {thread}");
        }
        let _ = writeln!(text, "    {}", step_text(step, program));
    }
    text
}

fn step_text(step: &Step, program: &prop_tests::program::Program) -> String {
    match &step.kind {
        StepKind::Begin { op } => {
            let ops = &program.threads[step.thread - 1];
            match ops.get(op - 1) {
                Some(operation) => format!("{operation}"),
                None => "drop at the end".to_owned(),
            }
        }
        StepKind::Atomic {
            site,
            ordering,
            read,
            written,
            spurious,
        } => {
            let mut text = format!("  {site:<17}{ordering:<9}");
            let state = |raw: u64| SlotState::from_raw(raw).to_string();
            match (read, written) {
                (Some(read), Some(written)) => {
                    let _ = write!(text, "{} -> {}", state(*read), state(*written));
                }
                (Some(read), None) => {
                    let _ = write!(text, "reads {}", state(*read));
                }
                (None, Some(written)) => {
                    let _ = write!(text, "writes {}", state(*written));
                }
                (None, None) => {}
            }
            if *spurious {
                text.push_str(", fails spuriously");
            }
            text
        }
        StepKind::Plain {
            field,
            access,
            location,
        } => format!("  {:<26}{field}, at {location}", access.to_lowercase()),
        StepKind::Mailbox { give, ok } => {
            let what = match (give, ok) {
                (true, true) => "a handle goes in",
                (true, false) => "full",
                (false, true) => "a handle comes out",
                (false, false) => "empty",
            };
            format!("  {:<26}{what}", "mailbox")
        }
    }
}
