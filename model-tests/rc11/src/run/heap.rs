//! What the threads of an execution have allocated.

use std::alloc::Layout;
use std::panic::Location;

use super::{Done, Pause, Phase, Run};
use crate::alloc::Arena;
use crate::failure::{FailureKind, Leaked};
use crate::graph::{Kind, ReadMode, ThreadId, Update};
use crate::race::{Access, AccessKind, Place};

/// The blocks of all threads.
#[derive(Debug)]
pub(crate) struct Heap {
    /// There is none if no allocator is installed.
    arena: Option<Arena>,
    /// The blocks of each thread: none is used twice, and addresses grow.
    blocks: Vec<Vec<Block>>,
}

#[derive(Debug)]
struct Block {
    start: usize,
    end: usize,
    allocated: Access,
    freed: Option<Access>,
}

/// Between two blocks, so that a pointer to the end of one is no pointer into the
/// next.
const GAP: usize = 16;

impl Heap {
    pub(super) fn new() -> Self {
        Heap {
            arena: Arena::acquire(),
            blocks: Vec::new(),
        }
    }

    /// Begins another execution. What is not freed is kept.
    pub(super) fn clear(&mut self) {
        let left = self.left();
        if let Some(arena) = &mut self.arena {
            arena.keep(left);
        }
        for blocks in &mut self.blocks {
            blocks.clear();
        }
    }

    /// How far the blocks reach that were not freed, from the beginning of their
    /// part.
    fn left(&self) -> usize {
        let ends = self.blocks.iter().enumerate().map(|(thread, blocks)| {
            let left = blocks.iter().rfind(|block| block.freed.is_none());
            let part = self.arena.as_ref().and_then(|arena| arena.part(thread));
            left.zip(part)
                .map_or(0, |(left, part)| left.end - part.start)
        });
        ends.max().unwrap_or(0)
    }

    /// Whether an allocator is installed.
    fn is_watched(&self) -> bool {
        self.arena.is_some()
    }

    /// Whether an address is in the arena, and not of an earlier execution.
    fn has(&self, address: usize) -> bool {
        let arena = self.arena.as_ref();
        arena.is_some_and(|arena| arena.thread_of(address).is_some())
    }

    fn find(&self, address: usize) -> Option<(ThreadId, usize)> {
        let thread = self.arena.as_ref()?.thread_of(address)?;
        let blocks = self.blocks.get(thread)?;
        let index = blocks.partition_point(|block| block.end <= address);
        let block = blocks.get(index)?;
        (block.start <= address).then_some((thread, index))
    }

    fn to_graph(&self, value: u64) -> u64 {
        match &self.arena {
            Some(arena) => arena.to_graph(value),
            None => value,
        }
    }

    fn to_memory(&self, value: u64) -> u64 {
        match &self.arena {
            Some(arena) => arena.to_memory(value),
            None => value,
        }
    }

    fn mode_to_graph(&self, mode: ReadMode) -> ReadMode {
        match mode {
            ReadMode::Update { order, update } => ReadMode::Update {
                order,
                update: Update {
                    operand: self.to_graph(update.operand),
                    ..update
                },
            },
            ReadMode::Exchange {
                expected,
                new,
                success,
                failure,
            } => ReadMode::Exchange {
                expected: self.to_graph(expected),
                new: self.to_graph(new),
                success,
                failure,
            },
            ReadMode::Load { .. } | ReadMode::Acquire { .. } | ReadMode::AcquireUnless { .. } => {
                mode
            }
        }
    }
}

impl Drop for Heap {
    fn drop(&mut self) {
        let left = self.left();
        if let Some(arena) = &mut self.arena {
            arena.keep_for_ever(left);
        }
    }
}

impl Run {
    /// As [`read`](Run::read), with values as they stand in memory.
    #[inline(always)]
    pub(crate) fn read_memory(
        &mut self,
        address: usize,
        size: usize,
        initial: u64,
        mode: &ReadMode,
        weak: bool,
        place: Place,
    ) -> Result<Done, Pause> {
        match self.heap.is_watched() {
            true => self.read_watched(address, size, initial, mode, weak, place),
            false => self.read(address, size, initial, mode, weak, place),
        }
    }

    #[inline(never)]
    fn read_watched(
        &mut self,
        address: usize,
        size: usize,
        initial: u64,
        mode: &ReadMode,
        weak: bool,
        place: Place,
    ) -> Result<Done, Pause> {
        let writes = !matches!(mode, ReadMode::Load { .. });
        self.check_memory(address, writes, AccessKind::Atomic, place)?;
        let initial = self.heap.to_graph(initial);
        let mode = self.heap.mode_to_graph(*mode);
        let done = self.read(address, size, initial, &mode, weak, place)?;
        Ok(Done {
            read: self.heap.to_memory(done.read),
            store: done.store.map(|value| self.heap.to_memory(value)),
            ..done
        })
    }

    /// As [`write`](Run::write), with values as they stand in memory.
    #[inline]
    pub(crate) fn write_memory(
        &mut self,
        address: usize,
        size: usize,
        initial: u64,
        order: std::sync::atomic::Ordering,
        value: u64,
        place: Place,
    ) -> Result<Option<u64>, Pause> {
        if !self.heap.is_watched() {
            return self.write(address, size, initial, order, value, place);
        }
        self.check_memory(address, true, AccessKind::Atomic, place)?;
        let initial = self.heap.to_graph(initial);
        let value = self.heap.to_graph(value);
        let store = self.write(address, size, initial, order, value, place)?;
        Ok(store.map(|value| self.heap.to_memory(value)))
    }

