//! An OS thread for a thread of a model, for the time of one execution.
//!
//! It counts its own panics and has its own `thread_local!` values. The execution
//! is handed to it and back like a baton: one OS thread runs at a time, and sees
//! all that was done before. The job runs on the stack that it would have as a
//! coroutine, so that addresses are the same.

use std::cell::{Cell, OnceCell};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use corosensei::stack::DefaultStack;

use super::{AnyJob, Ended, Job, coroutine, run_on, start_next, take_stack};
use crate::context;
use crate::run::Run;

/// An OS thread with a job.
pub(super) struct OsThread {
    to: SyncSender<(Box<Run>, Option<Job>)>,
    from: Receiver<Box<Run>>,
    thread: JoinHandle<DefaultStack>,
}

impl OsThread {
    /// An OS thread that waits for its job.
    ///
    /// # Panics
    ///
    /// If the system has no thread left.
    pub(super) fn new(stack: DefaultStack) -> Self {
        let (to, job) = sync_channel(1);
        let (back, from) = sync_channel(1);
        let thread = std::thread::spawn(move || run(stack, LastWord::new(job, back)));
        OsThread { to, from, thread }
    }

    /// Hands the execution over, and waits until it comes back.
    pub(super) fn resume(&mut self, run: Box<Run>, job: Option<Job>) -> Box<Run> {
        let sent = self.to.send((run, job));
        sent.expect("a thread that is not done takes the execution");
        self.from.recv().expect("a thread gives the execution back")
    }

    /// Waits for the end of a thread that is done.
    pub(super) fn join(self) -> DefaultStack {
        let stack = self.thread.join();
        stack.expect("nothing unwinds through the end of a thread")
    }
}

/// The end of an OS thread: after the destructors of its other `thread_local!`
/// values, which are part of the program, because it was there before them.
struct LastWord {
    job: Receiver<(Box<Run>, Option<Job>)>,
    back: SyncSender<Box<Run>>,
    ended: Cell<Option<Ended>>,
}

thread_local! {
    static LAST_WORD: OnceCell<LastWord> = const { OnceCell::new() };
}

impl LastWord {
    fn new(job: Receiver<(Box<Run>, Option<Job>)>, back: SyncSender<Box<Run>>) -> Self {
        LastWord {
            job,
            back,
            ended: Cell::new(None),
        }
    }

    /// Waits until it is handed the execution: for ever, if it is left behind.
    fn take_over(&self) -> (Box<Run>, Option<Job>) {
        loop {
            match self.job.recv() {
                Ok(baton) => return baton,
                Err(_) => std::thread::park(),
            }
        }
    }

    fn hand_back(&self, run: Box<Run>) {
        let sent = self.back.send(run);
        sent.expect("an explorer waits for its threads");
    }
}

impl Drop for LastWord {
    fn drop(&mut self) {
        if let (Some(mut run), Some(ended)) = (context::leave(), self.ended.take()) {
            run.ended(ended);
            self.hand_back(run);
        }
    }
}

fn run(stack: DefaultStack, last_word: LastWord) -> DefaultStack {
    LAST_WORD.with(|slot| {
        let last_word = slot.get_or_init(|| last_word);
        let mut jobs = coroutine(stack, keep);
        loop {
            let (run, job) = last_word.take_over();
            if let Some(job) = job {
                start_next(AnyJob::Job(job));
            }
            let run = run_on(&mut jobs, run);
            if let Some(ended) = last_word.ended.take() {
                last_word.ended.set(Some(ended));
                context::stay(run);
                // SAFETY: between two jobs there is nothing on the stack.
                return unsafe { take_stack(jobs) };
            }
            last_word.hand_back(run);
        }
    })
}

/// Keeps what the job came to until the OS thread ends.
fn keep(ended: Ended) {
    LAST_WORD.with(|slot| {
        let last_word = slot.get().expect("it was there before the job");
        last_word.ended.set(Some(ended));
    });
}

/// Whether a thread of a model has this OS thread for itself.
pub(super) fn is_own() -> bool {
    LAST_WORD
        .try_with(|slot| slot.get().is_some())
        .unwrap_or(false)
}

/// Suspends a thread whose job is done, in a destructor of a `thread_local!`
/// value.
///
/// # Panics
///
/// If it is no thread of a model.
pub(super) fn suspend_at_exit() {
    LAST_WORD.with(|slot| {
        let last_word = slot.get().expect("only a thread of a model can wait");
        let run = context::leave().expect("a thread that runs has the execution");
        last_word.hand_back(run);
        let (run, _) = last_word.take_over();
        context::stay(run);
    });
}
