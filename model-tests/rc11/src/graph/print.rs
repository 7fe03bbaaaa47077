//! A graph as text: a line for each event.

use std::fmt;

use super::Graph;
use super::event::{EventId, Kind, ReadMode};

impl Graph {
    /// The name of an event in texts: its thread, and its place there.
    fn name(&self, id: EventId) -> String {
        if id.is_init() {
            return "init".to_owned();
        }
        let event = self.event(id);
        format!("T{}.{}", event.thread, event.index + 1)
    }
}

/// Threads one after the other. A read names the write it reads from; a write
/// its place in the modification order of its location, counted from 1.
impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for thread in 0..self.threads() {
            for &id in self.program_order(thread) {
                let name = self.name(id);
                match self.event(id).kind {
                    Kind::Read {
                        location,
                        mode,
                        reads_from,
                        value,
                    } => {
                        let what = match mode {
                            ReadMode::Load { .. } => "reads",
                            _ if mode.written(value).is_some() => "updates",
                            _ => "fails to exchange",
                        };
                        let order = mode.order(value);
                        let from = self.name(reads_from);
                        writeln!(
                            f,
                            "{name}: {what} x{location} = {value} ({order:?}) from {from}"
                        )?;
                    }
                    Kind::Write {
                        location,
                        order,
                        value,
                        exclusive,
                    } => {
                        let place = self.position(location, id);
                        let what = if exclusive { "  writes" } else { "writes" };
                        writeln!(
                            f,
                            "{name}: {what} x{location} = {value} ({order:?}), number {place} of x{location}"
                        )?;
                    }
                    Kind::Fence { order } => writeln!(f, "{name}: fence ({order:?})")?,
                    Kind::Spawn { child } => writeln!(f, "{name}: starts T{child}")?,
                    Kind::Join { child } => writeln!(f, "{name}: joins T{child}")?,
                    Kind::Choice { of, taken } => {
                        writeln!(f, "{name}: chooses {taken} of {of}")?;
                    }
                }
            }
        }
        Ok(())
    }
}
