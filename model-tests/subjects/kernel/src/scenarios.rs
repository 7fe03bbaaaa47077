//! What the text form does not say: segments, the mutex, the counted pointer. Each
//! flaw stands beside its mended form.

use std::fmt::Display;
use std::sync::{Mutex, PoisonError};

use worker::{Expected, Record, Scenario};

use crate::arch;
use crate::frame::{Frame, FrameMeta, PAGE_SIZE, Segment, UniqueFrame};
use crate::sync::{Counted, RwMutex};

pub(crate) fn all() -> Vec<Scenario> {
    let race = Expected::Broken {
        loom: "data race",
        shuttle: None,
        weaken: None,
    };
    let deadlock = Expected::Broken {
        loom: "deadlock",
        shuttle: Some("deadlock"),
        weaken: None,
    };
    vec![
        empty_segment(
            "empty-segment-is-downcast",
            "An empty segment is made one of known metadata while the owner of the frame behind \
             it repurposes that: neither has to do with the other.",
            Segment::downcast,
        ),
        failing_reader::<true>(
            "failing-reader-wakes",
            "A reader fails while a writer leaves and comes back: whoever found the reader \
             counted is woken.",
        ),
        only_pointer(
            "only-pointer-writes",
            "A counted pointer is read and dropped while another asks whether it is the only \
             one: then the reads come before its writes.",
            Counted::get_mut,
        ),
        Scenario {
            // In one order of all steps it is an answer about a frame that is not asked for.
            expected: Expected::Broken {
                loom: "data race",
                shuttle: Some("forbidden outcome"),
                weaken: None,
            },
            ..empty_segment(
                "control-empty-segment-looks-at-a-frame",
                "The kernel's conversion looks at the frame at the start of an empty segment, \
                 which is another's.",
                Segment::try_from,
            )
        },
        Scenario {
            expected: deadlock,
            ..failing_reader::<false>(
                "control-failing-reader-wakes-nobody",
                "A reader that fails is counted for a moment: a writer goes to sleep because of \
                 it, and nobody wakes it.",
            )
        },
        Scenario {
            expected: race,
            ..only_pointer(
                "control-only-pointer-is-relaxed",
                "Nothing orders the reads of a counted pointer that was dropped before the writes \
                 of the one that is left.",
                Counted::get_mut_relaxed,
            )
        },
    ]
}

/// What a thread takes out and has for itself. No explorer sees it.
struct Own<T>(Mutex<Option<T>>);

impl<T> Own<T> {
    fn new(value: T) -> Self {
        Own(Mutex::new(Some(value)))
    }

    fn take(&self) -> T {
        let value = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        value.expect("one thread takes it, once")
    }
}

struct Stack;
struct Table;

// SAFETY: neither looks at its page.
unsafe impl FrameMeta for Stack {}
// SAFETY: as above.
unsafe impl FrameMeta for Table {}

/// Frame 0 is a segment, of which thread 1 has the empty end; thread 2 owns frame 1.
fn empty_segment(
    name: &'static str,
    why: &'static str,
    convert: fn(Segment) -> Result<Segment<Stack>, Segment>,
) -> Scenario {
    let start = || {
        // SAFETY: an execution begins.
        unsafe { arch::reset(2, |_| ()) };
        let stack = Segment::from_unused(0..PAGE_SIZE, |_| Stack).expect("unused");
        let end = stack.slice(PAGE_SIZE..PAGE_SIZE);
        let table = UniqueFrame::from_unused(PAGE_SIZE, Table).expect("unused");
        (stack, Own::new(end.into()), Own::new(table))
    };
    Scenario::on(name, start)
        .why(why)
        .thread(move |(_, end, _), thread| {
            let converted = convert(end.take());
            thread.say(if converted.is_ok() { "ok" } else { "refused" });
        })
        .thread(|(_, _, table), _| drop(table.take().repurpose(Stack)))
        .end(|_, end| {
            for paddr in [0, PAGE_SIZE] {
                end.say(if Frame::from_in_use(paddr).is_ok() {
                    "shared"
                } else {
                    "unused"
                });
            }
        })
        .allowed(&["ok |  => shared unused"])
        .into()
}

/// Thread 1 writes twice, thread 2 tries to read once.
fn failing_reader<const WAKES: bool>(name: &'static str, why: &'static str) -> Scenario {
    Scenario::on(name, || RwMutex::<u32, WAKES>::new(0))
        .why(why)
        .thread(|lock, _| {
            for _ in 0..2 {
                *lock.write() += 1;
            }
        })
        .thread(|lock, thread| say_or_no(thread, lock.try_read().as_deref()))
        .end(|lock, end| end.say(*lock.read()))
        .allowed(&[" | 0 => 2", " | 1 => 2", " | 2 => 2", " | no => 2"])
        .into()
}

/// Thread 1 reads and drops its pointer, thread 2 writes if its own is the only one.
fn only_pointer(
    name: &'static str,
    why: &'static str,
    get_mut: for<'a> fn(&'a mut Counted<u32>) -> Option<&'a mut u32>,
) -> Scenario {
    let start = || {
        let first = Counted::new(0);
        (Own::new(first.clone()), Own::new(first))
    };
    Scenario::on(name, start)
        .why(why)
        .thread(|(first, _), thread| thread.say(*first.take()))
        .thread(move |(_, second), thread| {
            let mut second = second.take();
            let written = get_mut(&mut second).map(|value| {
                *value += 1;
                *value
            });
            say_or_no(thread, written.as_ref());
        })
        .allowed(&["0 | 1", "0 | no"])
        .into()
}

fn say_or_no(thread: &mut Record, value: Option<&impl Display>) {
    match value {
        Some(value) => thread.say(value),
        None => thread.say("no"),
    }
}
