//! Runs the threads of a scenario and puts its outcome together.

use std::fmt;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

use meta_core::SlotState;

use super::Scenario;
use super::actor::{Actor, List, Row};
use crate::world::{Aborted, Fault, Host};

/// What a thread has from the start.
pub enum Prop<H: Host> {
    /// A segment.
    Row(Row<H>),
    /// A list.
    List(List<H>),
}

/// What one thread did.
#[derive(Clone, Debug, Default)]
pub struct Told {
    pub(super) words: Vec<String>,
    /// By slot: how often it tore metadata down.
    pub(super) last: Vec<u32>,
}

/// A scenario and what its threads share.
///
/// Nothing here is dropped with a handle in it: what one execution leaves
/// behind is no handle in the next.
pub struct Stage<H: Host> {
    scenario: Scenario<H>,
    /// By thread. Only the start and the thread itself lock its entry.
    props: Vec<Mutex<Option<ManuallyDrop<Prop<H>>>>>,
    /// The list that is in the mailbox. Whether one is follows from the
    /// mailbox's flags, which order it too.
    parcel: Mutex<Option<ManuallyDrop<List<H>>>>,
}

impl<H: Host> Stage<H> {
    /// A stage for a scenario.
    pub fn new(scenario: Scenario<H>) -> Self {
        Stage {
            props: scenario.threads.iter().map(|_| Mutex::new(None)).collect(),
            parcel: Mutex::new(None),
            scenario,
        }
    }

    /// What is played on it.
    pub fn scenario(&self) -> &Scenario<H> {
        &self.scenario
    }

    /// Makes the start state, as the first thread.
    ///
    /// # Safety
    ///
    /// That of [`World::reset`](crate::world::World::reset).
    pub unsafe fn reset(&self) {
        // SAFETY: promised by the caller.
        unsafe {
            let Scenario { frames, gives, .. } = self.scenario;
            H::world().reset_unused::<H>(frames, gives);
        }
        for prop in &self.props {
            *lock(prop) = None;
        }
        *lock(&self.parcel) = None;
        let mut actor = Actor::of_start(self, self.scenario.frames);
        (self.scenario.start)(&mut actor);
    }

    /// Runs one thread.
    ///
    /// # Safety
    ///
    /// The stage was reset, and each thread runs once.
    pub unsafe fn run_thread(&self, thread: usize) -> Told {
        let mut actor = Actor::new(self, thread, self.scenario.frames);
        let body = self.scenario.threads[thread];
        match catch_unwind(AssertUnwindSafe(|| body(&mut actor))) {
            Ok(()) => {}
            // No scenario allows it; its outcome says so.
            Err(payload) if payload.is::<Aborted>() => actor.say("abort"),
            Err(payload) => resume_unwind(payload),
        }
        actor.told()
    }

    /// The outcome, when all threads are done.
    ///
    /// # Errors
    ///
    /// The first contract of the metadata's life that was broken.
    pub fn outcome(&self, threads: &[Told]) -> Result<String, Fault> {
        let world = H::world();
        let mut ends = Vec::with_capacity(self.scenario.frames);
        for slot in 0..self.scenario.frames {
            let state = world.state(slot);
            let last_drops = threads.iter().map(|told| told.last[slot]).sum();
            if let Some(fault) = world.register().first_fault(slot, state, last_drops) {
                return Err(fault);
            }
            ends.push(match state {
                SlotState::Unused => "unused".to_owned(),
                SlotState::Busy => "busy".to_owned(),
                SlotState::Unique => "unique".to_owned(),
                SlotState::Shared(n) | SlotState::Overflow(n) => format!("shared({n})"),
            });
        }
        let words: Vec<_> = threads.iter().map(|told| told.words.join(" ")).collect();
        Ok(format!("{} => {}", words.join(" | "), ends.join(" ")))
    }

    pub(super) fn set_prop(&self, thread: usize, prop: Prop<H>) {
        *lock(&self.props[thread]) = Some(ManuallyDrop::new(prop));
    }

    pub(super) fn take_prop(&self, thread: usize) -> Option<ManuallyDrop<Prop<H>>> {
        lock(&self.props[thread]).take()
    }

    pub(super) fn parcel(&self) -> MutexGuard<'_, Option<ManuallyDrop<List<H>>>> {
        lock(&self.parcel)
    }
}

impl<H: Host> fmt::Debug for Stage<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stage").field(&self.scenario).finish()
    }
}

impl<H: Host> fmt::Debug for Prop<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Prop::Row(row) => row.fmt(f),
            Prop::List(list) => list.fmt(f),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