    /// As [`plain`](Run::plain), in memory that is watched.
    #[inline]
    pub(crate) fn plain_memory(
        &mut self,
        address: usize,
        writes: bool,
        place: Place,
    ) -> Result<(), Pause> {
        if self.heap.is_watched() {
            self.check_memory(address, writes, AccessKind::Plain, place)?;
        }
        self.plain(address, writes, place)
    }

    /// An access to memory must come after its allocation, and before it is freed.
    fn check_memory(
        &mut self,
        address: usize,
        writes: bool,
        kind: AccessKind,
        place: Place,
    ) -> Result<(), Pause> {
        if matches!(self.phase, Phase::Cancel | Phase::Recheck) {
            return Ok(());
        }
        if self.failure.is_some() {
            return Err(Pause::Suspend);
        }
        if !self.heap.has(address) {
            return Ok(());
        }
        let access = self.access(writes, kind, place);
        let Some((thread, index)) = self.heap.find(address) else {
            return Err(self.fail(FailureKind::NotAllocated(access)));
        };
        let Block {
            allocated, freed, ..
        } = self.heap.blocks[thread][index];
        if let Some(freed) = freed {
            return Err(self.fail(FailureKind::UseAfterFree { access, freed }));
        }
        if !self.is_before(&allocated) {
            return Err(self.fail(FailureKind::DataRace(allocated, access)));
        }
        Ok(())
    }

    fn access(&self, writes: bool, kind: AccessKind, place: Place) -> Access {
        let events = self.threads[self.current].performed;
        Access::new(self.current, writes, events, place).of_kind(kind)
    }

    /// Whether an access happens before what the thread that runs does next.
    fn is_before(&self, earlier: &Access) -> bool {
        let events = self.threads[self.current].performed;
        earlier.is_before(self.current, self.graph.clock_after(self.current, events))
    }

    /// The last place in the source that the thread that runs is known to have
    /// passed: allocations do not say where they are.
    fn whereabouts(&self) -> Place {
        let performed = self.threads[self.current].performed;
        let last = match performed.checked_sub(1) {
            Some(index) => self.graph.event_of(self.current, index),
            None => self.graph.spawned(self.current),
        };
        let place = last.and_then(|last| self.places[last.index()]);
        place.unwrap_or(Location::caller())
    }

    /// Memory for the thread that runs; none if it has to come from the system.
    pub(crate) fn allocate(&mut self, layout: Layout) -> Option<usize> {
        if self.thread().untracked > 0 {
            return None;
        }
        let part = self.heap.arena.as_ref()?.part(self.current);
        if self.heap.blocks.len() <= self.current {
            self.heap.blocks.resize_with(self.current + 1, Vec::new);
        }
        let blocks = &self.heap.blocks[self.current];
        let room = part.and_then(|part| {
            let from = blocks.last().map_or(part.start, |last| last.end + GAP);
            let start = from.checked_next_multiple_of(layout.align())?;
            let end = start.checked_add(layout.size())?;
            (end <= part.end).then_some((start, end))
        });
        let Some((start, end)) = room else {
            self.fail(FailureKind::TooMuchMemory);
            return None;
        };
        let allocated = self.access(true, AccessKind::Allocation, self.whereabouts());
        self.heap.blocks[self.current].push(Block {
            start,
            end,
            allocated,
            freed: None,
        });
        Some(start)
    }

    /// The thread that runs frees a block of an arena. A failure stops it at its
    /// next operation.
    pub(crate) fn free(&mut self, address: usize) {
        let is_over = matches!(self.phase, Phase::Cancel | Phase::Recheck);
        if is_over || self.failure.is_some() || !self.heap.has(address) {
            return;
        }
        let free = self.access(true, AccessKind::Free, self.whereabouts());
        let found = self.heap.find(address);
        let found =
            found.filter(|&(thread, index)| self.heap.blocks[thread][index].start == address);
        let Some((thread, index)) = found else {
            self.fail(FailureKind::NotAllocated(free));
            return;
        };
        let block = &self.heap.blocks[thread][index];
        if let Some(freed) = block.freed {
            let access = free;
            self.fail(FailureKind::UseAfterFree { access, freed });
        } else if let Some(earlier) = self.races_with_free(block) {
            self.fail(FailureKind::DataRace(earlier, free));
        } else {
            self.heap.blocks[thread][index].freed = Some(free);
        }
    }

    /// An access to a block that does not happen before the thread that runs
    /// frees it.
    fn races_with_free(&self, block: &Block) -> Option<Access> {
        if !self.is_before(&block.allocated) {
            return Some(block.allocated);
        }
        let range = block.start..block.end;
        let accesses = self.plain.accesses(range.clone());
        let plain = accesses.copied().find(|access| !self.is_before(access));
        plain.or_else(|| {
            let events = self.graph.events().iter().enumerate();
            let accesses = events.filter_map(|(index, event)| {
                let location = event.kind.location()?;
                let was_here = range.contains(&self.bound[location])
                    && event.index < self.threads[event.thread].performed;
                was_here.then(|| {
                    let writes = matches!(event.kind, Kind::Write { .. });
                    let place = self.places[index].unwrap_or(block.allocated.place);
                    Access::atomic(event.thread, writes, event.index, place)
                })
            });
            accesses.into_iter().find(|access| !self.is_before(access))
        })
    }

    /// Fails if memory is left at the end of a complete execution.
    pub(crate) fn check_leaks(&mut self) {
        let all = self.heap.blocks.iter().flatten();
        let left = all.filter(|block| block.freed.is_none());
        let leaked: Vec<_> = left
            .map(|block| Leaked {
                thread: block.allocated.thread,
                place: block.allocated.place,
                size: block.end - block.start,
            })
            .collect();
        if !leaked.is_empty() {
            self.fail(FailureKind::Leak(leaked));
        }
    }
}
