//! Threads that borrow from the one that starts them.

use std::fmt;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Thread, job};
use crate::context;
use crate::graph::ThreadId;
use crate::run::Cancelled;

/// Where threads can be started that borrow.
pub struct Scope<'scope, 'env: 'scope> {
    /// Who has started whom. In program order of each thread; in between the
    /// order is that of the execution, which nothing may depend on.
    started: Mutex<Vec<(ThreadId, ThreadId)>>,
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

/// Runs `run`, and waits for all threads that were started in the scope.
///
/// As [`std::thread::scope`]. It waits for threads that were joined, too, which
/// is nothing new then.
///
/// # Panics
///
/// If `run` does; a thread that panics ends the exploration. Outside of a model.
#[track_caller]
pub fn scope<'env, F, T>(run: F) -> T
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
{
    let place = Location::caller();
    let scope = Scope {
        started: Mutex::default(),
        scope: PhantomData,
        env: PhantomData,
    };
    let this = context::current().expect("only a model has threads");
    let result = catch_unwind(AssertUnwindSafe(|| run(&scope)));
    // Each thread comes after the one that has started it, whose list is complete
    // when it is done.
    let mut ended = vec![this];
    let mut next = 0;
    while let Some(&parent) = ended.get(next) {
        let children = scope.children(parent);
        for &child in &children {
            context::join_borrower(child, place);
        }
        ended.extend(children);
        next += 1;
    }
    context::check_cancelled();
    result.unwrap_or_else(|payload| resume_unwind(payload))
}

impl<'scope> Scope<'scope, '_> {
    /// Starts a thread, which may borrow what outlives the scope.
    ///
    /// # Panics
    ///
    /// Outside of a model.
    #[track_caller]
    pub fn spawn<F, T>(&'scope self, run: F) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        let parent = context::current().expect("only a model has threads");
        let (job, result) = job(run);
        let job: Box<dyn FnOnce() + Send + 'scope> = Box::new(job);
        // SAFETY: only the lifetime changes. `scope` does not return, and does not
        // unwind, before the thread is done, or will never start.
        let job = unsafe {
            std::mem::transmute::<
                Box<dyn FnOnce() + Send + 'scope>,
                Box<dyn FnOnce() + Send + 'static>,
            >(job)
        };
        let child = context::spawn(job, Location::caller()).expect("only a model has threads");
        let mut started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        started.push((parent, child));
        ScopedJoinHandle {
            thread: Thread(child),
            result,
            scope: PhantomData,
        }
    }

    fn children(&self, parent: ThreadId) -> Vec<ThreadId> {
        let started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        let children = started.iter().filter(|started| started.0 == parent);
        children.map(|started| started.1).collect()
    }
}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}

/// A thread that was started in a scope.
#[derive(Debug)]
pub struct ScopedJoinHandle<'scope, T> {
    thread: Thread,
    result: Arc<Mutex<Option<T>>>,
    scope: PhantomData<&'scope ()>,
}

impl<T> ScopedJoinHandle<'_, T> {
    /// Waits for the end of the thread.
    ///
    /// # Errors
    ///
    /// While the execution is given up, to destructors. A thread that panics ends
    /// the exploration.
    #[track_caller]
    pub fn join(self) -> std::thread::Result<T> {
        context::join(self.thread.0, Location::caller());
        let mut result = self.result.lock().unwrap_or_else(PoisonError::into_inner);
        result.take().ok_or_else(|| Box::new(Cancelled) as _)
    }

    /// The thread.
    pub fn thread(&self) -> &Thread {
        &self.thread
    }
}
