//! One execution, step by step.

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use crate::{
    outcome::{End, Ends, OpResult, Outcome},
    program::{Op, Program},
};

use super::{
    Holding, Params, SpecError,
    setup::Setup,
    slot::{Slot, Transition},
    step::Advance,
    thread::Control,
};

/// An execution of a program that stands between two atomic steps.
///
/// Threads and slots count from 0 here, as the vectors of a program do.
/// Operations that do not apply are no steps: they are passed over at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    setup: Arc<Setup>,
    threads: Vec<Thread>,
    slots: Vec<Slot>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Thread {
    control: Control,
    /// One for each operation, skipped until it has finished.
    results: Vec<OpResult>,
    drops: Vec<OpResult>,
}

impl Machine {
    /// A program before its first step.
    pub fn start(program: &Program, ends: Ends, params: &Params) -> Result<Self, SpecError> {
        let setup = Setup::new(program, ends, params)?;
        let threads = (0..setup.threads()).map(|thread| Thread {
            control: setup.first_control(thread),
            results: vec![OpResult::Skipped; setup.ops(thread).len()],
            drops: Vec::new(),
        });
        Ok(Self {
            threads: threads.collect(),
            slots: (0..setup.slots)
                .map(|slot| setup.first_slot(slot))
                .collect(),
            setup: Arc::new(setup),
        })
    }

    /// The threads that can step. No step ever waits for another thread.
    pub fn enabled(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.threads.len()).filter(|&thread| self.current(thread).is_some())
    }

    /// The operation that the next step of a thread belongs to, and its
    /// position; `None` when the thread is done. Final drops have the position
    /// after the last operation.
    pub fn current(&self, thread: usize) -> Option<(usize, Op)> {
        let control = &self.threads[thread].control;
        let op = control.current(&self.setup, thread)?;
        Some((control.position, op))
    }

    /// Does the next atomic step of a thread; reports the operation that it
    /// finished, if it did.
    ///
    /// # Panics
    ///
    /// If the thread is done.
    pub fn step(&mut self, thread: usize) -> Option<Transition> {
        let (position, op) = self.current(thread).expect("a thread that is not done");
        let this = &mut self.threads[thread];
        let slot = &mut self.slots[op.slot];
        let (advance, transition) = this.control.step(&self.setup, thread, op, slot);
        if let Advance::Finished { result, .. } = advance {
            match this.results.get_mut(position) {
                Some(entry) => *entry = result,
                None => this.drops.push(result),
            }
        }
        this.control.advance(&self.setup, thread, op, advance);
        transition
    }

    /// Steps a thread until an operation finishes; `None` if the thread is
    /// done.
    pub fn run_op(&mut self, thread: usize) -> Option<Transition> {
        while self.current(thread).is_some() {
            if let Some(transition) = self.step(thread) {
                return Some(transition);
            }
        }
        None
    }

    /// The slots, as many as the program names.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// What a thread holds of a slot. A thread that aborted holds nothing.
    pub fn holding(&self, thread: usize, slot: usize) -> Holding {
        self.threads[thread].control.held.get(slot)
    }

    /// The results of a thread, final drops excluded: one for each operation,
    /// `Skipped` for those it has not finished.
    pub fn results(&self, thread: usize) -> &[OpResult] {
        &self.threads[thread].results
    }

    /// The outcome, when every thread is done.
    pub fn outcome(&self) -> Option<Outcome> {
        if self.enabled().next().is_some() {
            return None;
        }
        let threads = &self.threads;
        let drops = match self.setup.ends {
            Ends::Dropped => threads.iter().map(|thread| thread.drops.clone()).collect(),
            Ends::Left => Vec::new(),
        };
        let end = if threads.iter().any(|thread| thread.control.stopped) {
            End::NotJudged
        } else {
            End::Slots(self.slots.iter().map(Slot::end).collect())
        };
        Some(Outcome {
            results: threads
                .iter()
                .map(|thread| thread.results.clone())
                .collect(),
            drops,
            end,
        })
    }
}

/// The program is left out: machines that are compared mostly run the same.
impl Hash for Machine {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.threads.hash(state);
        self.slots.hash(state);
    }
}
