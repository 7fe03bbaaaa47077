//! Scenarios: what threads do that the text form does not say.
//!
//! A scenario is to its threads what a program is: they run on shared state, say
//! what came of it in words, and the words of all of them are the outcome. What is
//! allowed is written beside it, worked out by hand; or it is not, and then what is
//! seen is shown, and judged for everything but that.
//!
//! ```
//! use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
//! use prop_tests::scenario::Scenario;
//!
//! let scenario: Scenario = Scenario::on("two-adders", || AtomicU32::new(0))
//!     .why("Two threads add one each: neither addition is lost.")
//!     .threads(2, |number, thread| thread.say(number.fetch_add(1, Relaxed)))
//!     .end(|number, last| last.say(number.load(Relaxed)))
//!     .allowed(&["0 | 1 => 2", "1 | 0 => 2"])
//!     .into();
//! assert_eq!(scenario.threads, 2);
//! ```

mod lives;
mod own;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

pub use lives::Live;
pub use own::Own;
pub(crate) use own::say_abort;

use crate::world::Fault;

/// What a scenario must come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// A pass.
    Pass,
    /// A control, which is broken on purpose: these verdicts, in the words that
    /// every command uses.
    Broken {
        /// The verdict under weak memory: rc11 and loom.
        loom: &'static str,
        /// The verdict under shuttle, if it can tell.
        shuttle: Option<&'static str>,
        /// The ordering that breaks it, `SITE=Ordering`; without one it is what
        /// the threads do.
        weaken: Option<&'static str>,
    },
}

/// A scenario.
#[derive(Clone)]
pub struct Scenario {
    /// Its name.
    pub name: Cow<'static, str>,
    /// Why it exists.
    pub why: Cow<'static, str>,
    /// How many threads it has.
    pub threads: usize,
    /// The outcomes, if it is known which are allowed.
    pub allowed: Option<Vec<Cow<'static, str>>>,
    /// The outcomes that stale reads alone show: weak memory has them, too.
    pub stale: Vec<Cow<'static, str>>,
    /// What it must come to.
    pub expected: Expected,
    /// What is run.
    pub run: Arc<dyn Run>,
}

impl Scenario {
    /// A scenario of a subject's own, on what `start` makes before its threads
    /// start.
    pub fn on<S: Send + Sync + 'static>(
        name: impl Into<Cow<'static, str>>,
        start: impl Fn() -> S + Send + Sync + 'static,
    ) -> Own<S> {
        Own::new(name.into(), Box::new(start))
    }

    /// Whether it is broken on purpose. Nothing but an explorer may run it then:
    /// there it ends before memory is touched that must not be.
    pub fn is_control(&self) -> bool {
        self.expected != Expected::Pass
    }
}

impl fmt::Debug for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scenario")
            .field("name", &self.name)
            .field("expected", &self.expected)
            .finish_non_exhaustive()
    }
}

/// What a scenario runs.
pub trait Run: Send + Sync {
    /// Whether the first thread waits for the others and makes an
    /// [`end`](Self::end) with them: what they did happens before it. Otherwise
    /// nothing orders the end with the threads.
    fn joins(&self) -> bool {
        false
    }

    /// Makes the start state, as the first thread.
    ///
    /// # Safety
    ///
    /// Handles and borrows of the last execution are never used again, and no
    /// other thread runs.
    unsafe fn start(&self);

    /// Runs one thread.
    ///
    /// # Safety
    ///
    /// The start state was made, and each thread runs once.
    unsafe fn thread(&self, thread: usize, record: &mut Record);

    /// Makes the end, when all threads are done.
    fn end(&self, record: &mut Record) {
        let _ = record;
    }

    /// The outcome, when all threads are done and the end was made: `threads`
    /// has the record of the end as the last.
    ///
    /// # Errors
    ///
    /// The first contract of a value's life that was broken.
    fn outcome(&self, threads: &[Record]) -> Result<String, Fault>;
}

/// What one thread did, or the end.
#[derive(Clone, Debug, Default)]
pub struct Record {
    words: Vec<String>,
    /// By slot: how often it tore metadata down.
    pub(crate) last: Vec<u32>,
}

impl Record {
    /// Adds a word to the outcome.
    pub fn say(&mut self, word: impl fmt::Display) {
        self.words.push(word.to_string());
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.words.clear();
        self.last.clear();
    }
}

/// The words, with spaces between them.
impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words.join(" "))
    }
}

/// The words of all threads and, where there is any, of the end.
pub(crate) fn outcome(threads: &[Record], end: &str) -> String {
    let words: Vec<_> = threads.iter().map(Record::to_string).collect();
    let words = words.join(" | ");
    if end.is_empty() {
        words
    } else {
        format!("{words} => {end}")
    }
}
