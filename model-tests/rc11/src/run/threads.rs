//! The threads of an execution: which can run, which wait for what.

use std::any::Any;
use std::cmp::Reverse;

use super::forward::Offer;
use super::{Cancelled, Pause, Phase, Run};
use crate::failure::{FailureKind, Waiting};
use crate::graph::{Kind, ThreadId};
use crate::race::Place;

/// A thread of one execution.
#[derive(Default)]
pub(crate) struct Thread {
    pub(crate) state: State,
    /// How many of its events were performed.
    pub(crate) performed: usize,
    /// How many of these others can notice.
    pub(super) effects: usize,
    /// Where it yielded last, and what it had done before.
    yielded: Option<(Place, usize)>,
    /// It has to wait next.
    pub(super) must_wait: bool,
    /// Loads since it was asked whether it would go on.
    pub(super) rechecked: usize,
    /// How many calls it is in whose memory comes from the system.
    pub(crate) untracked: usize,
    /// How often it waited in vain while its execution was given up.
    pub(super) waited_in_vain: usize,
    /// The read that it is about to make, if it may wait.
    pub(super) offer: Option<Offer>,
    /// How many events it had made when it went on from a wait, each time.
    pub(super) rounds: Vec<usize>,
    /// What it does, if another thread said so, until it starts.
    pub(crate) job: Option<Box<dyn FnOnce() + Send>>,
    /// Whether its fiber has a job.
    pub(crate) started: bool,
}

impl Thread {
    /// Begins another execution, as a new one would, but in place.
    pub(super) fn reset(&mut self, state: State) {
        self.state = state;
        self.performed = 0;
        self.effects = 0;
        self.yielded = None;
        self.must_wait = false;
        self.rechecked = 0;
        self.untracked = 0;
        self.waited_in_vain = 0;
        self.offer = None;
        self.rounds.clear();
        self.job = None;
        self.started = false;
    }
}

/// What a thread is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum State {
    /// There is no such thread in this execution yet.
    #[default]
    Absent,
    /// It can run.
    Ready,
    /// It has replayed its events, if there are any.
    AtEnd,
    /// Its next event is a read that comes after this event of that thread.
    Follows(ThreadId, usize),
    /// It waits for the end of another thread.
    Joins(ThreadId, Place),
    /// It waits until something that it has read changes.
    Waits(Place),
    /// It is done.
    Finished,
}

impl Run {
    /// The thread to run next: the lowest that can go on. In a replay the one that is
    /// to extend the graph comes last if it can, so that it need not be left.
    pub(crate) fn next_thread(&self) -> Option<ThreadId> {
        let last = match self.phase {
            Phase::Replay => self.extending,
            _ => None,
        };
        for thread in 0..self.threads.len() {
            if last != Some(thread) && self.can_run(thread, self.phase) {
                return Some(thread);
            }
        }
        match last {
            Some(last) if self.can_run(last, self.phase) => Some(last),
            _ => None,
        }
    }

    #[inline(always)]
    fn can_run(&self, thread: ThreadId, phase: Phase) -> bool {
        match self.threads[thread].state {
            State::Ready => true,
            State::Follows(other, index) => self.threads[other].performed > index,
            State::Joins(other, _) => self.threads[other].state == State::Finished,
            State::AtEnd => phase == Phase::Extend,
            State::Absent | State::Waits(_) | State::Finished => false,
        }
    }

    /// How a thread of the start begins. One that has nothing to replay, or has to
    /// follow another one at once, waits for its start: that saves an exploration a
    /// switch. Single executions, of which stories are told, begin with their threads
    /// in turn.
    pub(super) fn first_state(&self, thread: ThreadId) -> State {
        let Some(first) = self.graph.event_of(thread, 0) else {
            return State::AtEnd;
        };
        match self.graph.event(first).kind {
            Kind::Read { reads_from, .. } if !reads_from.is_init() && self.forward.is_none() => {
                let from = self.graph.event(reads_from);
                State::Follows(from.thread, from.index)
            }
            _ => State::Ready,
        }
    }

