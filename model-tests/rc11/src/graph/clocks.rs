//! Vector clocks of events: for each thread, how many of its events come before.

use std::ops::Range;

use super::event::ThreadId;

/// A vector clock. `clock[t]` is how many events of thread `t` come before, or
/// are the event itself, and one more if its end comes before; threads beyond the
/// clock's end have none.
pub(crate) type Clock = [u32];

/// The clocks of all events of a graph, one after the other in one vector, so
/// that a graph is copied in a few moves.
#[derive(Debug, Default)]
pub(crate) struct Clocks {
    /// Threads that there is room for.
    width: usize,
    /// For each event a clock of each [`Which`], `width` numbers each.
    flat: Vec<u32>,
}

/// What there is of each event, in this order.
#[derive(Clone, Copy)]
enum Which {
    /// What happens before the event, itself included.
    HappensBefore = 0,
    /// What comes before it by program order and reads-from, itself included.
    Prefix = 1,
    /// What a read that acquires learns from it, if it is a write.
    Message = 2,
}

const KINDS: usize = 3;

impl Clocks {
    pub(crate) fn copy_from(&mut self, other: &Clocks) {
        self.width = other.width;
        self.flat.clone_from(&other.flat);
    }

    /// Forgets all events, and makes room for so many threads.
    pub(crate) fn reset(&mut self, threads: usize) {
        self.width = threads.next_power_of_two().max(4);
        self.flat.clear();
    }

    /// Makes room for one more thread, if there is none.
    pub(crate) fn widen(&mut self, threads: usize) {
        if threads <= self.width {
            return;
        }
        let width = threads.next_power_of_two();
        let mut flat = Vec::with_capacity(self.flat.len() / self.width.max(1) * width);
        for clock in self.flat.chunks(self.width.max(1)) {
            flat.extend_from_slice(clock);
            flat.resize(flat.len() + width - clock.len(), 0);
        }
        *self = Clocks { width, flat };
    }

    /// Forgets all events, and makes as much room as `other` has.
    pub(crate) fn reset_like(&mut self, other: &Clocks) {
        self.width = other.width;
        self.flat.clear();
    }

    /// Room for one more event.
    pub(crate) fn push(&mut self) {
        self.flat.resize(self.flat.len() + KINDS * self.width, 0);
    }

    /// Copies the clocks of events of another graph of the same width.
    pub(crate) fn push_copies(&mut self, other: &Clocks, events: Range<usize>) {
        debug_assert_eq!(self.width, other.width, "graphs of one family");
        let size = KINDS * self.width;
        let copied = &other.flat[events.start * size..events.end * size];
        self.flat.extend_from_slice(copied);
    }

    pub(crate) fn pop(&mut self) {
        self.flat.truncate(self.flat.len() - KINDS * self.width);
    }

    fn at(&self, event: usize, which: Which) -> usize {
        (event * KINDS + which as usize) * self.width
    }

    fn get(&self, event: usize, which: Which) -> &Clock {
        let at = self.at(event, which);
        &self.flat[at..at + self.width]
    }

    pub(crate) fn happens_before(&self, event: usize) -> &Clock {
        self.get(event, Which::HappensBefore)
    }

    pub(crate) fn prefix(&self, event: usize) -> &Clock {
        self.get(event, Which::Prefix)
    }

    /// Sets the clocks of an event that nothing comes before but `before`, and what
    /// comes before that.
    pub(crate) fn begin(&mut self, event: usize, before: Option<usize>) {
        let at = self.at(event, Which::HappensBefore);
        let message = self.at(event, Which::Message);
        match before {
            Some(before) => {
                let from = self.at(before, Which::HappensBefore);
                self.flat.copy_within(from..from + 2 * self.width, at);
            }
            None => self.flat[at..message].fill(0),
        }
        self.flat[message..message + self.width].fill(0);
    }

    /// Whatever comes before `from` comes before `event`, by both orders.
    pub(crate) fn follow(&mut self, event: usize, from: usize) {
        self.join(event, Which::HappensBefore, from, Which::HappensBefore);
        self.join(event, Which::Prefix, from, Which::Prefix);
    }

    /// What `thread` does after the last of its `events` comes before `event`, too: it
    /// counts as one event more.
    pub(crate) fn end(&mut self, event: usize, thread: ThreadId, events: usize) {
        let at = self.at(event, Which::HappensBefore);
        self.flat[at + thread] = events as u32 + 1;
    }

    /// `event` reads from `from`.
    pub(crate) fn read(&mut self, event: usize, from: usize) {
        self.join(event, Which::Prefix, from, Which::Prefix);
    }

    /// `event` acquires what `from` released.
    pub(crate) fn acquire(&mut self, event: usize, from: usize) {
        self.join(event, Which::HappensBefore, from, Which::Message);
    }

    /// `event` releases what happens before `from`, which may be itself.
    pub(crate) fn release(&mut self, event: usize, from: usize) {
        self.join(event, Which::Message, from, Which::HappensBefore);
    }

    /// `event` hands on what `from` released.
    pub(crate) fn hand_on(&mut self, event: usize, from: usize) {
        self.join(event, Which::Message, from, Which::Message);
    }

    /// `event` is the `index`-th of `thread`, counted from 0.
    pub(crate) fn own(&mut self, event: usize, thread: ThreadId, index: usize) {
        for which in [Which::HappensBefore, Which::Prefix] {
            let at = self.at(event, which);
            self.flat[at + thread] = index as u32 + 1;
        }
    }

    fn join(&mut self, to: usize, to_which: Which, from: usize, from_which: Which) {
        let (to, from) = (self.at(to, to_which), self.at(from, from_which));
        // Widths are powers of two from four on: this is a few instructions.
        for at in (0..self.width).step_by(4) {
            let mut other = [0; 4];
            other.copy_from_slice(&self.flat[from + at..][..4]);
            for (to, other) in self.flat[to + at..][..4].iter_mut().zip(other) {
                *to = (*to).max(other);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_survive_more_threads() {
        let mut clocks = Clocks::default();
        clocks.reset(2);
        clocks.push();
        clocks.own(0, 1, 6);
        clocks.push();
        clocks.follow(1, 0);
        clocks.own(1, 0, 0);
        clocks.widen(9);
        assert_eq!(clocks.happens_before(0)[..2], [0, 7]);
        assert_eq!(clocks.prefix(1)[..2], [1, 7]);
        clocks.push();
        clocks.own(2, 8, 3);
        assert_eq!(clocks.happens_before(2)[8], 4);
        assert_eq!(clocks.happens_before(1)[..2], [1, 7]);
    }
}
