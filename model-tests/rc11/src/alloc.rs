//! Memory that the threads of a model allocate: at the same addresses in each
//! execution, and watched.
//!
//! Pointers are values of atomics, and a graph is replayed with the values it has.
//! So what a thread allocates must lie at the same address each time, and an
//! address must not be used twice in one execution, or a compare-and-swap sees
//! the same pointer where the program has another one. [`Allocator`] ensures
//! both, and reports each allocation and each free to the explorer:
//!
//! - an access to memory that was freed, through the atomics and cells of this
//!   crate, is a failure, and so is a second free;
//! - an allocation and a free write the whole block, as plain accesses do: an
//!   access that nothing orders with them is a data race;
//! - memory that is left at the end can be a failure, too:
//!   [`check_leaks`](crate::Builder::check_leaks).
//!
//! A test binary installs it:
//!
//! ```
//! // SAFETY: what models allocate does not outlive their executions.
//! #[global_allocator]
//! static ALLOCATOR: rc11::alloc::Allocator = unsafe { rc11::alloc::Allocator::new() };
//! # rc11::model(|| drop(Box::new(1)));
//! ```
//!
//! # How
//!
//! Each exploration has an *arena*, a range of addresses, and each thread of the
//! model a part of it, from which it takes one block after the other. Nothing is
//! used again before the next execution, where all begin anew. What is not
//! allocated by a thread of a model comes from [`System`].
//!
//! What an execution leaves behind may be needed: what the standard library
//! allocates on its first use, a message of a panic, the output of a test. So the
//! next execution begins after it, up to a limit (`KEPT`).
//!
//! Graphs speak of addresses as they are in the first arena, with nothing kept. A
//! word of memory that holds an address of the arena is taken for a pointer, with
//! or without flags in its lowest bits, and translated.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ops::Range;
use std::ptr;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicUsize};

use crate::context;

/// The addresses of the first arena begin here: far from what systems use.
const FIRST: usize = 0x2000_0000_0000;
/// The addresses of one arena.
const SIZE: usize = 1 << 36;
/// The addresses of one thread.
const PART: usize = 1 << 28;
/// The most explorations at once.
const ARENAS: usize = 64;

/// What executions leave behind, of each thread of an exploration, is kept up to
/// so many bytes.
const KEPT: usize = 16 << 20;
/// What the last executions of explorations leave is kept always; an arena in
/// which that is so much is not used again.
const FULL: usize = PART / 2;
/// Blocks may be aligned to this many bytes at most.
const PAGE: usize = 4096;

/// Which arenas are mapped, and which of these are used.
static MAPPED: [AtomicBool; ARENAS] = [const { AtomicBool::new(false) }; ARENAS];
static USED: [AtomicBool; ARENAS] = [const { AtomicBool::new(false) }; ARENAS];
/// How much is kept at the beginning of each part of an arena.
static OFFSETS: [AtomicUsize; ARENAS] = [const { AtomicUsize::new(0) }; ARENAS];

/// Whether there is an [`Allocator`] at all.
static INSTALLED: AtomicBool = AtomicBool::new(false);

/// An allocator to be installed as the global one of a test binary.
#[derive(Debug)]
pub struct Allocator(());

impl Allocator {
    /// The allocator.
    ///
    /// # Safety
    ///
    /// What a thread of a model allocates must not be used after its execution,
    /// neither by the closure that makes the model, nor through statics and
    /// `thread_local!` values, if it is not little: later executions use the memory
    /// again when one thread of an exploration has left 16 MiB, in whole pages, to
    /// its successors. What has to outlive an execution is allocated in a call of
    /// [`untracked`].
    pub const unsafe fn new() -> Self {
        Allocator(())
    }
}

