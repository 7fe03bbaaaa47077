//! Scenarios of a subject's own: closures over what their threads share.

use std::borrow::Cow;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, Ordering};

use super::{Expected, Record, Run, Scenario, lives, outcome};
use crate::world::{Aborted, Fault};

type Thread<S> = Arc<dyn Fn(&S, &mut Record) + Send + Sync>;

/// A scenario on shared state of type `S`, as it is put together.
///
/// All of it runs in each execution: the start, the threads, the end when they are
/// done, and then the state is dropped. What the closures do may depend on nothing
/// but what they read of the state, or else the execution cannot be made again.
pub struct Own<S> {
    name: Cow<'static, str>,
    why: Cow<'static, str>,
    start: Box<dyn Fn() -> S + Send + Sync>,
    threads: Vec<Thread<S>>,
    end: Option<Thread<S>>,
    allowed: Option<Vec<Cow<'static, str>>>,
}

impl<S: Send + Sync + 'static> Own<S> {
    pub(super) fn new(name: Cow<'static, str>, start: Box<dyn Fn() -> S + Send + Sync>) -> Self {
        Own {
            name,
            why: Cow::default(),
            start,
            threads: Vec::new(),
            end: None,
            allowed: None,
        }
    }

    /// Why it exists, in a sentence.
    #[must_use]
    pub fn why(mut self, why: impl Into<Cow<'static, str>>) -> Self {
        self.why = why.into();
        self
    }

    /// One thread more.
    #[must_use]
    pub fn thread(self, run: impl Fn(&S, &mut Record) + Send + Sync + 'static) -> Self {
        self.threads(1, run)
    }

    /// So many threads more, which all do this.
    #[must_use]
    pub fn threads(
        mut self,
        count: usize,
        run: impl Fn(&S, &mut Record) + Send + Sync + 'static,
    ) -> Self {
        let run: Thread<S> = Arc::new(run);
        self.threads.extend((0..count).map(|_| run.clone()));
        self
    }

    /// What the first thread does when all of them are done.
    #[must_use]
    pub fn end(mut self, end: impl Fn(&S, &mut Record) + Send + Sync + 'static) -> Self {
        self.end = Some(Arc::new(end));
        self
    }

    /// The outcomes that are allowed, and each of which an exact engine has to
    /// see: the words of each thread, with ` | ` between the threads, and ` => `
    /// before those of the end.
    #[must_use]
    pub fn allowed(mut self, allowed: &[&'static str]) -> Self {
        self.allowed = Some(allowed.iter().map(|&outcome| outcome.into()).collect());
        self
    }
}

impl<S: Send + Sync + 'static> From<Own<S>> for Scenario {
    fn from(own: Own<S>) -> Self {
        let Own {
            name,
            why,
            start,
            threads,
            end,
            allowed,
        } = own;
        Scenario {
            name,
            why,
            threads: threads.len(),
            allowed,
            stale: Vec::new(),
            expected: Expected::Pass,
            run: Arc::new(Closures {
                start,
                threads,
                end,
                state: AtomicPtr::default(),
            }),
        }
    }
}

struct Closures<S> {
    start: Box<dyn Fn() -> S + Send + Sync>,
    threads: Vec<Thread<S>>,
    end: Option<Thread<S>>,
    /// That of the execution under way, in a box; null when there is none. One
    /// that did not come to its end leaves it behind.
    state: AtomicPtr<S>,
}

// ORDERING: Relaxed, in all of this: the engine starts the threads after the
// start, and ends after them.
impl<S> Closures<S> {
    fn replace(&self, state: *mut S) -> *mut S {
        self.state.swap(state, Ordering::Relaxed)
    }
}

impl<S: Send + Sync + 'static> Run for Closures<S> {
    fn joins(&self) -> bool {
        true
    }

    unsafe fn start(&self) {
        let left = self.replace(ptr::null_mut());
        if !left.is_null() {
            // Its destructor would be a part of no execution. So the memory is
            // freed alone.
            //
            // SAFETY: it came from a box, and its execution is over.
            drop(unsafe { Box::from_raw(left.cast::<ManuallyDrop<S>>()) });
        }
        lives::begin();
        self.replace(Box::into_raw(Box::new((self.start)())));
    }

    unsafe fn thread(&self, thread: usize, record: &mut Record) {
        record.clear();
        // SAFETY: the start made it, and the end comes after all threads.
        let state = unsafe { &*self.state.load(Ordering::Relaxed) };
        say_abort(record, |record| (self.threads[thread])(state, record));
    }

    fn end(&self, record: &mut Record) {
        record.clear();
        // SAFETY: the start made it from a box, and the threads are done.
        let state = unsafe { Box::from_raw(self.replace(ptr::null_mut())) };
        say_abort(record, |record| {
            if let Some(end) = &self.end {
                end(&state, record);
            }
            drop(state);
        });
    }

    fn outcome(&self, threads: &[Record]) -> Result<String, Fault> {
        if let Some(fault) = lives::fault() {
            return Err(fault);
        }
        let (end, threads) = threads.split_last().expect("the end has a record");
        Ok(outcome(threads, &end.to_string()))
    }
}

/// Runs a thread; the end of the system ends the thread, and is a word of it.
pub(crate) fn say_abort(record: &mut Record, run: impl FnOnce(&mut Record)) {
    match catch_unwind(AssertUnwindSafe(|| run(record))) {
        Ok(()) => {}
        Err(payload) if payload.is::<Aborted>() => record.say("abort"),
        Err(payload) => resume_unwind(payload),
    }
}
