//! What the threads of a scenario share.

use std::fmt;
use std::mem::ManuallyDrop;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::thread::{List, Page, Row, Thread};
use super::{FrameScenario, MetaCore};
use crate::protocol::{Protocol, SlotState};
use crate::scenario::{Record, Run, outcome, say_abort};
use crate::world::{Fault, Host};

/// What a thread has from the start.
pub(super) enum Initial<H: Host> {
    /// A segment.
    Row(Row<H>),
    /// A list.
    List(List<H>),
    /// An untyped frame.
    Page(Page<H>),
}

/// A scenario and what its threads share.
///
/// Nothing here is dropped with a handle in it: what one execution leaves
/// behind is no handle in the next.
pub(super) struct SharedState<H: Host> {
    scenario: FrameScenario<H>,
    /// By thread. Only the start and the thread itself lock its entry.
    initial: Vec<Mutex<Option<ManuallyDrop<Initial<H>>>>>,
    /// The list that is in the mailbox. Whether one is follows from the
    /// mailbox's flags, which order it too.
    parcel: Mutex<Option<ManuallyDrop<List<H>>>>,
}

impl<H: Host> SharedState<H> {
    pub(super) fn new(scenario: FrameScenario<H>) -> Self {
        SharedState {
            initial: scenario.threads.iter().map(|_| Mutex::new(None)).collect(),
            parcel: Mutex::new(None),
            scenario,
        }
    }

    pub(super) fn set_initial(&self, thread: usize, initial: Initial<H>) {
        *lock(&self.initial[thread]) = Some(ManuallyDrop::new(initial));
    }

    pub(super) fn take_initial(&self, thread: usize) -> Option<ManuallyDrop<Initial<H>>> {
        lock(&self.initial[thread]).take()
    }

    pub(super) fn parcel(&self) -> MutexGuard<'_, Option<ManuallyDrop<List<H>>>> {
        lock(&self.parcel)
    }
}

impl<H: Host> Run for SharedState<H> {
    unsafe fn start(&self) {
        // SAFETY: promised by the caller.
        unsafe {
            let FrameScenario { frames, gives, .. } = self.scenario;
            H::world().reset_unused::<MetaCore<H>>(frames, gives);
        }
        MetaCore::<H>::memory().expect_written_pages();
        for initial in &self.initial {
            *lock(initial) = None;
        }
        *lock(&self.parcel) = None;
        let mut record = Record::default();
        let mut thread = Thread::of_start(self, &mut record, self.scenario.frames);
        (self.scenario.start)(&mut thread);
    }

    unsafe fn thread(&self, thread: usize, record: &mut Record) {
        let body = self.scenario.threads[thread];
        say_abort(record, |record| {
            body(&mut Thread::new(self, thread, record, self.scenario.frames));
        });
    }

    fn outcome(&self, threads: &[Record]) -> Result<String, Fault> {
        let register = H::register();
        let mut ends = Vec::with_capacity(self.scenario.frames);
        for slot in 0..self.scenario.frames {
            let state = MetaCore::<H>::peek(slot);
            let last_drops = threads.iter().map(|record| record.last[slot]).sum();
            if let Some(fault) = register.first_fault(slot, state, last_drops) {
                return Err(fault);
            }
            ends.push(match state {
                SlotState::Unused => "unused".to_owned(),
                SlotState::Busy => "busy".to_owned(),
                SlotState::Unique => "unique".to_owned(),
                SlotState::Shared(n) => format!("shared({n})"),
            });
        }
        Ok(outcome(threads, &ends.join(" ")))
    }
}

impl<H: Host> fmt::Debug for Initial<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Initial::Row(row) => row.fmt(f),
            Initial::List(list) => list.fmt(f),
            Initial::Page(page) => page.fmt(f),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