// SAFETY: memory comes from `System`, or from an arena: then it is mapped, aligned
// as asked, and part of no other block of this execution. The contract of `new`
// says that nothing of an earlier one is used.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note();
        match allocate(layout) {
            Some(address) => ptr::with_exposed_provenance_mut(address),
            // SAFETY: the caller keeps the contract of this method.
            None => unsafe { System.alloc(layout) },
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note();
        match allocate(layout) {
            Some(address) => {
                let block = ptr::with_exposed_provenance_mut::<u8>(address);
                // SAFETY: the block is mapped, and has this size.
                unsafe { block.write_bytes(0, layout.size()) };
                block
            }
            // SAFETY: the caller keeps the contract of this method.
            None => unsafe { System.alloc_zeroed(layout) },
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if is_in_arena(block.addr()) {
            context::free(block.addr());
        } else {
            // SAFETY: `System` has allocated what is in no arena.
            unsafe { System.dealloc(block, layout) };
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if !is_in_arena(block.addr()) {
            // SAFETY: `System` has allocated what is in no arena.
            return unsafe { System.realloc(block, layout, size) };
        }
        // SAFETY: the caller has made sure that the size fits.
        let to = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        // SAFETY: the size is not 0, says the caller.
        let new = unsafe { self.alloc(to) };
        if !new.is_null() {
            // SAFETY: both blocks are as large, and the new one is another one.
            unsafe { new.copy_from_nonoverlapping(block, size.min(layout.size())) };
            // SAFETY: the caller gives the block up.
            unsafe { self.dealloc(block, layout) };
        }
        new
    }
}

/// Memory of an arena. What is aligned to more than a page comes from the system.
fn allocate(layout: Layout) -> Option<usize> {
    if layout.align() > PAGE {
        return None;
    }
    context::allocate(layout)
}

fn note() {
    // ORDERING: Relaxed, no partner: nothing else depends on the flag.
    if !INSTALLED.load(Relaxed) {
        // ORDERING: Relaxed, as above.
        INSTALLED.store(true, Relaxed);
    }
}

/// Runs `run`, and lets what it allocates outlive the execution.
///
/// The memory comes from [`System`], at whatever address, and is not watched. It
/// can be freed anywhere. Without an [`Allocator`] all memory is like that.
pub fn untracked<R>(run: impl FnOnce() -> R) -> R {
    struct Track;
    impl Drop for Track {
        fn drop(&mut self) {
            context::track();
        }
    }
    context::untrack();
    let _track = Track;
    run()
}

/// Whether an address is one of an arena.
fn is_in_arena(address: usize) -> bool {
    let arena = address.wrapping_sub(FIRST) / SIZE;
    // ORDERING: Relaxed, no partner: who has an address of an arena has learnt of
    // it after the arena was mapped.
    arena < ARENAS && MAPPED[arena].load(Relaxed)
}

/// The right to use a range of addresses.
#[derive(Debug)]
pub(crate) struct Arena {
    index: usize,
    /// What is kept at the beginning of each part.
    offset: usize,
    /// The same when the exploration began.
    first_offset: usize,
}

impl Arena {
    /// A free arena, if an [`Allocator`] is installed.
    ///
    /// # Panics
    ///
    /// If there is none left, or if the addresses are used for something else.
    pub(crate) fn acquire() -> Option<Self> {
        // ORDERING: Relaxed, no partner: nothing else depends on the flag.
        if !INSTALLED.load(Relaxed) {
            return None;
        }
        // ORDERING: Acquire, with the release of the arena by its last user.
        let free = USED.iter().position(|used| !used.swap(true, Acquire));
        let index = free.expect("there is an arena for each of 64 explorations at once");
        // ORDERING: Relaxed, no partner: only the user of the arena maps it.
        if !MAPPED[index].load(Relaxed) {
            map(FIRST + index * SIZE);
            // ORDERING: Relaxed, as above.
            MAPPED[index].store(true, Relaxed);
        }
        // ORDERING: Relaxed, no partner: the flag of use orders all accesses.
        let offset = OFFSETS[index].load(Relaxed);
        Some(Arena {
            index,
            offset,
            first_offset: offset,
        })
    }

    fn start(&self) -> usize {
        FIRST + self.index * SIZE
    }

    /// The addresses of one thread: there are none for the 257th.
    pub(crate) fn part(&self, thread: usize) -> Option<Range<usize>> {
        let start = self.start() + PART.checked_mul(thread)?;
        (thread < SIZE / PART).then_some(start + self.offset..start + PART)
    }

    /// The thread whose part an address is in, if it is not what is kept there.
    pub(crate) fn thread_of(&self, address: usize) -> Option<usize> {
        let in_arena = address.wrapping_sub(self.start());
        (in_arena < SIZE && in_arena % PART >= self.offset).then_some(in_arena / PART)
    }

    /// Begins another execution, after what the one before has left: so many bytes
    /// at the beginning of each part.
    pub(crate) fn keep(&mut self, bytes: usize) {
        if self.offset + bytes <= self.first_offset + KEPT {
            self.offset += bytes.next_multiple_of(PAGE);
        }
    }

    /// Is never used again before `bytes` more.
    pub(crate) fn keep_for_ever(&mut self, bytes: usize) {
        self.offset += bytes.next_multiple_of(PAGE);
    }

    /// A memory word as it stands in graphs.
    pub(crate) fn to_graph(&self, value: u64) -> u64 {
        self.leave(value)
            .or_else(|| self.enter(value))
            .unwrap_or(value)
    }

    /// The other way round. What is no pointer into this arena, but looks like one
    /// of a graph, changes places with one: no two values become the same.
    pub(crate) fn to_memory(&self, value: u64) -> u64 {
        self.enter(value)
            .or_else(|| self.leave(value))
            .unwrap_or(value)
    }

    /// From this arena to the first one, with the offset taken off.
    fn leave(&self, value: u64) -> Option<u64> {
        let address = (value as usize).wrapping_sub(self.index * SIZE);
        turn(address, PART - self.offset)
    }

    /// From the first arena to this one.
    fn enter(&self, value: u64) -> Option<u64> {
        let turned = turn(value as usize, self.offset)?;
        Some(turned + (self.index * SIZE) as u64)
    }
}

/// Moves an address of the first arena within its part, from the end to the
/// beginning.
fn turn(address: usize, by: usize) -> Option<u64> {
    let in_arena = address.checked_sub(FIRST)?;
    let in_part = in_arena % PART;
    (in_arena < SIZE).then(|| (address - in_part + (in_part + by) % PART) as u64)
}

impl Drop for Arena {
    fn drop(&mut self) {
        if self.offset > FULL {
            return;
        }
        // ORDERING: Relaxed, no partner: the flag of use orders all accesses.
        OFFSETS[self.index].store(self.offset, Relaxed);
        // ORDERING: Release, with the next user of the arena.
        USED[self.index].store(false, Release);
    }
}

/// Reserves the addresses of an arena. Pages are taken on their first use, and kept
/// until the end of the process.
#[cfg(unix)]
fn map(start: usize) {
    // SAFETY: a new mapping that replaces none: without `MAP_FIXED` the address is a
    // wish.
    let mapped = unsafe {
        libc::mmap(
            ptr::without_provenance_mut(start),
            SIZE,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            -1,
            0,
        )
    };
    assert!(
        mapped.expose_provenance() == start,
        "the addresses from {start:#x} on, {SIZE:#x} of them, are used for something else"
    );
}

#[cfg(not(unix))]
fn map(_start: usize) {
    panic!("this allocator needs a Unix system");
}

#[cfg(test)]
mod tests {
    use std::mem::ManuallyDrop;

    use super::*;

    #[test]
    fn values_come_back_from_graphs_and_no_two_become_one() {
        let first = FIRST as u64;
        for (index, offset) in [(0, 0), (0, PAGE), (3, 0), (3, 5 * PAGE)] {
            let arena = ManuallyDrop::new(Arena {
                index,
                offset,
                first_offset: 0,
            });
            let own = arena.start() as u64;
            let part = PART as u64;
            let mut images = Vec::new();
            for start in [
                0,
                first,
                own,
                own + offset as u64,
                own + 7 * part,
                u64::MAX - 1,
            ] {
                for value in [start, start.saturating_add(1)] {
                    let image = arena.to_graph(value);
                    assert_eq!(arena.to_memory(image), value, "{value:#x} in {arena:?}");
                    images.push((image, value));
                }
            }
            images.sort_unstable();
            images.dedup();
            assert!(images.windows(2).all(|pair| pair[0].0 != pair[1].0));
            // What the first thread allocates first.
            assert_eq!(arena.to_graph(own + offset as u64), first);
        }
    }
}
