//! What ends an exploration early.

use std::any::Any;
use std::fmt;
use std::panic::Location;

use crate::explore::Sample;
use crate::graph::{EventId, Graph, ThreadId};
use crate::race::{Access, Place};

/// An execution that must not occur, or that the explorer cannot continue.
#[derive(Debug)]
pub struct Failure {
    /// What is wrong.
    pub kind: FailureKind,
    /// The execution up to there.
    pub graph: Graph,
    /// The sample that it is, if executions were sampled.
    pub sample: Option<Sample>,
    places: Vec<Option<Place>>,
}

/// What is wrong.
#[derive(Debug)]
#[non_exhaustive]
pub enum FailureKind {
    /// Two accesses, at least one of them plain and at least one a write, without
    /// happens-before between them.
    DataRace(Access, Access),
    /// No thread can continue: these wait for ever.
    Deadlock(Vec<Waiting>),
    /// A thread panicked.
    Panic {
        /// Which.
        thread: ThreadId,
        /// With what.
        payload: Box<dyn Any + Send>,
    },
    /// Replayed with the same values, the program behaved differently.
    NotDeterministic(&'static str),
    /// An execution has more events than the builder allows.
    TooManyEvents(usize),
    /// A failed weak compare-and-swap was not tried again after a spin hint,
    /// where the builder was configured to expect it.
    WeakNotRetried,
    /// A thread that unwinds has to wait, in a program that is not
    /// [allowed](crate::Program::across_threads) on other OS threads.
    UnwindingWaits,
    /// An access to memory that was freed, or a second free.
    UseAfterFree {
        /// The access.
        access: Access,
        /// The free before it.
        freed: Access,
    },
    /// An access to memory that is in no block, or a free of something that is
    /// none. The pointer is wrong, or of an earlier execution.
    NotAllocated(Access),
    /// Memory is left at the end of an execution.
    Leak(Vec<Leaked>),
    /// A thread has allocated more than an arena has room for: 256 MiB in one
    /// execution, freed memory included, or anything at all from the 257th thread
    /// on.
    TooMuchMemory,
    /// Two atomics of different sizes share memory, and were accessed here and here.
    MixedSizes(&'static Location<'static>, &'static Location<'static>),
}

/// Memory that was not freed.
#[derive(Clone, Copy, Debug)]
pub struct Leaked {
    /// The thread that has allocated it.
    pub thread: ThreadId,
    /// The last place before the allocation that is known.
    pub place: &'static Location<'static>,
    /// How many bytes.
    pub size: usize,
}

/// A thread that does not end.
#[derive(Clone, Copy, Debug)]
pub struct Waiting {
    /// Which.
    pub thread: ThreadId,
    /// Where it waits.
    pub place: &'static Location<'static>,
    /// The thread whose end it waits for.
    pub joins: Option<ThreadId>,
}

impl Failure {
    pub(crate) fn new(kind: FailureKind, graph: Graph, places: Vec<Option<Place>>) -> Self {
        Failure {
            kind,
            graph,
            sample: None,
            places,
        }
    }

    /// Where in the source an event of the graph was made. Not every event of a
    /// graph that was taken back to a read has been made again.
    pub fn place(&self, event: EventId) -> Option<&'static Location<'static>> {
        self.places.get(event.index()).copied().flatten()
    }

    /// Whether the exploration was cut off: nothing is wrong with the program,
    /// as far as it was seen.
    pub fn is_cut_off(&self) -> bool {
        matches!(
            self.kind,
            FailureKind::TooManyEvents(_) | FailureKind::TooMuchMemory
        )
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FailureKind::DataRace(earlier, later) => {
                write!(f, "data race: {earlier} and {later}")
            }
            FailureKind::Deadlock(waiting) => {
                f.write_str("deadlock")?;
                for (
                    index,
                    Waiting {
                        thread,
                        place,
                        joins,
                    },
                ) in waiting.iter().enumerate()
                {
                    let separator = if index == 0 { ":" } else { "," };
                    let (file, line) = (place.file(), place.line());
                    write!(f, "{separator} thread {thread} waits at {file}:{line}")?;
                    if let Some(joins) = joins {
                        write!(f, " for thread {joins}")?;
                    }
                }
                Ok(())
            }
            FailureKind::Panic { thread, payload } => {
                let message = payload
                    .downcast_ref::<String>()
                    .map(String::as_str)
                    .or_else(|| payload.downcast_ref::<&str>().copied())
                    .unwrap_or("no message");
                write!(f, "thread {thread} panicked: {message}")
            }
            FailureKind::NotDeterministic(how) => write!(
                f,
                "the program is not deterministic: replayed with the same values, it makes {how}"
            ),
            FailureKind::TooManyEvents(most) => write!(
                f,
                "cut off: an execution has more than {most} events; a loop that waits has to call \
                 `hint::spin_loop` each time round"
            ),
            FailureKind::UseAfterFree { access, freed } => {
                write!(
                    f,
                    "use after free: {access}, of memory freed before: {freed}"
                )
            }
            FailureKind::MixedSizes(earlier, later) => write!(
                f,
                "atomics of different sizes share memory: {}:{} and {}:{}",
                earlier.file(),
                earlier.line(),
                later.file(),
                later.line()
            ),
            FailureKind::NotAllocated(access) => write!(
                f,
                "{access} of memory that is not allocated: the pointer is wrong, or of an earlier \
                 execution, where `alloc::untracked` is missing"
            ),
            FailureKind::Leak(leaked) => {
                f.write_str("memory is left:")?;
                for (index, leaked) in leaked.iter().enumerate() {
                    let separator = if index == 0 { "" } else { "," };
                    let (size, thread) = (leaked.size, leaked.thread);
                    let (file, line) = (leaked.place.file(), leaked.place.line());
                    write!(
                        f,
                        "{separator} {size} bytes allocated by thread {thread} after {file}:{line}"
                    )?;
                }
                Ok(())
            }
            FailureKind::TooMuchMemory => {
                f.write_str("cut off: a thread has allocated more than an arena has room for")
            }
            FailureKind::UnwindingWaits => f.write_str(
                "a thread that unwinds has to wait for others, which takes OS threads, and \
                 `Program::across_threads` says that this one has to stay where it is",
            ),
            FailureKind::WeakNotRetried => f.write_str(
                "a failed weak compare-and-swap was not followed by a spin hint and another try",
            ),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        if let Some(sample) = self.sample {
            write!(f, " ({sample})")?;
        }
        write!(f, "\n{}", self.graph)
    }
}
