//! Memory under RC11, without `SeqCst`: what each access may read, and where each
//! write may stand.
//!
//! An execution is built event by event, in an order in which each comes after what it
//! follows in its thread and what it reads from; RC11 has no others. A new event then
//! happens before nothing, and all that the axioms ask of it is asked of its past:
//!
//! - coherence: it reads no write, and no write of it stands, before one that happens
//!   before it, nor before one that was read by something that happens before it;
//! - atomicity: the write of a read-modify-write stands right after the one that it
//!   reads, and nothing comes in between later.
//!
//! So of all that happens before an event one number for each location is enough: the
//! last place in modification order that was written or read there. That is a *view*.
//! Happens-before joins views: a releasing write takes the view of its thread along, a
//! read-modify-write passes on what the write that it reads has brought, and who
//! acquires joins it to its own. A relaxed read keeps it for an acquire fence.
//!
//! Beside places, a view says how many plain accesses of each thread happen before.
//! That decides whether two of them race; where none do, a read finds the last write.

use std::sync::atomic::Ordering;

use smallvec::SmallVec;

/// A location, a thread, and a place in modification order are numbered from 0.
type Places = SmallVec<[u16; 8]>;

/// What happens before: by location the last place that is known of, then by thread
/// how many plain accesses are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct View(Places);