    /// Which thread will probably extend the graph when it is replayed. Single
    /// executions take their turns.
    pub(super) fn guess_who_extends(&self) -> Option<ThreadId> {
        let last = self.graph.events().last().map(|event| event.thread);
        self.half_done().or(last).filter(|_| self.forward.is_none())
    }

    /// Whether the graph is replayed, and the thread that runs, about to make a new
    /// event, is the one that extends it: one that makes up for a read-modify-write
    /// half done, or else the lowest that can go on.
    pub(super) fn extends_first(&self) -> bool {
        self.extending == Some(self.current)
            && self.is_replayed()
            && match self.half_done() {
                Some(thread) => thread == self.current,
                None => (0..self.current).all(|thread| !self.can_run(thread, Phase::Extend)),
            }
    }

    /// The thread whose last event is the reading half of a read-modify-write.
    pub(crate) fn half_done(&self) -> Option<ThreadId> {
        (0..self.graph.threads()).find(|&thread| {
            let last = self.graph.program_order(thread).last();
            last.is_some_and(|&last| match self.graph.event(last).kind {
                Kind::Read { mode, value, .. } => mode.written(value).is_some(),
                _ => false,
            })
        })
    }

    /// Starts a thread; gives its number.
    pub(crate) fn spawn(&mut self, place: Place) -> Result<ThreadId, Pause> {
        let child = match self.next_event().map(|id| self.graph.event(id).kind) {
            Some(Kind::Spawn { child }) => child,
            Some(_) => return Err(self.differs("a thread where there was none")),
            None if matches!(self.phase, Phase::Replay | Phase::Extend) => {
                self.check_waits()?;
                self.extend()?;
                let child = self.graph.add_thread(self.statics);
                if self.threads.len() <= child {
                    self.threads.resize_with(child + 1, Thread::default);
                }
                child
            }
            // The number does not matter: there will be no event.
            None => 0,
        };
        self.other(Kind::Spawn { child }, place)?;
        self.thread().effects += 1;
        self.threads[child] = Thread {
            state: State::Ready,
            ..Thread::default()
        };
        Ok(child)
    }

    /// Whether a thread is not there, or not any more.
    pub(crate) fn is_gone(&self, thread: ThreadId) -> bool {
        matches!(self.threads[thread].state, State::Finished | State::Absent)
    }

    /// The thread to be unwound next when the execution is given up: later ones
    /// come first, because they may use what lies on the stacks of earlier ones.
    /// One whose destructors wait lets all others go first.
    pub(crate) fn next_to_unwind(&self) -> Option<ThreadId> {
        (0..self.threads.len())
            .filter(|&thread| self.threads[thread].started && !self.is_gone(thread))
            .max_by_key(|&thread| {
                let waited = self.threads[thread].waited_in_vain;
                (Reverse(waited), self.graph.spawned(thread))
            })
    }

    /// What a thread would have done that has not started, and never will.
    pub(crate) fn drop_job(&mut self, thread: ThreadId) -> Option<Box<dyn FnOnce() + Send>> {
        let job = self.threads[thread].job.take()?;
        self.threads[thread].state = State::Finished;
        Some(job)
    }

    /// Waits for the end of a thread.
    pub(crate) fn join(&mut self, child: ThreadId, place: Place) -> Result<(), Pause> {
        match self.phase {
            Phase::Cancel => return Err(Pause::Unwind),
            Phase::Recheck => return Err(Pause::Suspend),
            Phase::Replay | Phase::Extend => {}
        }
        if self.next_event().is_none() {
            self.extend()?;
        }
        if self.threads[child].state != State::Finished {
            self.thread().state = State::Joins(child, place);
            return Err(Pause::Suspend);
        }
        self.other(Kind::Join { child }, place)
    }

