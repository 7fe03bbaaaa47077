//! What the graph of an execution tells of its recorded steps: which write each
//! read reads from, and the order of writes.

use std::collections::HashMap;

use ::rc11::graph::{EventId, Graph, Kind};
use meta_core::model;
use pipe::{Ordering, Origin, Step, StepKind};

/// Adds to each access where it stands in the graph, by the number of events that its
/// thread had performed: there are others, those of locks and of threads that sleep. A
/// thread that looks once more whether it has to wait for ever does so in no event: if
/// `deadlock`, these steps, which come last, are left out.
pub(super) fn add(steps: &mut Vec<Step>, graph: &Graph, deadlock: bool) -> Result<(), String> {
    let performed: Vec<usize> =
        model::with_trace(|events| events.iter().map(|event| event.performed).collect());
    if performed.len() != steps.len() {
        return Err("the steps are those of another execution".to_owned());
    }
    let kind = |event: &EventId| graph.events()[event.index()].kind;
    // Where the first thread starts the others, what it does before is the start.
    let first = graph.program_order(0);
    let is_spawn = |event: &EventId| matches!(kind(event), Kind::Spawn { .. });
    let start = first.iter().position(is_spawn).unwrap_or(0);
    let mut before = vec![0; graph.threads()];
    let mut events = Vec::with_capacity(steps.len());
    let mut made = HashMap::new();
    for (index, (step, performed)) in steps.iter().zip(performed).enumerate() {
        let count = match &step.kind {
            StepKind::Atomic { read, written, .. } if read.is_some() || written.is_some() => {
                usize::from(read.is_some()) + usize::from(written.is_some())
            }
            // A fence; one that was removed is no event.
            StepKind::Atomic { ordering, .. } => usize::from(*ordering != Ordering::None),
            StepKind::Mailbox { .. } => performed.saturating_sub(before[step.thread - 1]),
            StepKind::Begin { .. } | StepKind::End { .. } | StepKind::Plain { .. } => 0,
        };
        let last = std::mem::replace(&mut before[step.thread - 1], performed);
        let events_of = graph.program_order(step.thread - 1);
        let of_step = events_of.get(performed.saturating_sub(count)..performed);
        match of_step.filter(|_| performed >= last + count) {
            Some(of_step) => {
                made.extend(of_step.iter().map(|event| (*event, index)));
                events.push(of_step);
            }
            None if deadlock => break,
            None => return Err(format!("step {index} is not in the graph:\n{graph}")),
        }
    }
    steps.truncate(events.len());
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
