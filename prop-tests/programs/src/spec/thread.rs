//! Where a thread stands in its program.

use crate::{
    outcome::{Ends, OpResult, Writer},
    program::{Op, OpName},
};

use super::{
    Holding,
    holding::Holdings,
    setup::Setup,
    slot::{Slot, Transition},
    step::{self, Advance, Micro},
};

/// Everything about a thread but its results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Control {
    /// The operation it is at, never one to be skipped; the length of its
    /// operations when only final drops remain.
    pub(super) position: usize,
    pub(super) micro: Micro,
    pub(super) held: Holdings,
    /// It aborted: it takes no further step.
    pub(super) stopped: bool,
}

impl Control {
    pub(super) fn new(setup: &Setup, thread: usize, held: Holdings) -> Self {
        let mut control = Self {
            position: 0,
            micro: Micro::First,
            held,
            stopped: false,
        };
        control.settle(setup, thread);
        control
    }

    /// The operation whose step comes next; `None` when the thread is done.
    pub(super) fn current(&self, setup: &Setup, thread: usize) -> Option<Op> {
        if self.stopped {
            return None;
        }
        let op = setup.ops(thread).get(self.position).copied();
        op.or_else(|| match setup.ends {
            Ends::Left => None,
            Ends::Dropped => self.held.lowest_held().map(|slot| Op {
                name: OpName::Drop,
                slot,
            }),
        })
    }

    /// Does one atomic step of `op`, the current operation, to its slot.
    pub(super) fn step(
        &self,
        setup: &Setup,
        thread: usize,
        op: Op,
        slot: &mut Slot,
    ) -> (Advance, Option<Transition>) {
        let me = Writer::op(thread + 1, self.position + 1);
        let holding = self.held.get(op.slot);
        let max = setup.ref_count_max;
        let advance = step::step(op.name, self.micro, holding, me, slot, max);
        let transition = match advance {
            Advance::Inside(_) => None,
            Advance::Finished {
                result,
                taken: _,
                before,
                after,
            } => Some(Transition {
                thread,
                op,
                result,
                before,
                after,
            }),
        };
        (advance, transition)
    }

    /// Takes note of what a step of `op` did.
    pub(super) fn advance(&mut self, setup: &Setup, thread: usize, op: Op, advance: Advance) {
        match advance {
            Advance::Inside(micro) => self.micro = micro,
            Advance::Finished { result, taken, .. } => {
                self.finish(setup, thread, op, result, taken);
            }
        }
    }

    fn finish(&mut self, setup: &Setup, thread: usize, op: Op, result: OpResult, taken: Holding) {
        self.micro = Micro::First;
        if result == OpResult::Abort {
            self.stopped = true;
            self.held = Holdings::EMPTY;
            return;
        }
        let holding = self.held.get(op.slot);
        let holding = holding.after_result(op.name, result, taken);
        let holding = holding.expect("the specification gives results that fit");
        self.held.set(op.slot, holding);
        if self.position < setup.ops(thread).len() {
            self.position += 1;
            self.settle(setup, thread);
        }
    }

    /// Passes over operations that do not apply. Only the thread's own
    /// operations change what it holds, so skipping is no step.
    fn settle(&mut self, setup: &Setup, thread: usize) {
        let ops = setup.ops(thread);
        loop {
            match ops.get(self.position) {
                Some(op) if !self.held.get(op.slot).allows(op.name) => self.position += 1,
                _ => return,
            }
        }
    }
}
