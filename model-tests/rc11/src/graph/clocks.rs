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
    /// Threads that there is room for, in quads.
    width: usize,
    /// For each event a clock of each [`Which`], `width` quads each.
    flat: Vec<Quad>,
}

/// The numbers of four threads: most programs have no more, and four are compared at
/// once.
type Quad = [u32; 4];

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
        self.width = quads(threads);
        self.flat.clear();
    }

    /// Makes room for one more thread, if there is none.
    pub(crate) fn widen(&mut self, threads: usize) {
        let width = quads(threads);
        if width <= self.width {
            return;
        }
        let mut flat = Vec::with_capacity(self.flat.len() / self.width.max(1) * width);
        for clock in self.flat.chunks(self.width.max(1)) {
            flat.extend_from_slice(clock);
            flat.resize(flat.len() + width - clock.len(), Quad::default());
        }
        *self = Clocks { width, flat };
    }

    /// Forgets all events, and makes as much room as `other` has.
    pub(crate) fn reset_like(&mut self, other: &Clocks) {
        self.width = other.width;
        self.flat.clear();
    }

    /// Room for one more event.
    #[inline]
    pub(crate) fn push(&mut self) {
        for _ in 0..self.width {
            self.flat.extend_from_slice(&[Quad::default(); KINDS]);
        }
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

    #[inline]
    fn at(&self, event: usize, which: Which) -> usize {
        (event * KINDS + which as usize) * self.width
    }

    fn get(&self, event: usize, which: Which) -> &Clock {
        let at = self.at(event, which);
        self.flat[at..at + self.width].as_flattened()
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
        let from = before.map(|before| self.at(before, Which::HappensBefore));
        for index in 0..message - at {
            self.flat[at + index] = from.map_or(Quad::default(), |from| self.flat[from + index]);
        }
        self.flat[message..message + self.width].fill(Quad::default());
    }

    /// Whatever comes before `from` comes before `event`, by both orders.
    pub(crate) fn follow(&mut self, event: usize, from: usize) {
        self.join(event, Which::HappensBefore, from, Which::HappensBefore);
        self.join(event, Which::Prefix, from, Which::Prefix);
    }

    /// What `thread` does after the last of its `events` comes before `event`, too: it
    /// counts as one event more.
    pub(crate) fn end(&mut self, event: usize, thread: ThreadId, events: usize) {
        self.set(event, Which::HappensBefore, thread, events);
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
            self.set(event, which, thread, index);
        }
    }

    /// Counts the `index`-th event of `thread`, and those before it.
    #[inline]
    fn set(&mut self, event: usize, which: Which, thread: ThreadId, index: usize) {
        let at = self.at(event, which);
        self.flat[at + thread / 4][thread % 4] = index as u32 + 1;
    }

    #[inline]
    fn join(&mut self, to: usize, to_which: Which, from: usize, from_which: Which) {
        let (to, from) = (self.at(to, to_which), self.at(from, from_which));
        for at in 0..self.width {
            let other = self.flat[from + at];
            for (to, other) in self.flat[to + at].iter_mut().zip(other) {
                *to = (*to).max(other);
            }
        }
    }
}

/// The quads that so many threads take.
fn quads(threads: usize) -> usize {
    threads.next_power_of_two().div_ceil(4)
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
