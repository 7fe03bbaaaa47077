//! Execution graphs as they are compared: two explorers that saw the same
//! execution have equal ones.

use std::fmt;
use std::sync::atomic::Ordering;

use crate::litmus::name;

/// An execution graph.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct CanonicalGraph {
    /// What each operation did, by thread and index.
    pub(crate) threads: Vec<Vec<Performed>>,
    /// For each location the operations that wrote it, in modification order;
    /// its initialisation is left out.
    pub(crate) modification_order: Vec<Vec<Id>>,
}

/// An operation of a program: thread and index.
pub(crate) type Id = (usize, usize);

/// What an operation did. A compare-and-exchange that failed is a read.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Performed {
    pub(crate) at: Option<usize>,
    pub(crate) order: Ordering,
    /// The value it read, and the operation that wrote it: none for the initial
    /// value.
    pub(crate) read: Option<(u64, Option<Id>)>,
    pub(crate) written: Option<u64>,
}

impl CanonicalGraph {
    /// The value that an operation has read.
    pub(crate) fn read(&self, thread: usize, index: usize) -> u64 {
        self.threads[thread][index].read.expect("it reads").0
    }

    /// The last value of a location.
    pub(crate) fn last(&self, at: usize) -> u64 {
        self.modification_order[at]
            .last()
            .map_or(0, |&(thread, index)| {
                self.threads[thread][index].written.expect("it writes")
            })
    }
}

impl fmt::Display for CanonicalGraph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, thread) in self.threads.iter().enumerate() {
            write!(f, "thread {number}:")?;
            for performed in thread {
                match performed.at {
                    Some(at) => write!(f, " {} {:?}", name(at), performed.order)?,
                    None => write!(f, " fence {:?}", performed.order)?,
                }
                match performed.read {
                    Some((value, Some((thread, index)))) => {
                        write!(f, " reads {value} of {thread}.{index}")?;
                    }
                    Some((value, None)) => write!(f, " reads {value} of init")?,
                    None => {}
                }
                if let Some(value) = performed.written {
                    write!(f, " writes {value}")?;
                }
                write!(f, ";")?;
            }
            writeln!(f)?;
        }
        for (at, writes) in self.modification_order.iter().enumerate() {
            write!(f, "{}: init", name(at))?;
            for (thread, index) in writes {
                write!(f, " < {thread}.{index}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
