//! A program made ready to run: checked, and with its start state.

use crate::{
    outcome::{Ends, Writer},
    program::{Op, Program, Start, StartKind},
};

use super::{
    Holding, Params, SpecError,
    holding::Holdings,
    slot::{Slot, SlotState},
    thread::Control,
};

/// What does not change while a program runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Setup {
    pub(super) program: Program,
    pub(super) ends: Ends,
    pub(super) ref_count_max: u64,
    pub(super) slots: usize,
}

impl Setup {
    pub(super) fn new(program: &Program, ends: Ends, params: &Params) -> Result<Self, SpecError> {
        let ref_count_max = params.ref_count_max;
        if !(1..=i64::MAX as u64).contains(&ref_count_max) {
            return Err(SpecError::RefCountMax(ref_count_max));
        }
        let slots = program_slots(program);
        if slots > Holdings::SLOTS {
            return Err(SpecError::TooManySlots {
                slots,
                most: Holdings::SLOTS,
            });
        }
        let start = program.start;
        let holders = match start.kind {
            StartKind::Unused => 0,
            StartKind::Shared | StartKind::Unique => 1,
            StartKind::SharedTwice => 2,
        };
        let shared = matches!(start.kind, StartKind::Shared | StartKind::SharedTwice);
        if start.forgotten != 0 && !shared {
            return Err(SpecError::ForgottenNotShared);
        }
        if program.threads.len() < holders {
            return Err(SpecError::HolderMissing {
                holders,
                threads: program.threads.len(),
            });
        }
        let count = start.forgotten.saturating_add(holders as u64);
        if shared && count > ref_count_max {
            return Err(SpecError::StartAboveMax {
                count,
                ref_count_max,
            });
        }
        Ok(Self {
            program: program.clone(),
            ends,
            ref_count_max,
            slots,
        })
    }

    pub(super) fn ops(&self, thread: usize) -> &[Op] {
        &self.program.threads[thread]
    }

    pub(super) fn threads(&self) -> usize {
        self.program.threads.len()
    }

    /// A slot before the first operation.
    pub(super) fn first_slot(&self, slot: usize) -> Slot {
        let forgotten = self.program.start.forgotten;
        let state = match self.program.start.kind {
            _ if slot != 0 => SlotState::Unused,
            StartKind::Unused => SlotState::Unused,
            StartKind::Shared => SlotState::Shared(1 + forgotten),
            StartKind::SharedTwice => SlotState::Shared(2 + forgotten),
            StartKind::Unique => SlotState::Unique,
        };
        Slot {
            state,
            live: (state != SlotState::Unused).then_some(Writer::START),
            mailbox: false,
        }
    }

    /// A thread before its first operation.
    pub(super) fn first_control(&self, thread: usize) -> Control {
        let mut held = Holdings::EMPTY;
        held.set(0, start_hand(self.program.start, thread));
        Control::new(self, thread, held)
    }
}

/// How many slots a program is about: up to the highest it names, at least
/// one.
fn program_slots(program: &Program) -> usize {
    let named = program
        .threads
        .iter()
        .flatten()
        .map(|op| op.slot.saturating_add(1));
    named.max().unwrap_or(1)
}

/// What a thread, counted from 0, holds of slot 0 at the start.
fn start_hand(start: Start, thread: usize) -> Holding {
    match (start.kind, thread) {
        (StartKind::Shared, 0) | (StartKind::SharedTwice, 0 | 1) => Holding::One,
        (StartKind::Unique, 0) => Holding::Unique,
        _ => Holding::Empty,
    }
}
