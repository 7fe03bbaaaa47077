//! One execution alone: only forward, without alternatives.
//!
//! Each step is one event of a thread that can go on. What there is to choose is
//! drawn with a seed, or the first is taken: the lowest thread, the newest write,
//! the last place.
//!
//! Every execution graph that the exploration shows has a chance to be drawn. Its
//! events have an order that follows program order and reads-from, which have no
//! cycle together. Take them in this order, the two of a read-modify-write one
//! after the other: each finds what it reads from there already. Its thread can
//! go on; the source of a read, and the place of a write among the writes so far,
//! are allowed, as a part of a consistent graph that contains all that its
//! events depend on is consistent. So each of these finitely many draws has a
//! chance to be the one that leads to the graph.
//!
//! The graphs of threads that wait are more than those of the exploration. There
//! a thread at a spin hint is given up, for another execution shows it going on.
//! Here it goes round its loop again, if it may see something new. Whether it does
//! follows from the graph, so that the graph is enough for a replay.

mod draw;
mod wait;

use super::{Run, State, Thread};
use crate::graph::{ReadMode, ThreadId};

/// How a single execution goes on.
pub(crate) struct Forward {
    /// Draws what there is to choose. Without it the first is taken.
    draws: Option<fastrand::Rng>,
    /// Whether the thread that runs may make an event.
    turn: bool,
    /// How often a thread went on from a wait that had made no event since the
    /// last one.
    vain: usize,
}

/// A read that may wait, which a thread is about to make.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offer {
    address: usize,
    initial: u64,
    mode: ReadMode,
}

impl Forward {
    /// Draws from this source, or takes what comes first.
    pub(crate) fn new(draws: Option<fastrand::Rng>) -> Self {
        Forward {
            draws,
            turn: false,
            vain: 0,
        }
    }

    /// One of so many ways.
    fn pick(&mut self, of: usize) -> usize {
        self.draws.as_mut().map_or(0, |draws| draws.usize(..of))
    }
}

impl Run {
    /// Whether the thread that runs may make an event: any number in an
    /// exploration, one at a time here. A thread that unwinds must not be left:
    /// others on this OS thread would seem to panic.
    pub(super) fn has_turn(&self) -> bool {
        let forward = self.forward.as_ref();
        forward.is_none_or(|forward| forward.turn || std::thread::panicking())
    }

    /// The thread that runs has made an event.
    pub(super) fn end_turn(&mut self) {
        if let Some(forward) = &mut self.forward {
            forward.turn = false;
            self.threads[self.current].offer = None;
        }
    }

    /// The thread that runs is about to read.
    pub(super) fn offer(&mut self, address: usize, initial: u64, mode: ReadMode) {
        let may_wait = matches!(
            mode,
            ReadMode::Acquire { .. } | ReadMode::AcquireUnless { .. }
        );
        if self.forward.is_some() && may_wait {
            self.threads[self.current].offer = Some(Offer {
                address,
                initial,
                mode,
            });
        }
    }

    /// The thread to go on with.
    pub(crate) fn draw_thread(&mut self) -> Option<ThreadId> {
        // What a thread does up to its first event changes nothing for others.
        let first = (0..self.threads.len()).find(|&thread| {
            let Thread { state, started, .. } = self.threads[thread];
            !started && matches!(state, State::Ready | State::AtEnd)
        });
        if first.is_some() {
            return first;
        }
        let thread = match self.half_done() {
            Some(half_done) => half_done,
            None => self.draw_started()?,
        };
        let wakes = matches!(self.threads[thread].state, State::Waits(_));
        if wakes && !self.next_round(thread) {
            return None;
        }
        self.forward_mut().turn = !wakes;
        Some(thread)
    }

    /// One of the threads that can go on.
    fn draw_started(&mut self) -> Option<ThreadId> {
        let mut able: Vec<_> = (0..self.threads.len())
            .filter(|&thread| self.can_go_on(thread))
            .collect();
        if able.is_empty() {
            // Those that wait look again, unless they have done so before: what they
            // do may not depend on what they have read last.
            able = (0..self.threads.len())
                .filter(|&thread| self.is_at_hint(thread) && self.is_first_of_its_kind(thread))
                .collect();
        }
        if able.is_empty() {
            // Those whose next read waits, whatever it reads, read the newest.
            able = (0..self.threads.len())
                .filter(|&thread| self.threads[thread].state == State::AtEnd)
                .collect();
        }
        // A thread that wakes makes no event, so that the graph remains the same.
        able.sort_by_key(|&thread| !matches!(self.threads[thread].state, State::Waits(_)));
        match able.len() {
            0 => None,
            of => Some(able[self.forward_mut().pick(of)]),
        }
    }

    fn forward_mut(&mut self) -> &mut Forward {
        let forward = self.forward.as_mut();
        forward.expect("a single execution goes forward")
    }

    fn can_go_on(&mut self, thread: ThreadId) -> bool {
        match self.threads[thread].state {
            State::AtEnd => match self.threads[thread].offer {
                Some(offer) => self.goes_on_after(thread, offer),
                None => true,
            },
            State::Joins(other, _) => self.threads[other].state == State::Finished,
            State::Waits(_) => self.is_at_hint(thread) && self.wakes(thread),
            State::Absent | State::Ready | State::Follows(..) | State::Finished => false,
        }
    }
}
