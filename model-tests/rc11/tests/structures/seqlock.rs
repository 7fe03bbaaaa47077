//! GenMC's `seqlock`, 2 executions: a reader and a writer under Linux's sequence
//! lock.
//!
//! The writer holds a lock, and makes the sequence odd before it writes, even
//! afterwards (relaxed), with fences between (acquire and release). The reader
//! waits for an even sequence (relaxed), reads the data, and starts again if the
//! sequence has changed, with fences between.

use rc11::hint::spin_loop;
use rc11::sync::atomic::AtomicU64;
use rc11::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use rc11::sync::atomic::fence;

use crate::executions;

struct Seqlock {
    writing: AtomicU64,
    sequence: AtomicU64,
    data: AtomicU64,
}

impl Seqlock {
    fn new() -> Seqlock {
        Seqlock {
            writing: AtomicU64::new(0),
            sequence: AtomicU64::new(0),
            data: AtomicU64::new(0),
        }
    }

    fn write(&self, value: u64) {
        while self
            .writing
            .compare_exchange(0, 1, Acquire, Relaxed)
            .is_err()
        {
            spin_loop();
        }
        self.advance();
        fence(AcqRel);
        self.data.store(value, Relaxed);
        fence(AcqRel);
        self.advance();
        self.writing.store(0, Release);
    }

    fn advance(&self) {
        let sequence = self.sequence.load(Relaxed);
        self.sequence.store(sequence + 1, Relaxed);
    }

    fn read(&self) -> u64 {
        loop {
            let begin = self.even_sequence();
            fence(AcqRel);
            let value = self.data.load(Relaxed);
            fence(AcqRel);
            if self.sequence.load(Relaxed) == begin {
                return value;
            }
            spin_loop();
        }
    }

    fn even_sequence(&self) -> u64 {
        loop {
            let sequence = self.sequence.load(Relaxed);
            if sequence.is_multiple_of(2) {
                return sequence;
            }
            spin_loop();
        }
    }
}

#[test]
fn a_reader_and_a_writer_have_2() {
    let reader: fn(&Seqlock) = |lock| assert!([0, 42].contains(&lock.read()));
    let writer: fn(&Seqlock) = |lock| lock.write(42);
    assert_eq!(executions(Seqlock::new, vec![reader, writer]), 2);
}
