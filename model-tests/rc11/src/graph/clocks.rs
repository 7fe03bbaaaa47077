//! Vector clocks of events: for each thread, how many of its events come before.

use std::ops::Range;

use super::event::{EventId, ThreadId};

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
    /// For [`EventId::INIT`], where all numbers are 0, and for each event: a clock of
    /// each [`Which`], `width` quads each.
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
        self.clear();
    }

    fn clear(&mut self) {
        self.flat.clear();
        self.push();
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
        self.clear();
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
        let copied = &other.flat[(events.start + 1) * size..(events.end + 1) * size];
        self.flat.extend_from_slice(copied);
    }

    pub(crate) fn pop(&mut self) {
        self.flat.truncate(self.flat.len() - KINDS * self.width);
    }

    #[inline]
    fn at(&self, event: usize, which: Which) -> usize {
        ((event + 1) * KINDS + which as usize) * self.width
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

    /// Works out the clocks of an event.
    #[inline]
    pub(crate) fn compute(&mut self, event: EventId, made: &Made) {
        match self.width {
            // Most programs: the compiler can work out more.
            1 => compute(&mut self.flat, 1, event, made),
            width => compute(&mut self.flat, width, event, made),
        }
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
        self.flat[at + thread / 4][thread % 4] = events as u32 + 1;
    }

    /// `event` acquires what `from` released.
    pub(crate) fn acquire(&mut self, event: usize, from: usize) {
        self.join(event, Which::HappensBefore, from, Which::Message);
    }

    #[inline]
    fn join(&mut self, to: usize, to_which: Which, from: usize, from_which: Which) {
        let (to, from) = (self.at(to, to_which), self.at(from, from_which));
        for at in 0..self.width {
            self.flat[to + at] = newest(self.flat[to + at], self.flat[from + at]);
        }
    }
}

/// What the clocks of an event are made of. [`EventId::INIT`] adds nothing.
pub(crate) struct Made {
    pub(crate) thread: ThreadId,
    /// Its position in the thread, counted from 0.
    pub(crate) index: usize,
    /// The event before it in its thread, or the one that started the thread.
    pub(crate) before: EventId,
    pub(crate) reads_from: EventId,
    /// The write whose message it acquires.
    pub(crate) acquires: EventId,
    /// The event that its message releases what happens before: itself, or a fence.
    pub(crate) releases: EventId,
    /// The write whose message it hands on.
    pub(crate) hands_on: EventId,
}

impl Made {
    /// Nothing comes before the `index`-th event of a thread.
    pub(crate) fn nothing(thread: ThreadId, index: usize) -> Self {
        Made {
            thread,
            index,
            before: EventId::INIT,
            reads_from: EventId::INIT,
            acquires: EventId::INIT,
            releases: EventId::INIT,
            hands_on: EventId::INIT,
        }
    }
}

/// By the place of a thread in its quad, what is its own.
const OWN: [Quad; 4] = {
    const ALL: u32 = u32::MAX;
    [
        [ALL, 0, 0, 0],
        [0, ALL, 0, 0],
        [0, 0, ALL, 0],
        [0, 0, 0, ALL],
    ]
};

/// Without branches on what the event is, which a processor would not foresee.
#[inline(always)]
fn compute(flat: &mut [Quad], width: usize, event: EventId, made: &Made) {
    let index = made.index as u32 + 1;
    for quad in 0..width {
        let at =
            |event: EventId, which: Which| (event.place() * KINDS + which as usize) * width + quad;
        let own = match quad == made.thread / 4 {
            true => OWN[made.thread % 4].map(|own| own & index),
            false => Quad::default(),
        };
        let before = flat[at(made.before, Which::HappensBefore)];
        let acquired = flat[at(made.acquires, Which::Message)];
        flat[at(event, Which::HappensBefore)] = newest(newest(before, own), acquired);
        let before = flat[at(made.before, Which::Prefix)];
        let read = flat[at(made.reads_from, Which::Prefix)];
        flat[at(event, Which::Prefix)] = newest(newest(before, own), read);
        let released = flat[at(made.releases, Which::HappensBefore)];
        let handed_on = flat[at(made.hands_on, Which::Message)];
        flat[at(event, Which::Message)] = newest(released, handed_on);
    }
}

/// The greater number of each two. Events are not as many that the sign matters, with
/// which a processor compares sooner.
#[inline(always)]
fn newest(quad: Quad, other: Quad) -> Quad {
    std::array::from_fn(|number| (quad[number] as i32).max(other[number] as i32) as u32)
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
        let push = |clocks: &mut Clocks, event, thread, index, reads_from| {
            clocks.push();
            let made = Made {
                reads_from,
                ..Made::nothing(thread, index)
            };
            clocks.compute(EventId::new(event), &made);
        };
        push(&mut clocks, 0, 1, 6, EventId::INIT);
        push(&mut clocks, 1, 0, 0, EventId::new(0));
        clocks.follow(1, 0);
        clocks.widen(9);
        assert_eq!(clocks.happens_before(0)[..2], [0, 7]);
        assert_eq!(clocks.prefix(1)[..2], [1, 7]);
        push(&mut clocks, 2, 8, 3, EventId::INIT);
        assert_eq!(clocks.happens_before(2)[8], 4);
        assert_eq!(clocks.happens_before(1)[..2], [1, 7]);
    }
}
