//! Coroutine stacks that loom gives back, kept for its next ones.
//!
//! loom makes a coroutine for every thread of every execution, and its library
//! asks the system for a stack and returns it each time: a mapping, a guard page,
//! three page faults and an unmapping, which took most of the time of a small
//! model. Neither library has a hook for it. Both call `mmap`, `mprotect` and
//! `munmap` by name, though, and a program may define these names itself: the
//! linker prefers them, while the C library keeps using its own inside.
//!
//! So this file answers three questions, and passes all others on to the system
//! as they are: a request for a new stack (`MAP_STACK`, which nothing else here
//! sets) gets one that was returned, of exactly that length, if there is one; a
//! stack that is returned is kept; the guard page of a stack that has it already
//! is not protected again. What differs from the system's stacks: a kept one is
//! not zeroed. The coroutines write before they read.
//!
//! The table is of a fixed size: whoever allocates may ask for a mapping, and
//! must not find the table locked by itself. All of it goes when loom takes its
//! stacks from a pool, or lets its user give it one.

use std::ffi::{c_int, c_long, c_void};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// As many stacks as are kept: threads of one model, a few times over.
const KEPT: usize = 32;

/// A stack that came from the system.
#[derive(Clone, Copy)]
struct Stack {
    start: usize,
    length: usize,
    /// The length of the guard at its start, once it is protected.
    guard: usize,
    /// Returned, so that it may be given out again.
    free: bool,
}

/// The stacks, in any place.
type Table = [Option<Stack>; KEPT];

static STACKS: Mutex<Table> = Mutex::new([None; KEPT]);

/// Whether stacks are kept. Benchmarks compare both ways.
static KEEP: AtomicBool = AtomicBool::new(true);

/// Keeps stacks from here on, or leaves each to the system.
pub fn keep(keep: bool) {
    // ORDERING: a switch of its own, with no partner: no other memory goes with it.
    KEEP.store(keep, Ordering::Relaxed);
    if !keep {
        stacks(|stacks| {
            for place in stacks {
                if let Some(stack) = place.take_if(|stack| stack.free) {
                    // SAFETY: it was returned, and has left the table.
                    unsafe { unmap(stack.start, stack.length) };
                }
            }
        });
    }
}

/// Where the stacks begin that are in use or kept for the next coroutine.
pub fn known() -> Vec<usize> {
    let table = stacks(|stacks| *stacks);
    table.iter().flatten().map(|stack| stack.start).collect()
}

fn kept() -> bool {
    // ORDERING: see `keep`.
    KEEP.load(Ordering::Relaxed)
}

fn stacks<R>(look: impl FnOnce(&mut Table) -> R) -> R {
    // Nothing panics or allocates while it is locked.
    look(
        &mut STACKS
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner),
    )
}

/// # Safety
///
/// As the system's.
#[unsafe(no_mangle)]
unsafe extern "C" fn mmap(
    address: *mut c_void,
    length: usize,
    protection: c_int,
    flags: c_int,
    file: c_int,
    offset: c_long,
) -> *mut c_void {
    let stack = address.is_null() && flags & libc::MAP_STACK != 0 && kept();
    if stack {
        let kept = stacks(|stacks| {
            let mut all = stacks.iter_mut().flatten();
            let stack = all.find(|s| s.free && s.length == length)?;
            stack.free = false;
            Some(stack.start)
        });
        if let Some(start) = kept {
            return std::ptr::with_exposed_provenance_mut(start);
        }
    }
    // SAFETY: the caller's promise, passed on.
    let start = unsafe {
        libc::syscall(
            libc::SYS_mmap,
            address,
            length,
            c_long::from(protection),
            c_long::from(flags),
            c_long::from(file),
            offset,
        )
    } as *mut c_void;
    if stack && start != libc::MAP_FAILED {
        stacks(|stacks| {
            if let Some(place) = stacks.iter_mut().find(|place| place.is_none()) {
                *place = Some(Stack {
                    start: start.expose_provenance(),
                    length,
                    guard: 0,
                    free: false,
                });
            }
        });
    }
    start
}

/// # Safety
///
/// As the system's.
#[unsafe(no_mangle)]
unsafe extern "C" fn mprotect(address: *mut c_void, length: usize, protection: c_int) -> c_int {
    let guarded = stacks(|stacks| {
        let mut all = stacks.iter_mut().flatten();
        let Some(stack) = all.find(|s| s.start == address.addr()) else {
            return false;
        };
        let guard = if protection == libc::PROT_NONE {
            length
        } else {
            0
        };
        guard == std::mem::replace(&mut stack.guard, guard)
    });
    if guarded {
        return 0;
    }
    // SAFETY: the caller's promise, passed on.
    unsafe {
        libc::syscall(
            libc::SYS_mprotect,
            address,
            length,
            c_long::from(protection),
        ) as c_int
    }
}

/// # Safety
///
/// As the system's.
#[unsafe(no_mangle)]
unsafe extern "C" fn munmap(address: *mut c_void, length: usize) -> c_int {
    let kept = stacks(|stacks| {
        let is_it =
            |place: &&mut Option<Stack>| place.is_some_and(|stack| stack.start == address.addr());
        let Some(place) = stacks.iter_mut().find(is_it) else {
            return false;
        };
        match place {
            Some(stack) if stack.length == length && kept() => {
                stack.free = true;
                true
            }
            _ => {
                *place = None;
                false
            }
        }
    });
    if kept {
        return 0;
    }
    // SAFETY: the caller's promise, passed on.
    unsafe { unmap(address.addr(), length) }
}

/// # Safety
///
/// As the system's `munmap`.
unsafe fn unmap(start: usize, length: usize) -> c_int {
    // SAFETY: the caller's promise, passed on.
    unsafe { libc::syscall(libc::SYS_munmap, start, length) as c_int }
}