/// Words and plain cells, and what each thread knows of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Memory<V, P> {
    /// By location, the writes in modification order.
    words: SmallVec<[Vec<Write<V>>; 4]>,
    cells: SmallVec<[Cell<P>; 2]>,
    threads: SmallVec<[Knowledge; 4]>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Write<V> {
    value: V,
    /// What it brings to those who acquire it.
    brings: View,
    /// A read-modify-write reads from it.
    updated: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Cell<P> {
    value: P,
    /// The last write: its thread, and its number there. What is there at the start
    /// happens before everything.
    written: Option<(usize, u16)>,
    /// By thread, the number of its last read since; 0 for none.
    read: Places,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Knowledge {
    view: View,
    /// What an acquire fence would add.
    unfenced: View,
}

/// Two plain accesses race.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Race;

impl View {
    fn join(&mut self, other: &Self) {
        for (mine, other) in self.0.iter_mut().zip(&other.0) {
            *mine = (*mine).max(*other);
        }
    }

    fn nothing(&self) -> Self {
        Self(self.0.iter().map(|_| 0).collect())
    }
}

impl<V: Copy, P: Copy> Memory<V, P> {
    /// Memory with these values, which no thread has looked at.
    pub(super) fn new(
        words: impl IntoIterator<Item = V>,
        cells: impl IntoIterator<Item = P>,
        threads: usize,
    ) -> Self {
        let words: Vec<V> = words.into_iter().collect();
        let nothing = View(std::iter::repeat_n(0, words.len() + threads).collect());
        let initial = |value| {
            vec![Write {
                value,
                brings: nothing.clone(),
                updated: false,
            }]
        };
        let cell = |value| Cell {
            value,
            written: None,
            read: std::iter::repeat_n(0, threads).collect(),
        };
        Self {
            words: words.into_iter().map(initial).collect(),
            cells: cells.into_iter().map(cell).collect(),
            threads: std::iter::repeat_n(
                Knowledge {
                    view: nothing.clone(),
                    unfenced: nothing.clone(),
                },
                threads,
            )
            .collect(),
        }
    }

    /// The writes that a thread may read from, and their values.
    pub(super) fn readable(
        &self,
        thread: usize,
        at: usize,
    ) -> impl Iterator<Item = (usize, V)> + use<'_, V, P> {
        let from = usize::from(self.threads[thread].view.0[at]);
        let writes = self.words[at].iter().enumerate().skip(from);
        writes.map(|(place, write)| (place, write.value))
    }

    /// Whether a read-modify-write may read from there.
    pub(super) fn is_updatable(&self, at: usize, place: usize) -> bool {
        !self.words[at][place].updated
    }

    /// The places where a write of a thread may stand.
    pub(super) fn writable(
        &self,
        thread: usize,
        at: usize,
    ) -> impl Iterator<Item = usize> + use<'_, V, P> {
        let known = usize::from(self.threads[thread].view.0[at]);
        (known + 1..=self.words[at].len()).filter(move |place| self.is_updatable(at, place - 1))
    }

    /// Reads from a place.
    pub(super) fn read(&mut self, thread: usize, at: usize, place: usize, ordering: Ordering) {
        let brings = self.words[at][place].brings.clone();
        let knowledge = &mut self.threads[thread];
        if acquires(ordering) {
            knowledge.view.join(&brings);
        }
        knowledge.unfenced.join(&brings);
        knowledge.view.0[at] = number(place);
    }

    /// Writes to a place. What is there and after it moves on by one.
    pub(super) fn write(
        &mut self,
        thread: usize,
        at: usize,
        place: usize,
        value: V,
        ordering: Ordering,
    ) {
        let nothing = self.threads[thread].view.nothing();
        self.insert(thread, at, place, value, ordering, nothing);
    }

    /// Reads from a place, and writes right after it. The write is in the release
    /// sequences of the one that is read, if it `continues` them.
    pub(super) fn update(
        &mut self,
        thread: usize,
        (at, place): (usize, usize),
        value: V,
        ordering: Ordering,
        continues: bool,
    ) {
        self.read(thread, at, place, ordering);
        let read = &mut self.words[at][place];
        read.updated = true;
        let brings = if continues {
            read.brings.clone()
        } else {
            read.brings.nothing()
        };
        self.insert(thread, at, place + 1, value, ordering, brings);
    }

    fn insert(
        &mut self,
        thread: usize,
        at: usize,
        place: usize,
        value: V,
        ordering: Ordering,
        brings: View,
    ) {
        let here = number(place);
        let known = self.threads.iter_mut();
        let known = known.flat_map(|known| [&mut known.view, &mut known.unfenced]);
        let brought = self.words.iter_mut().flatten();
        for view in known.chain(brought.map(|write| &mut write.brings)) {
            if view.0[at] >= here {
                view.0[at] += 1;
            }
        }
        let view = &mut self.threads[thread].view;
        view.0[at] = here;
        let mut brings = brings;
        if releases(ordering) {
            brings.join(view);
        }
        self.words[at].insert(
            place,
            Write {
                value,
                brings,
                updated: false,
            },
        );
    }

    /// A fence: with one that acquires, all that was read before it is. No fence of
    /// the protocol releases.
    pub(super) fn fence(&mut self, thread: usize, ordering: Ordering) {
        let knowledge = &mut self.threads[thread];
        if acquires(ordering) {
            knowledge.view.join(&knowledge.unfenced);
        }
    }

    /// A plain read.
    pub(super) fn read_plain(&mut self, thread: usize, cell: usize) -> Result<P, Race> {
        let words = self.words.len();
        let cell = &mut self.cells[cell];
        let view = &mut self.threads[thread].view.0;
        if !cell.written_is_known(&view[words..]) {
            return Err(Race);
        }
        view[words + thread] += 1;
        cell.read[thread] = view[words + thread];
        Ok(cell.value)
    }

    /// A plain write.
    pub(super) fn write_plain(&mut self, thread: usize, cell: usize, value: P) -> Result<(), Race> {
        let words = self.words.len();
        let cell = &mut self.cells[cell];
        let view = &mut self.threads[thread].view.0;
        let known = &view[words..];
        let reads_are_known = cell
            .read
            .iter()
            .zip(known)
            .all(|(read, known)| read <= known);
        if !cell.written_is_known(known) || !reads_are_known {
            return Err(Race);
        }
        view[words + thread] += 1;
        cell.value = value;
        cell.written = Some((thread, view[words + thread]));
        cell.read.fill(0);
        Ok(())
    }

    /// Forgets what a thread knows that will do nothing more: it makes no difference.
    pub(super) fn forget(&mut self, thread: usize) {
        let nothing = self.threads[thread].view.nothing();
        self.threads[thread] = Knowledge {
            view: nothing.clone(),
            unfenced: nothing,
        };
    }

    /// The last value of a word in modification order.
    pub(super) fn newest(&self, at: usize) -> V {
        self.words[at]
            .last()
            .expect("one is there at the start")
            .value
    }

    /// The value of a cell.
    pub(super) fn plain(&self, cell: usize) -> P {
        self.cells[cell].value
    }
}

impl<P> Cell<P> {
    /// Whether the last write happens before one who knows this much of each thread.
    fn written_is_known(&self, known: &[u16]) -> bool {
        self.written
            .is_none_or(|(thread, number)| number <= known[thread])
    }
}

fn acquires(ordering: Ordering) -> bool {
    matches!(ordering, Ordering::Acquire | Ordering::AcqRel)
}

