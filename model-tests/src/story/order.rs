//! Happens-before of a recorded execution, by vector clocks, and which write
//! each atomic read took its value from.
//!
//! The rules are those of C11 as Rust has them (C++20): a release sequence is a
//! release write and the read-modify-writes that follow it; a fence releases
//! what its thread writes later, and acquires what its thread has read before.
//! Threads start after the start state was made, and nothing else orders them.

use std::collections::BTreeMap;

use super::source::Source;
use pipe::{Description, Ordering, Step, StepKind};

/// With which orderings the execution is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strength {
    /// Those it was performed with.
    AsRun,
    /// Those in the code.
    AsInTheCode,
    /// The strongest that each access can have.
    Strongest,
}

/// Why one step synchronises with another. All are positions in the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    /// The releasing access or fence, or the give.
    pub release: usize,
    /// The write that is read: in the release sequence.
    pub write: usize,
    /// The read.
    pub read: usize,
    /// The acquiring access or fence, or the take.
    pub acquire: usize,
}

/// Steps ordered.
#[derive(Debug)]
pub(super) struct Order {
    /// For each step, how many steps of each thread happen before it, its own
    /// included.
    clocks: Vec<Vec<usize>>,
    /// For each step, its position in its thread, counted from 1.
    positions: Vec<usize>,
    threads: Vec<usize>,
    /// All pairs of steps that synchronise.
    pub edges: Vec<Edge>,
}

impl Order {
    /// Whether step `a` happens before step `b`, or is the same.
    pub(super) fn before(&self, a: usize, b: usize) -> bool {
        self.clocks[b][self.threads[a]] >= self.positions[a]
    }
}

/// What a write publishes: release operations, and their clocks.
type Released = Vec<(usize, Vec<usize>)>;

/// What one thread's fences have to do with.
#[derive(Clone, Default)]
struct Fences {
    /// Released by an earlier fence, for later writes.
    released: Released,
    /// Read without acquiring, for a later fence: release, write, read.
    read: Vec<(usize, usize, usize, Vec<usize>)>,
}

/// Orders the steps. `sources` says where each read took its value from; a read
/// that is not certain synchronises with nothing.
pub(super) fn order(
    steps: &[Step],
    sources: &[Source],
    strength: Strength,
    subject: &'static Description,
) -> Order {
    let count = steps.iter().map(|step| step.thread).max().unwrap_or(0);
    let mut now = vec![vec![0; count]; count];
    let mut fences = vec![Fences::default(); count];
    let mut published: BTreeMap<usize, Released> = BTreeMap::new();
    let mut gives: BTreeMap<Option<usize>, usize> = BTreeMap::new();
    let mut order = Order {
        clocks: Vec::with_capacity(steps.len()),
        positions: Vec::with_capacity(steps.len()),
        threads: steps.iter().map(|step| step.thread - 1).collect(),
        edges: Vec::new(),
    };
    for (index, step) in steps.iter().enumerate() {
        let me = step.thread - 1;
        now[me][me] += 1;
        match &step.kind {
            StepKind::Atomic {
                site,
                ordering,
                read,
                written,
                ..
            } => {
                let (acquires, releases) = effect(
                    site,
                    *ordering,
                    [read.is_some(), written.is_some()],
                    strength,
                    subject,
                );
                let fence = read.is_none() && written.is_none();
                let mut inherited = Released::new();
                if let (Some(_), Source::Step(write)) = (read, &sources[index]) {
                    inherited = published.get(write).cloned().unwrap_or_default();
                    for (release, clock) in &inherited {
                        if acquires {
                            join(&mut now[me], clock);
                            order.edges.push(Edge {
                                release: *release,
                                write: *write,
                                read: index,
                                acquire: index,
                            });
                        }
                        let pending = (*release, *write, index, clock.clone());
                        fences[me].read.push(pending);
                    }
                }
                if fence && acquires {
                    for (release, write, read, clock) in std::mem::take(&mut fences[me].read) {
                        join(&mut now[me], &clock);
                        order.edges.push(Edge {
                            release,
                            write,
                            read,
                            acquire: index,
                        });
                    }
                }
                if fence && releases {
                    fences[me].released = vec![(index, now[me].clone())];
                }
                if written.is_some() {
                    // A plain store ends the release sequence of others.
                    let mut released = if read.is_some() {
                        inherited
                    } else {
                        Released::new()
                    };
                    if releases {
                        released.push((index, now[me].clone()));
                    } else {
                        released.extend(fences[me].released.iter().cloned());
                    }
                    published.insert(index, released);
                }
            }
            StepKind::Mailbox {
                give: true,
                ok: true,
            } => {
                published.insert(index, vec![(index, now[me].clone())]);
                gives.insert(step.slot, index);
            }
            StepKind::Mailbox {
                give: false,
                ok: true,
            } => {
                // One handle fits: the last give is the one that is taken.
                if let Some(give) = gives.get(&step.slot) {
                    for (_, clock) in published.get(give).into_iter().flatten() {
                        join(&mut now[me], clock);
                    }
                    order.edges.push(Edge {
                        release: *give,
                        write: *give,
                        read: index,
                        acquire: index,
                    });
                }
            }
            StepKind::Mailbox { .. }
            | StepKind::Begin { .. }
            | StepKind::End { .. }
            | StepKind::Plain { .. } => {}
        }
        order.clocks.push(now[me].clone());
        order.positions.push(now[me][me]);
    }
    order
}

fn join(clock: &mut [usize], other: &[usize]) {
    for (mine, theirs) in clock.iter_mut().zip(other) {
        *mine = (*mine).max(*theirs);
    }
}

/// Whether an access that reads or writes, or a fence, acquires and releases.
fn effect(
    site: &str,
    ordering: Ordering,
    [reads, writes]: [bool; 2],
    strength: Strength,
    subject: &'static Description,
) -> (bool, bool) {
    let ordering = match strength {
        Strength::AsRun => ordering,
        Strength::AsInTheCode => subject.site(site).map_or(ordering, |site| site.ordering),
        Strength::Strongest => {
            let fence = !reads && !writes;
            return (reads || fence, writes || fence);
        }
    };
    (ordering.acquires(), ordering.releases())
}
