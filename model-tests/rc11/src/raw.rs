//! What atomics and cells are made of, for those who make their own.
//!
//! An atomic is memory of 1, 2, 4 or 8 bytes, aligned to its size. The explorer
//! is asked first; what it wants to be stored is put into the memory. `None` stands
//! for *outside of a model*: then the real operation is to be performed.

use std::panic::Location;
use std::sync::atomic::Ordering;

use crate::context;
use crate::graph::ReadMode;

pub use crate::context::{Memory, Read};

/// A load or a read-modify-write.
#[inline]
pub fn read(
    memory: &impl Memory,
    mode: ReadMode,
    weak: bool,
    place: &'static Location<'static>,
) -> Option<Read> {
    context::read(memory, &mode, weak, place)
}

/// A store of `value`.
#[inline]
pub fn write(
    memory: &impl Memory,
    order: Ordering,
    value: u64,
    place: &'static Location<'static>,
) -> Option<()> {
    context::write(memory, order, value, place)
}

/// A fence, which must not be relaxed.
#[inline]
pub fn fence(order: Ordering, place: &'static Location<'static>) -> Option<()> {
    context::fence(order, place)
}

/// A plain access.
#[inline]
pub fn plain(address: usize, writes: bool, place: &'static Location<'static>) {
    context::plain(address, writes, place);
}

/// The thread that runs has this atomic for itself, and takes its value.
pub fn own(address: usize, place: &'static Location<'static>) {
    context::own(address, place);
}

/// Memory is about to be used for something else.
#[inline]
pub fn forget(address: usize) {
    context::forget(address);
}

/// A loop is gone round in vain.
pub fn spin(place: &'static Location<'static>) -> Option<()> {
    context::is_in_thread().then(|| context::spin(place))
}

/// The number of the thread that runs, counted from 0 in its execution.
#[inline]
pub fn thread() -> Option<usize> {
    context::current()
}

/// How many events of the execution graph the thread that runs has performed.
#[inline]
pub fn performed() -> Option<usize> {
    context::performed()
}

/// Whether a thread of a model runs.
pub fn is_in_thread() -> bool {
    context::is_in_thread()
}
