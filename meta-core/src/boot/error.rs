//! Why a region could not be booted.

use core::fmt;
use core::ops::Range;

use super::region::MemoryRegion;
use crate::platform::Paddr;

/// Why a region could not be booted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BootError {
    /// It has been booted before.
    AlreadyBooted {
        /// The end of physical memory then.
        max_paddr: Paddr,
    },
    /// A region, or the page that it ends in, does not fit the address space.
    Overflow {
        /// The region, as given.
        region: MemoryRegion,
    },
    /// No page of the map is RAM.
    NoPhysicalMemory {
        /// The largest region given, if there was any.
        largest: Option<MemoryRegion>,
    },
    /// The early allocator has no room for the slots.
    NoRoom {
        /// The size of all slots, in whole pages.
        bytes: usize,
        /// The range of RAM that made them so many.
        highest: MemoryRegion,
    },
    /// The platform cannot map memory.
    CannotMap {
        /// The memory.
        region: MemoryRegion,
    },
    /// The early allocator has handed out what is not usable.
    NotUsable {
        /// What it handed out.
        allocated: Range<Paddr>,
        /// The first range in it that is not usable.
        region: MemoryRegion,
    },
}

impl fmt::Display for BootError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BootError::AlreadyBooted { max_paddr } => {
                write!(f, "the memory up to {max_paddr:#x} has been booted before")
            }
            BootError::Overflow { region } => {
                write!(f, "the region {region} does not fit the address space")
            }
            BootError::NoPhysicalMemory { largest: None } => f.write_str("the memory map is empty"),
            BootError::NoPhysicalMemory {
                largest: Some(region),
            } => write!(
                f,
                "the memory map has no page of RAM; its largest region is {region}"
            ),
            BootError::NoRoom { bytes, highest } => write!(
                f,
                "no room for {bytes:#x} bytes of slots, up to the end of {highest}"
            ),
            BootError::CannotMap { region } => write!(f, "cannot map {region}"),
            BootError::NotUsable { allocated, region } => {
                write!(f, "{allocated:#x?} was allocated early, but is in {region}")
            }
        }
    }
}

impl core::error::Error for BootError {}