    /// The thread that runs has gone round a loop in vain.
    pub(crate) fn spin(&mut self, place: Place) -> Result<(), Pause> {
        match self.phase {
            Phase::Cancel => return Err(Pause::Unwind),
            Phase::Recheck => return Err(Pause::Suspend),
            Phase::Replay | Phase::Extend => {}
        }
        if self.next_event().is_some() {
            return self.waited();
        }
        let last = self.graph.program_order(self.current).last();
        // It will see a newer value some day: that is explored anyway.
        if self.forward.is_none() {
            self.redundant |= last.is_some_and(|&last| self.graph.was_stale(last));
        }
        self.thread().must_wait = false;
        self.thread().state = State::Waits(place);
        Err(Pause::Suspend)
    }

    /// A replayed thread that waits has events after that: in single executions
    /// alone it went on.
    fn waited(&mut self) -> Result<(), Pause> {
        if self.forward.is_none() {
            return Err(self.differs("a thread waits that went on"));
        }
        self.thread().must_wait = false;
        match self.next_round(self.current) {
            true => Ok(()),
            false => Err(Pause::Suspend),
        }
    }

    /// The thread that runs lets others run. If it comes to the same place again
    /// and has only looked at things meanwhile, it waits for one of them to
    /// change.
    pub(crate) fn yields(&mut self, place: Place) -> Result<(), Pause> {
        let now = Some((place, self.thread().effects));
        if self.thread().yielded == now || matches!(self.phase, Phase::Cancel | Phase::Recheck) {
            return self.spin(place);
        }
        self.thread().yielded = now;
        Ok(())
    }

    /// A destructor waits while the execution is given up, where the thread that
    /// runs cannot be unwound.
    pub(crate) fn wait_in_vain(&mut self) {
        self.thread().waited_in_vain += 1;
    }

    /// Whether a thread waits in a destructor, as it seems for ever.
    pub(crate) fn is_stuck(&self, thread: ThreadId) -> bool {
        self.threads[thread].waited_in_vain > 1_000
    }

    /// The threads that have not come to their end, and where they wait.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = Waiting> + '_ {
        self.threads
            .iter()
            .enumerate()
            .filter_map(|(thread, state)| {
                let (place, joins) = match state.state {
                    State::Waits(place) => (place, None),
                    State::Joins(other, place) => (place, Some(other)),
                    _ => return None,
                };
                Some(Waiting {
                    thread,
                    place,
                    joins,
                })
            })
    }

    /// Whether the last read of each thread that waits is of the newest write.
    pub(crate) fn all_saw_the_newest(&self) -> bool {
        self.waiting()
            .filter(|waiting| waiting.joins.is_none())
            .all(|waiting| {
                let last = self.graph.program_order(waiting.thread).last();
                last.is_none_or(|&last| match self.graph.event(last).kind {
                    Kind::Read {
                        location,
                        reads_from,
                        ..
                    } => reads_from == self.graph.newest(location),
                    _ => true,
                })
            })
    }

    /// Whether the thread that runs, or ran last, is done.
    pub(crate) fn is_finished(&self) -> bool {
        self.threads[self.current].state == State::Finished
    }

    /// The thread that runs has come to its end, or unwound.
    pub(crate) fn ended(&mut self, result: Result<(), Box<dyn Any + Send>>) {
        let thread = self.current;
        self.threads[thread].state = State::Finished;
        match result {
            Ok(()) if self.phase == Phase::Recheck => self.goes_on = true,
            Ok(()) => {}
            Err(payload) if payload.is::<Cancelled>() => {}
            // Nothing that it saw was real.
            Err(_) if self.phase == Phase::Cancel => {}
            Err(_) if self.phase == Phase::Recheck => self.goes_on = true,
            Err(payload) => {
                self.fail(FailureKind::Panic { thread, payload });
            }
        }
    }

    /// Whether every event of the graph was performed again.
    pub(crate) fn is_replayed(&self) -> bool {
        self.threads.iter().enumerate().all(|(thread, state)| {
            match self.graph.program_order(thread) {
                [] => true,
                events => {
                    let missing = events.len() - state.performed.min(events.len());
                    missing == 0 || (missing == 1 && self.half_done() == Some(thread))
                }
            }
        })
    }
}
