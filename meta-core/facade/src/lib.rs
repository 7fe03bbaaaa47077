//! A look-alike of `core` that an explorer can look into.
//!
//! In a normal build this crate *is* `core`: it exports everything of `core` under
//! `core`'s own paths, and costs nothing. With `--cfg rc11`, `--cfg loom` or
//! `--cfg shuttle` in `RUSTFLAGS` its atomics, its `UnsafeCell`, its fences and its
//! `spin_loop` are those of that explorer, and all the rest is still `core`'s. So the
//! files that ship are the files that are explored.
//!
//! # The first model
//!
//! Here is a stack without locks. One line of the crate's root makes `core` mean this
//! crate, in all of its files:
//!
//! ```text
//! extern crate facade as core;   // lib.rs; its other files stay as they are
//! ```
//!
#![cfg_attr(any(loom, shuttle, rc11), doc = "```")]
#![cfg_attr(not(any(loom, shuttle, rc11)), doc = "```ignore (needs an explorer)")]
//! extern crate facade as core;
//!
//! // stack.rs, as it ships
//! mod stack {
//!     use core::ptr;
//!     use core::sync::atomic::{AtomicPtr, Ordering::{Acquire, Relaxed, Release}};
//!
//!     pub struct Node { pub value: u64, next: *mut Node }
//!     pub struct Stack(AtomicPtr<Node>);
//!
//!     impl Stack {
//!         pub const fn new() -> Self { Stack(AtomicPtr::new(ptr::null_mut())) }
//!
//!         pub fn push(&self, value: u64) {
//!             let node = Box::into_raw(Box::new(Node { value, next: ptr::null_mut() }));
//!             let mut head = self.0.load(Relaxed);
//!             loop {
//!                 // SAFETY: no other thread knows the node yet.
//!                 unsafe { (*node).next = head };
//!                 match self.0.compare_exchange(head, node, Release, Relaxed) {
//!                     Ok(_) => return,
//!                     Err(newer) => head = newer,
//!                 }
//!             }
//!         }
//!
//!         pub fn take_all(&self) -> Vec<u64> {
//!             let mut node = self.0.swap(ptr::null_mut(), Acquire);
//!             let mut values = Vec::new();
//!             while !node.is_null() {
//!                 // SAFETY: taken off the stack, it is ours alone.
//!                 let owned = unsafe { Box::from_raw(node) };
//!                 values.push(owned.value);
//!                 node = owned.next;
//!             }
//!             values
//!         }
//!     }
//! }
//!
//! use std::sync::Arc;
//! use facade::model::{self, thread};
//!
//! model::check(|| {
//!     let stack = Arc::new(stack::Stack::new());
//!     let other = stack.clone();
//!     let pusher = thread::spawn(move || other.push(1));
//!     stack.push(2);
//!     pusher.join().unwrap();
//!     let mut values = stack.take_all();
//!     values.sort();
//!     assert_eq!(values, [1, 2]);
//! });
//! ```
//!
//! ```text
//! RUSTFLAGS="--cfg rc11" cargo test
//! ```
//!
//! `check` runs the closure in every execution that the explorer knows, and panics with
//! what is wrong: an assertion that fails, a data race, threads that wait for ever. Under
//! `rc11` these are all executions of the RC11 memory model, stale values included, each
//! once; its documentation defines what that means. `loom` overlooks some, and with
//! `model::Probe::FailingCas` fewer, but reads no stale values then; `shuttle` knows no weak
//! memory. They are second opinions by other authors.
//!
//! # How `core` is replaced
//!
//! `extern crate facade as core;` in the crate's root changes what `core::` means in
//! `use` declarations and paths of every file of the crate, with `no_std` or without. It
//! holds for `core::sync::atomic::...`, `core::cell::UnsafeCell`, `core::mem`, `core::fmt`,
//! for macros such as `core::assert!` and `core::ptr::addr_of!`, and for `::core::...` in
//! what derive macros of other crates write. The prelude, `alloc`, `std`, and what built-in
//! derives and macros write stay those of the compiler.
//!
//! A crate that wraps the files in a look-alike of its own writes
//! `extern crate self as core;` and `pub use facade::*;` in its root instead. Code that
//! names `std::sync::atomic` is not reached.
//!
//! # What is the same, and what is not
//!
//! - Every type has the size, the alignment and the bytes of `core`'s. What an explorer
//!   keeps stands beside, and is found by the address: so constants, statics, zeroed
//!   memory, and pointers to words that are used as atomics all work. An atomic
//!   that is moved takes its value along.
//! - Statics have their first bytes back at the start of each execution, on Linux and where
//!   else the loader can be asked for the memory of the program: see `model::start`.
//! - `UnsafeCell::get` hands out a raw pointer, and the access is where it is called. Whether
//!   it reads or writes is known from a table, `model::classify`; without an entry it counts
//!   as a write. What is done with the pointer later is not seen.
//! - Two atomics of different sizes that share memory end the exploration: there is no
//!   model for that.
//! - `UnsafeCell::raw_get` is there for values of a known size alone.
//! - `UnsafeCell::get`, `raw_get` and `get_mut`, and `get_mut` of atomics, are not `const` under
//!   an explorer; atomics have a destructor there, so that a `union` needs `ManuallyDrop` around
//!   them.
//! - `compiler_fence` orders nothing between threads, and is none of the explorer's events.
//! - `thread_local!`, `Cell`, `static mut`, `alloc::sync::Arc`, locks of other crates and
//!   assembly are not seen.
//!
//! # Beside `core`
//!
//! [`named`] gives accesses names, in every build. `model`, under an explorer, is what a
//! harness sees and changes: a trace, other orderings for single accesses, weak
//! compare-and-swaps that are made to fail.

#![cfg_attr(not(any(loom, shuttle, rc11, test)), no_std)]

#[cfg(any(all(loom, shuttle), all(loom, rc11), all(shuttle, rc11)))]
compile_error!("give one of --cfg loom, shuttle and rc11: each replaces the same atomics");

#[doc(no_inline)]
pub use ::core::*;

/// The example of the README is tested, where there is an explorer.
#[cfg(all(doctest, model))]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(any(loom, shuttle, rc11))]
mod access;
#[cfg(any(loom, shuttle, rc11))]
mod engine;
pub mod named;
#[cfg(any(loom, shuttle, rc11, test))]
pub mod places;
#[cfg(any(loom, shuttle, rc11))]
mod statics;
#[cfg(any(loom, shuttle, rc11))]
mod update;
#[cfg(any(loom, shuttle, rc11))]
mod word;

#[cfg(any(loom, shuttle, rc11))]
pub mod cell;
#[cfg(any(loom, shuttle, rc11))]
pub mod hint;
#[cfg(any(loom, shuttle, rc11))]
pub mod model;
#[cfg(any(loom, shuttle, rc11))]
pub mod sync;
