//! Which write an atomic read took its value from.

use std::collections::BTreeMap;

use super::order::{Strength, order};
use pipe::{Description, Operation, Origin, Step, StepKind};

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

impl From<Origin> for Source {
    fn from(origin: Origin) -> Self {
        match origin {
            Origin::Start => Source::Start,
            Origin::Step(step) => Source::Step(step),
        }
    }
}

/// For each step the one, made before it, that comes next in modification order after
/// the value that it reads or, where it writes, after its own: a value that is read is
/// old then, and a write is not the newest. Known under rc11.
pub(super) fn overwritten(steps: &[Step]) -> Vec<Option<usize>> {
    let atomic = |index: usize| match &steps[index].kind {
        StepKind::Atomic {
            reads_from,
            follows,
            ..
        } => Some((reads_from, follows)),
        _ => None,
    };
    // The writes to each word in modification order, of the steps so far.
    let mut orders: BTreeMap<(Option<usize>, Option<usize>), Vec<usize>> = BTreeMap::new();
    let mut overwritten = vec![None; steps.len()];
    for index in 0..steps.len() {
        let Some((reads_from, follows)) = atomic(index) else {
            continue;
        };
        let word = (steps[index].slot, steps[index].object);
        let order = orders.entry(word).or_default();
        // Writes made later may stand between.
        let after = |origin: &Option<Origin>| match origin {
            Some(Origin::Step(write)) => {
                let place = order.iter().position(|other| other == write);
                place.map(|place| place + 1)
            }
            Some(Origin::Start) => Some(0),
            None => None,
        };
        if follows.is_some() {
            let before = all_before(steps, index);
            let place = order
                .iter()
                .take_while(|write| before.contains(write))
                .count();
            overwritten[index] = order.get(place).copied();
            order.insert(place, index);
        } else if let Some(place) = after(reads_from) {
            overwritten[index] = order.get(place).copied();
        }
    }
    overwritten
}

/// The steps whose writes come before that of this one in modification order.
fn all_before(steps: &[Step], mut index: usize) -> Vec<usize> {
    let mut before = Vec::new();
    while let StepKind::Atomic {
        follows: Some(Origin::Step(write)),
        ..
    } = steps[index].kind
    {
        before.push(write);
        index = write;
    }
    before
}

/// The sources of all steps.
///
/// Under rc11 each read says what it reads from. Elsewhere a read-modify-write reads
/// the newest value, so does a compare-and-swap that fails, and `newest` says that
/// loads do too; any other load may read each older value that coherence leaves it.
/// `starts` are the values of the slots in the start state.
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
            reads_from,
            ..
        } = &step.kind
        else {
            continue;
        };
        let writes = written.entry((step.slot, step.object)).or_default();
        if let Some(origin) = reads_from {
            sources[index] = Source::from(*origin);
        } else if let Some(value) = read {
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
