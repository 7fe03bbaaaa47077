//! All executions of the specification, on memory.
//!
//! An execution is built in every order in which each event comes after what it follows
//! in its thread and what it reads from. Two shortcuts, neither of which loses an
//! outcome:
//!
//! - Only a read depends on what other threads have done before. A thread that does
//!   anything else goes on at once, and no other is tried before it.
//! - The weak compare-and-swap of a lookup that fails is not followed. It has changed
//!   nothing and acquired nothing, and the execution in which the thread comes to its
//!   lookup later, without it, shows what the next try does.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering::{self, Acquire, Relaxed, Release};

use rustc_hash::FxHashSet;

use crate::outcome::{Outcome, Writer};

use super::super::{Holding, SpecError};
use super::{
    memory::{Memory, Race},
    steps::{Access, AccessKind, Found, Steps, Thread},
};

/// The outcomes; those that agree with the one that is `asked` for, if one is. `None`
/// if there are more states than `most`.
pub(super) fn outcomes(
    steps: &Steps,
    asked: Option<&Outcome>,
    most: usize,
) -> Result<Option<BTreeSet<Outcome>>, SpecError> {
    let mut outcomes = BTreeSet::new();
    let mut seen = FxHashSet::default();
    let start = State::start(steps);
    seen.insert(start.clone());
    let mut open = vec![start];
    while let Some(state) = open.pop() {
        let mut any = false;
        for (thread, access) in state.candidates(steps) {
            any = true;
            for next in state.after(steps, thread, access)? {
                let agrees = asked.is_none_or(|asked| next.threads[thread].agrees(asked));
                if agrees && seen.insert(next.clone()) {
                    open.push(next);
                }
            }
        }
        if !any {
            outcomes.insert(state.outcome(steps));
        }
        if seen.len() > most {
            return Ok(None);
        }
    }
    Ok(Some(outcomes))
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct State {
    threads: Vec<Thread>,
    memory: Memory<Word, Option<Writer>>,
}

/// What is in a word.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Word {
    Count(u64),
    Mailbox(Option<Holding>),
}

impl State {
    fn start(steps: &Steps) -> Self {
        let slots = 0..steps.slots();
        let counts = slots.clone().map(|slot| Word::Count(steps.start(slot).0));
        let mailboxes = if steps.uses_mailboxes() {
            steps.slots()
        } else {
            0
        };
        let words = counts.chain(std::iter::repeat_n(Word::Mailbox(None), mailboxes));
        let cells = slots.map(|slot| steps.start(slot).1);
        let threads: Vec<Thread> = steps.threads().collect();
        Self {
            memory: Memory::new(words, cells, threads.len()),
            threads,
        }
    }

    /// The next access of each thread that is not done, or one that goes on at once.
    fn candidates(&self, steps: &Steps) -> Vec<(usize, Access)> {
        let threads = self.threads.iter().enumerate();
        let next = |(number, thread)| Some((number, steps.next(thread)?));
        let mut candidates: Vec<_> = threads.filter_map(next).collect();
        let at_once = |(_, access): &(usize, Access)| !access.kind.reads_a_word();
        if let Some(first) = candidates.iter().position(at_once) {
            candidates = vec![candidates[first]];
        }
        candidates
    }

    /// The states that an access leads to.
    fn after(&self, steps: &Steps, thread: usize, access: Access) -> Result<Vec<Self>, SpecError> {
        use AccessKind as A;
        let Access { slot, kind } = access;
        let race = |Race| SpecError::DataRace { slot };
        let mut states = Vec::new();
        let mut add = |mut memory: Memory<_, _>, found| {
            let mut threads = self.threads.clone();
            steps.found(&mut threads[thread], found);
            if steps.next(&threads[thread]).is_none() {
                memory.forget(thread);
            }
            states.push(Self { threads, memory });
        };
        match kind {
            A::Store(value, ordering) => {
                for place in self.memory.writable(thread, slot) {
                    let mut memory = self.memory.clone();
                    memory.write(thread, slot, place, Word::Count(value), ordering);
                    add(memory, Found::Nothing);
                }
            }
            A::Load(_) | A::Add(_) | A::Subtract(_) | A::CompareExchange { .. } => {
                for (place, word) in self.memory.readable(thread, slot) {
                    let Word::Count(read) = word else {
                        unreachable!("a count");
                    };
                    let mut memory = self.memory.clone();
                    match (
                        kind.written(read),
                        kind.update_ordering(),
                        kind.read_ordering(),
                    ) {
                        (Some(new), Some(ordering), _) => {
                            if !self.memory.is_updatable(slot, place) {
                                continue;
                            }
                            let (new, at) = (Word::Count(new), (slot, place));
                            memory.update(thread, at, new, ordering, true);
                        }
                        (None, _, Some(ordering)) => memory.read(thread, slot, place, ordering),
                        _ => continue,
                    }
                    add(memory, Found::Count(read));
                }
            }
            A::Fence(ordering) => {
                let mut memory = self.memory.clone();
                memory.fence(thread, ordering);
                add(memory, Found::Nothing);
            }
            A::ReadMetadata => {
                let mut memory = self.memory.clone();
                let live = memory.read_plain(thread, slot).map_err(race)?;
                add(memory, Found::Metadata(live));
            }
            A::WriteMetadata(writer) => {
                let mut memory = self.memory.clone();
                memory.write_plain(thread, slot, writer).map_err(race)?;
                add(memory, Found::Nothing);
            }
            A::Give(_) | A::Take => {
                let at = steps.slots() + slot;
                for (place, word) in self.memory.readable(thread, at) {
                    let Word::Mailbox(inside) = word else {
                        unreachable!("a mailbox");
                    };
                    let mut memory = self.memory.clone();
                    match mailbox_written(kind, inside) {
                        // A take gets the handle of one give and is ordered after
                        // that one alone: it continues no release sequence.
                        Some((new, ordering)) if self.memory.is_updatable(at, place) => {
                            let new = Word::Mailbox(new);
                            memory.update(thread, (at, place), new, ordering, false);
                        }
                        None => memory.read(thread, at, place, Relaxed),
                        Some(_) => continue,
                    }
                    add(memory, Found::Mailbox(inside));
                }
            }
        }
        Ok(states)
    }

    fn outcome(&self, steps: &Steps) -> Outcome {
        steps.outcome(&self.threads, |slot| {
            let Word::Count(count) = self.memory.newest(slot) else {
                unreachable!("a count");
            };
            (count, self.memory.plain(slot))
        })
    }
}

/// What an operation writes to the mailbox that has this inside, if it writes.
fn mailbox_written(
    kind: AccessKind,
    inside: Option<Holding>,
) -> Option<(Option<Holding>, Ordering)> {
    match (kind, inside) {
        (AccessKind::Give(holding), None) => Some((Some(holding), Release)),
        (AccessKind::Take, Some(_)) => Some((None, Acquire)),
        _ => None,
    }
}
