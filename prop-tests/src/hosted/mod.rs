//! A machine without a kernel: its physical memory is memory of this process,
//! committed when it is first touched, so that a machine may have more than the
//! host.
//!
//! Each machine is a type of its own, with memory of its own:
//!
//! ```
//! use meta_core::boot::{MemoryRegion, MemoryRegionType::*};
//! use meta_core::{Frame, impl_frame_meta_for};
//! use prop_tests::hosted::{Computer, OnHost};
//!
//! prop_tests::machine!(Desk);
//!
//! struct Page { owner: u32 }
//! impl_frame_meta_for!(Page);
//!
//! let region = |base, len, typ| MemoryRegion { base, len, typ };
//! let memory_map = [
//!     region(0, 0x9f000, Usable),
//!     region(0x9f000, 0x61000, Reserved),
//!     region(0x100000, 16 << 30, Usable),
//! ];
//! // SAFETY: this is the only thread.
//! unsafe { Desk::boot(&memory_map)? };
//!
//! let free = Desk::memory().free_frames();
//! let paddr = Desk::memory().alloc().expect("gigabytes of it");
//! let frame = Frame::<_, OnHost<Desk>>::from_unused(paddr, Page { owner: 7 })?;
//! assert_eq!(frame.clone().meta().owner, 7);
//! assert_eq!(Desk::memory().free_frames(), free - 1);
//!
//! // The last handle gives the frame back to the allocator.
//! drop(frame);
//! assert_eq!(Desk::memory().free_frames(), free);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod frames;
pub mod maps;
mod memory;

use std::error::Error;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::ops::Range;
use std::ptr::NonNull;

use meta_core::boot::{
    self, BootError, BootPlatform, EarlyAllocator, EarlyMemory, MapError, MemoryMap, MemoryRegion,
    MemoryRegionType, PageProperty,
};
use meta_core::{MaxPaddr, MetaSlot, Paddr, Platform};

pub use memory::Memory;

/// A machine, declared by [`machine!`](crate::machine).
///
/// # Safety
///
/// [`memory`](Self::memory) always gives the same memory, which belongs to no
/// other machine.
pub unsafe trait Computer: Sized + Send + Sync + 'static {
    /// The physical memory.
    fn memory() -> &'static Memory;

    /// Boots from a memory map, and leaves the frames that are unused then to
    /// [`Memory::alloc`].
    ///
    /// # Errors
    ///
    /// If the host has no room for the machine's memory, or those of
    /// [`boot::init`]; the machine is as it was then.
    ///
    /// # Safety
    ///
    /// Nothing else uses the machine meanwhile, and whoever uses it afterwards
    /// was started, or told, after the boot.
    unsafe fn boot(regions: &[MemoryRegion]) -> Result<(), HostError> {
        let memory = Self::memory();
        let map = MemoryMap::new(regions).map_err(HostError::Boot)?;
        let again = boot::is_initialized::<OnHost<Self>>();
        if !again {
            memory.plug_in(map.max_paddr()).map_err(HostError::Memory)?;
        }
        // SAFETY: nobody uses memory that was just put in, or none of it is
        // used because a second boot is refused.
        let mut early = unsafe { EarlyMemory::new(&map) };
        // SAFETY: we are alone, as promised; memory that was just put in is
        // what the map says.
        let slots = match unsafe { boot::init::<OnHost<Self>>(regions, &mut early) } {
            Ok(slots) => slots.start_paddr()..slots.end_paddr(),
            Err(error) => {
                if !again {
                    // SAFETY: nobody has used the machine yet.
                    unsafe { memory.unplug() };
                }
                return Err(HostError::Boot(error));
            }
        };
        let mut taken = early.allocated_regions().collect::<Vec<_>>();
        taken.push(slots);
        for region in map.ranges() {
            if region.typ == MemoryRegionType::Usable {
                let usable = region.base..region.base + region.len;
                for free in without(usable, &taken) {
                    memory.open(free);
                }
            }
        }
        Ok(())
    }
}

/// The parts of `range` that are in none of `taken`.
fn without(range: Range<Paddr>, taken: &[Range<Paddr>]) -> Vec<Range<Paddr>> {
    let mut parts = vec![range];
    for taken in taken.iter().filter(|taken| !taken.is_empty()) {
        let cut = |part: Range<Paddr>| {
            [
                part.start..part.end.min(taken.start),
                part.start.max(taken.end)..part.end,
            ]
        };
        parts = parts.into_iter().flat_map(cut).collect();
        parts.retain(|part| !part.is_empty());
    }
    parts
}

/// `machine!(Name)` declares a machine with memory of its own.
#[macro_export]
macro_rules! machine {
    ($(#[$attribute:meta])* $visibility:vis $name:ident) => {
        $(#[$attribute])*
        #[derive(Debug)]
        $visibility enum $name {}

        // SAFETY: the memory is this machine's own.
        unsafe impl $crate::hosted::Computer for $name {
            fn memory() -> &'static $crate::hosted::Memory {
                static MEMORY: $crate::hosted::Memory = $crate::hosted::Memory::new();
                &MEMORY
            }
        }
    };
}

/// The platform of a machine.
#[derive(Debug)]
pub struct OnHost<T>(PhantomData<T>);

// SAFETY: the memory says where slots and pages are, and keeps them there; all
// of it is initialised, for it reads as zero before it is written.
unsafe impl<T: Computer> Platform for OnHost<T> {
    #[inline]
    fn slots() -> NonNull<MetaSlot> {
        T::memory().slots()
    }

    #[inline]
    fn max_paddr() -> &'static MaxPaddr {
        T::memory().max_paddr()
    }

    #[inline]
    fn page(paddr: Paddr) -> *mut u8 {
        T::memory().page(paddr)
    }

    unsafe fn free_frame(paddr: Paddr) {
        // The memory never touches a page: its books are kept outside, so it
        // need not claim what it takes back.
        T::memory().free(paddr);
    }

    fn abort() -> ! {
        std::process::abort()
    }
}

// SAFETY: the slots lie in the one linear mapping, one page after the other as
// the memory checks.
unsafe impl<T: Computer> BootPlatform for OnHost<T> {
    unsafe fn map_meta_page(index: usize, paddr: Paddr, _: PageProperty) -> Result<(), MapError> {
        T::memory().map_meta_page(index, paddr);
        Ok(())
    }

    unsafe fn unmap_meta_page(index: usize, _: Paddr) {
        T::memory().unmap_meta_page(index);
    }
}

/// Why a machine does not boot.
#[derive(Debug)]
pub enum HostError {
    /// The host has no room for its memory.
    Memory(io::Error),
    /// Its memory map is no good.
    Boot(BootError),
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HostError::Memory(error) => write!(f, "no room for the machine's memory: {error}"),
            HostError::Boot(error) => write!(f, "the machine does not boot: {error}"),
        }
    }
}

impl Error for HostError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            HostError::Memory(error) => Some(error),
            HostError::Boot(error) => Some(error),
        }
    }
}
