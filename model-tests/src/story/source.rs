//! Which write an atomic read took its value from.

use std::collections::BTreeMap;

use super::order::{Strength, order};
use pipe::{Description, Operation, Step, StepKind};

/// Where the value of a read comes from. Positions count from 0 in the steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The step does not read.
    None,
    /// The start state.
    Start,
    /// This step wrote it.
    Step(usize),
    /// One of these did, or the start state if `start`; the engine does not
    /// say which.
    OneOf {
        /// Whether it may be the start state.
        start: bool,
        /// The steps.
        steps: Vec<usize>,
    },
}

/// The sources of all steps.
///
/// `starts` are the values of the slots in the start state. A read-modify-write reads the newest value, a compare-and-swap that fails
/// does so in both explorers, and `newest` says that loads do too. Any other
/// load may read each older value that coherence leaves it.
pub(super) fn sources(
    steps: &[Step],
    starts: &[u64],
    newest: bool,
    subject: &'static Description,
) -> Vec<Source> {
    let mut sources = vec![Source::None; steps.len()];
    let mut written: BTreeMap<(Option<usize>, Option<usize>), Vec<usize>> = BTreeMap::new();
    for (index, step) in steps.iter().enumerate() {
        let StepKind::Atomic {
            site,
            read,
            written: wrote,
            ..
        } = &step.kind
        else {
            continue;
        };
        let writes = written.entry((step.slot, step.object)).or_default();
        if let Some(value) = read {
            // Where no table says so, whatever writes nothing may read old values.
            let is_load = match subject.site(site) {
                Some(site) => site.operation == Operation::Load,
                None => wrote.is_none(),
            };
            sources[index] = if newest || !is_load {
                writes
                    .last()
                    .map_or(Source::Start, |write| Source::Step(*write))
            } else {
                let start = step.slot.filter(|_| step.object.is_none());
                let start = start.and_then(|slot| starts.get(slot));
                coherent(&steps[..=index], &sources, writes, (*value, start), subject)
            };
        }
        if wrote.is_some() {
            writes.push(index);
        }
    }
    sources
}

/// The writes, in their order, that the last of `steps` can have read `value`
/// from; beside it the value of the start state.
fn coherent(
    steps: &[Step],
    sources: &[Source],
    writes: &[usize],
    (value, start): (u64, Option<&u64>),
    subject: &'static Description,
) -> Source {
    let load = steps.len() - 1;
    let order = order(steps, &sources[..=load], Strength::AsRun, subject);
    // The newest write that this load must know of: it happens before, or so
    // does a read of it.
    let known = |write: &usize| {
        order.before(*write, load)
            || (0..load)
                .any(|read| sources[read] == Source::Step(*write) && order.before(read, load))
    };
    let oldest = writes.iter().rposition(known);
    let possible: Vec<usize> = writes[oldest.unwrap_or(0)..]
        .iter()
        .copied()
        .filter(|write| written_by(&steps[*write]) == Some(value))
        .collect();
    // What other memory held at the start is not known: it is read where nothing
    // else can have been.
    let start = oldest.is_none()
        && match start {
            Some(start) => *start == value,
            None => possible.is_empty(),
        };
    match (start, possible.as_slice()) {
        (true, []) => Source::Start,
        (false, [write]) => Source::Step(*write),
        _ => Source::OneOf {
            start,
            steps: possible,
        },
    }
}

fn written_by(step: &Step) -> Option<u64> {
    match step.kind {
        StepKind::Atomic { written, .. } => written,
        _ => None,
    }
}
