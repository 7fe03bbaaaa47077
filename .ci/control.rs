//! What each tool of .ci/sanitize has to find, or its silence means nothing.

use std::cell::UnsafeCell;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};

struct Plain(UnsafeCell<u32>);
// SAFETY: a lie; that is the point of `race`.
unsafe impl Sync for Plain {}

static PLAIN: Plain = Plain(UnsafeCell::new(0));
static DONE: AtomicBool = AtomicBool::new(false);

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("use-after-free") => {
            let freed = Box::into_raw(Box::new(7_u32));
            // SAFETY: none for the read: the box is gone.
            unsafe {
                drop(Box::from_raw(freed));
                println!("{}", ptr::read_volatile(freed));
            }
        }
        Some("race") => {
            // ORDERING: Relaxed where Release and Acquire are needed.
            let writer = std::thread::spawn(|| {
                // SAFETY: none: nothing orders it before the read.
                unsafe { ptr::write_volatile(PLAIN.0.get(), 1) };
                DONE.store(true, Ordering::Relaxed);
            });
            while !DONE.load(Ordering::Relaxed) {
                std::thread::yield_now();
            }
            // SAFETY: none: nothing orders it after the write.
            println!("{}", unsafe { ptr::read_volatile(PLAIN.0.get()) });
            writer.join().unwrap();
        }
        _ => std::process::exit(2),
    }
}
