//! What the graph of an execution tells of its recorded steps: which write each
//! read reads from, and the order of writes.

use std::collections::HashMap;

use ::rc11::graph::{EventId, Graph, Kind};
use pipe::{Ordering, Origin, Step, StepKind};

use crate::engine::host;

/// Adds to each access where it stands in the graph. Each thread's steps are its
/// events in program order, a step to a mailbox several of them. A thread that
/// looks once more whether it has to wait for ever does so in no event: if
/// `deadlock`, these steps, which come last, are left out.
pub(super) fn add(steps: &mut Vec<Step>, graph: &Graph, deadlock: bool) -> Result<(), String> {
    let mut mailboxes: Vec<_> = host::mailbox_accesses()
        .into_iter()
        .map(Vec::into_iter)
        .collect();
    let kind = |event: &EventId| graph.events()[event.index()].kind;
    // Where the first thread starts the others, what it does before is the start.
    let first = graph.program_order(0);
    let is_spawn = |event: &EventId| matches!(kind(event), Kind::Spawn { .. });
    let start = first.iter().position(is_spawn).unwrap_or(0);
    let of_threads: Vec<Vec<EventId>> = (0..graph.threads())
        .map(|thread| {
            let skipped = if thread == 0 { start } else { 0 };
            let events = graph.program_order(thread)[skipped..].iter();
            let is_step = |event: &&EventId| {
                let kind = kind(event);
                !matches!(kind, Kind::Spawn { .. } | Kind::Join { .. })
            };
            events.filter(is_step).copied().collect()
        })
        .collect();
    let mut next = vec![0; graph.threads()];
    let mut events = Vec::with_capacity(steps.len());
    let mut made = HashMap::new();
    for (index, step) in steps.iter().enumerate() {
        let thread = step.thread - 1;
        let count = match &step.kind {
            StepKind::Atomic { read, written, .. } if read.is_some() || written.is_some() => {
                usize::from(read.is_some()) + usize::from(written.is_some())
            }
            // A fence; one that was removed is no event.
            StepKind::Atomic { ordering, .. } => usize::from(*ordering != Ordering::None),
            StepKind::Mailbox { .. } => {
                let counts = mailboxes.get_mut(thread).and_then(Iterator::next);
                counts.ok_or("a step to a mailbox is not in the books")?
            }
            StepKind::Begin { .. } | StepKind::End { .. } | StepKind::Plain { .. } => 0,
        };
        let Some(of_step) = of_threads[thread].get(next[thread]..next[thread] + count) else {
            if deadlock {
                steps.truncate(index);
                break;
            }
            return Err(format!("step {index} is not in the graph:\n{graph}"));
        };
        next[thread] += count;
        made.extend(of_step.iter().map(|event| (*event, index)));
        events.push(of_step);
    }
    let origin = |write: EventId| match write.is_init() {
        false if first[..start].contains(&write) => Some(Origin::Start),
        true => Some(Origin::Start),
        false => made.get(&write).copied().map(Origin::Step),
    };
    // The newest of the writes before this one that were made.
    let before = |write: EventId, location| {
        let order = graph.modification_order(location);
        let older = order.iter().take_while(|other| **other != write);
        let made = older.filter_map(|other| origin(*other)).last();
        made.unwrap_or(Origin::Start)
    };
    for (index, step) in steps.iter_mut().enumerate() {
        let StepKind::Atomic {
            read,
            written,
            reads_from,
            follows,
            ..
        } = &mut step.kind
        else {
            continue;
        };
        for &event in events[index] {
            match graph.events()[event.index()].kind {
                Kind::Read {
                    reads_from: from,
                    value,
                    ..
                } if *read == Some(value) => *reads_from = origin(from),
                Kind::Write {
                    location, value, ..
                } if *written == Some(value) => *follows = Some(before(event, location)),
                Kind::Fence { .. } => {}
                other => return Err(format!("step {index} is {other:?} in the graph:\n{graph}")),
            }
        }
        if read.is_some() && reads_from.is_none() {
            return Err(format!("step {index} reads from no step:\n{graph}"));
        }
    }
    Ok(())
}