fn releases(ordering: Ordering) -> bool {
    matches!(ordering, Ordering::Release | Ordering::AcqRel)
}

fn number(place: usize) -> u16 {
    u16::try_from(place).expect("a program writes less often")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

    use super::*;

    /// An access of a litmus test: location, value, ordering.
    #[derive(Clone, Copy)]
    enum Op {
        Write(usize, u64, Ordering),
        Read(usize, Ordering),
        Add(usize, u64, Ordering),
        Fence(Ordering),
    }
    use Op::{Add, Fence, Read, Write};

    /// What tells executions apart, as long as each value is written once: what each
    /// thread read, and the modification order of each location.
    type Shown = (Vec<Vec<u64>>, Vec<Vec<u64>>);

    fn executions(threads: &[&[Op]]) -> BTreeSet<Shown> {
        let memory = Memory::<u64, ()>::new([0, 0], [], threads.len());
        let start = (memory, vec![(0, Vec::new()); threads.len()]);
        let mut all = BTreeSet::new();
        let mut open = vec![start];
        while let Some((memory, done)) = open.pop() {
            let next = |thread: usize| threads[thread].get(done[thread].0);
            if (0..threads.len()).all(|thread| next(thread).is_none()) {
                let orders = memory.words.iter();
                let orders = orders.map(|writes| writes.iter().map(|write| write.value).collect());
                let read = done.into_iter().map(|(_, read)| read);
                all.insert((read.collect(), orders.collect()));
                continue;
            }
            for thread in 0..threads.len() {
                let mut add = |memory, read: Option<u64>| {
                    let mut done = done.clone();
                    done[thread].0 += 1;
                    done[thread].1.extend(read);
                    open.push((memory, done));
                };
                match next(thread) {
                    None => {}
                    Some(&Write(at, value, ordering)) => {
                        for place in memory.writable(thread, at) {
                            let mut memory = memory.clone();
                            memory.write(thread, at, place, value, ordering);
                            add(memory, None);
                        }
                    }
                    Some(&Read(at, ordering)) => {
                        for (place, value) in memory.readable(thread, at) {
                            let mut memory = memory.clone();
                            memory.read(thread, at, place, ordering);
                            add(memory, Some(value));
                        }
                    }
                    Some(&Add(at, more, ordering)) => {
                        for (place, value) in memory.readable(thread, at) {
                            if memory.is_updatable(at, place) {
                                let mut memory = memory.clone();
                                memory.update(thread, (at, place), value + more, ordering, true);
                                add(memory, Some(value));
                            }
                        }
                    }
                    Some(&Fence(ordering)) => {
                        let mut memory = memory.clone();
                        memory.fence(thread, ordering);
                        add(memory, None);
                    }
                }
            }
        }
        all
    }

    const X: usize = 0;
    const Y: usize = 1;

    fn count(threads: &[&[Op]]) -> usize {
        executions(threads).len()
    }

    #[test]
    fn classic_tests_have_their_executions() {
        // Store buffering.
        let buffering: [&[Op]; 2] = [
            &[Write(X, 1, Release), Read(Y, Acquire)],
            &[Write(Y, 1, Release), Read(X, Acquire)],
        ];
        assert_eq!(count(&buffering), 4);
        // Load buffering: not the one in which both read what comes later.
        let loads: [&[Op]; 2] = [
            &[Read(X, Relaxed), Write(Y, 1, Relaxed)],
            &[Read(Y, Relaxed), Write(X, 1, Relaxed)],
        ];
        assert_eq!(count(&loads), 3);
        // Two writes each, in opposite order.
        let writes: [&[Op]; 2] = [
            &[Write(X, 1, Relaxed), Write(Y, 2, Relaxed)],
            &[Write(Y, 1, Relaxed), Write(X, 2, Relaxed)],
        ];
        assert_eq!(count(&writes), 4);
        // Readers that disagree on independent writes.
        let independent: [&[Op]; 4] = [
            &[Write(X, 1, Release)],
            &[Write(Y, 1, Release)],
            &[Read(X, Acquire), Read(Y, Acquire)],
            &[Read(Y, Acquire), Read(X, Acquire)],
        ];
        assert_eq!(count(&independent), 16);
    }

    #[test]
    fn a_message_passes_with_release_and_acquire_alone() {
        let passing = |release, acquire| {
            count(&[
                &[Write(X, 1, Relaxed), Write(Y, 1, release)],
                &[Read(Y, acquire), Read(X, Relaxed)],
            ])
        };
        assert_eq!(passing(Relaxed, Acquire), 4);
        assert_eq!(passing(Release, Relaxed), 4);
        assert_eq!(passing(Release, Acquire), 3);
    }

    #[test]
    fn a_message_passes_through_a_third_thread() {
        let through = |release, acquire| {
            count(&[
                &[Write(X, 1, Relaxed)],
                &[Read(X, acquire), Write(Y, 1, release)],
                &[Read(Y, acquire), Read(X, Relaxed)],
            ])
        };
        assert_eq!(through(Relaxed, Relaxed), 8);
        assert_eq!(through(Release, Acquire), 7);
    }

    #[test]
    fn an_acquire_fence_acquires_what_was_read_before_it() {
        let fenced = |fence: &[Op]| {
            let reader = [&[Read(Y, Relaxed)], fence, &[Read(X, Relaxed)]].concat();
            count(&[&[Write(X, 1, Relaxed), Write(Y, 1, Release)], &reader])
        };
        assert_eq!(fenced(&[]), 4);
        assert_eq!(fenced(&[Fence(Release)]), 4);
        assert_eq!(fenced(&[Fence(Acquire)]), 3);
    }

    #[test]
    fn updates_are_atomic_and_continue_release_sequences() {
        let add: &[Op] = &[Add(X, 1, Relaxed)];
        assert_eq!(count(&[add]), 1);
        assert_eq!(count(&[add, add]), 2);
        assert_eq!(count(&[add, add, add]), 6);

        let stale = |update| {
            let shown = executions(&[
                &[Write(X, 1, Relaxed), Write(Y, 1, Release)],
                &[update],
                &[Read(Y, Acquire), Read(X, Relaxed)],
            ]);
            // The value that the second thread wrote after it had read the message.
            shown
                .iter()
                .any(|(read, _)| read[1..] == [vec![1], vec![3, 0]])
        };
        assert!(!stale(Add(Y, 2, Relaxed)));
        assert!(!stale(Add(Y, 2, AcqRel)));
    }

    #[test]
    fn nothing_comes_between_an_update_and_what_it_reads() {
        let threads: [&[Op]; 2] = [&[Add(X, 1, Relaxed)], &[Write(X, 5, Relaxed)]];
        let orders: BTreeSet<_> = executions(&threads)
            .into_iter()
            .map(|(_, orders)| orders[X].clone())
            .collect();
        let allowed = [vec![0, 1, 5], vec![0, 5, 6]];
        assert_eq!(orders, allowed.into());
    }

    #[test]
    fn a_write_stands_after_all_that_its_thread_knows_of() {
        let threads: [&[Op]; 2] = [
            &[Write(X, 1, Relaxed), Write(X, 2, Relaxed)],
            &[Read(X, Relaxed), Write(X, 3, Relaxed)],
        ];
        for (read, orders) in executions(&threads) {
            let place = |value| orders[X].iter().position(|other| *other == value);
            assert!(place(1) < place(2));
            assert!(place(read[1][0]) < place(3));
        }
    }

    #[test]
    fn plain_accesses_race_unless_one_happens_before_the_other() {
        let memory = || Memory::<u64, u64>::new([0], [0], 2);
        let pass = |memory: &mut Memory<u64, u64>, release, acquire| {
            let place = memory.writable(0, 0).last().unwrap();
            memory.write(0, 0, place, 1, release);
            memory.read(1, 0, place, acquire);
        };

        let mut reads = memory();
        assert_eq!(reads.read_plain(0, 0), Ok(0));
        assert_eq!(reads.read_plain(1, 0), Ok(0));
        assert_eq!(reads.write_plain(0, 0, 1), Err(Race));

        let mut written = memory();
        assert_eq!(written.write_plain(0, 0, 7), Ok(()));
        let mut ordered = written.clone();
        pass(&mut written, Relaxed, Acquire);
        assert_eq!(written.read_plain(1, 0), Err(Race));
        assert_eq!(written.write_plain(1, 0, 8), Err(Race));
        pass(&mut ordered, Release, Acquire);
        assert_eq!(ordered.read_plain(1, 0), Ok(7));
        assert_eq!(ordered.write_plain(1, 0, 8), Ok(()));
        assert_eq!(ordered.plain(0), 8);
    }
}
