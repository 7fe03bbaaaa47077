//! Threads that allocate, share, look up and free frames, and a census of the
//! frames before and after.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use meta_core::{
    AnyFrameMeta, Frame, PAGE_SIZE, Paddr, SlotState, UniqueFrame, get_slot, impl_frame_meta_for,
};
use prop_tests::hosted::{Computer, OnHost};

use crate::run::ThisComputer;

type Platform = OnHost<ThisComputer>;

/// What the threads keep in their frames' metadata.
struct Page {
    /// The frame it is the metadata of.
    paddr: Paddr,
    reads: AtomicU64,
}
impl_frame_meta_for!(Page);

/// Where threads find the frames of others.
const NOTICES: usize = 64;

/// How many frames a thread holds at most.
const HELD: usize = 16;

/// What the threads did.
#[derive(Default)]
pub(crate) struct Done {
    threads: usize,
    seconds: f64,
    allocated: u64,
    shared: u64,
    found: u64,
    missed: u64,
}

/// Lets threads work on the machine for a while.
pub(crate) fn for_a_while(time: Duration) -> Done {
    let threads = thread::available_parallelism().map_or(2, usize::from);
    let threads = threads.clamp(2, 16);
    let notices: [AtomicUsize; NOTICES] = [const { AtomicUsize::new(0) }; NOTICES];
    let stop = AtomicBool::new(false);
    let started = Instant::now();
    let done = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|seed| {
                let (notices, stop) = (&notices, &stop);
                scope.spawn(move || work(seed as u64 + 1, notices, stop))
            })
            .collect();
        thread::sleep(time);
        // ORDERING: Relaxed, without partner: a flag that is looked at again.
        stop.store(true, Ordering::Relaxed);
        workers
            .into_iter()
            .map(|worker| worker.join().expect("a worker panicked"))
            .fold(Done::default(), Done::and)
    });
    Done {
        threads,
        seconds: started.elapsed().as_secs_f64(),
        ..done
    }
}

fn work(seed: u64, notices: &[AtomicUsize; NOTICES], stop: &AtomicBool) -> Done {
    let mut done = Done::default();
    let mut held: Vec<Frame<Page, Platform>> = Vec::new();
    let mut random = seed;
    // ORDERING: Relaxed, without partner: looked at again soon.
    while !stop.load(Ordering::Relaxed) {
        // xorshift: any sequence will do.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let notice = &notices[(random >> 8) as usize % NOTICES];
        match random % 4 {
            0 => {
                let Some(paddr) = ThisComputer::memory().alloc() else {
                    held.clear();
                    continue;
                };
                let reads = AtomicU64::new(0);
                let page = Page { paddr, reads };
                let owned = UniqueFrame::<_, Platform>::from_unused(paddr, page);
                held.push(owned.expect("fresh from the allocator").into());
                done.allocated += 1;
                // ORDERING: Relaxed, without partner: whoever reads it looks
                // the frame up, and may miss it.
                notice.store(paddr, Ordering::Relaxed);
            }
            1 => {
                if let Some(frame) = held.last() {
                    held.push(frame.clone());
                    done.shared += 1;
                }
            }
            2 => {
                // ORDERING: Relaxed, without partner: as above.
                let paddr = notice.load(Ordering::Relaxed);
                let found = Frame::<dyn AnyFrameMeta, Platform>::from_in_use(paddr);
                match found.map(Frame::<Page, Platform>::try_from) {
                    Ok(Ok(frame)) => {
                        assert_eq!(frame.meta().paddr, paddr, "another frame's metadata");
                        // ORDERING: Relaxed, without partner: only a number.
                        frame.meta().reads.fetch_add(1, Ordering::Relaxed);
                        done.found += 1;
                        held.push(frame);
                    }
                    _ => done.missed += 1,
                }
            }
            _ => {
                if !held.is_empty() {
                    held.swap_remove((random >> 16) as usize % held.len());
                }
            }
        }
        if held.len() > HELD {
            held.drain(..HELD / 2);
        }
    }
    done
}

impl Done {
    fn and(mut self, other: Done) -> Done {
        self.allocated += other.allocated;
        self.shared += other.shared;
        self.found += other.found;
        self.missed += other.missed;
        self
    }
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} threads, {:.2} s:", self.threads, self.seconds)?;
        writeln!(f, "{:>12} frames allocated and freed", self.allocated)?;
        writeln!(f, "{:>12} handles shared", self.shared)?;
        writeln!(f, "{:>12} frames found by address", self.found)?;
        write!(f, "{:>12} lookups that found nothing", self.missed)
    }
}

/// How many frames there are in each state, and how many are free.
#[derive(PartialEq)]
pub(crate) struct Census {
    states: BTreeMap<SlotState, usize>,
    free: usize,
}

impl Census {
    /// Looks at every frame. Nothing else may use the machine meanwhile.
    pub(crate) fn take() -> Self {
        let mut states = BTreeMap::new();
        let memory = ThisComputer::memory();
        for paddr in (0..memory.max_paddr().get()).step_by(PAGE_SIZE) {
            let slot = get_slot::<Platform>(paddr).expect("a frame below the end");
            *states.entry(slot.snapshot()).or_default() += 1;
        }
        Census {
            states,
            free: memory.free_frames(),
        }
    }
}

impl fmt::Display for Census {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} frames are free, and all frames are", self.free)?;
        let mut comma = "";
        for (state, count) in &self.states {
            write!(f, "{comma} {count} {state}")?;
            comma = ",";
        }
        Ok(())
    }
}
