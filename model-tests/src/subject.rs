//! The code under test, as far as commands have to know it.

use std::fmt;
use std::sync::OnceLock;

use pipe::Description;

use crate::worker::Worker;

type Ask = dyn Fn() -> Result<Description, String> + Send + Sync;

/// The code under test. It is described when somebody first asks, for that
/// takes a worker, and most programs can be read without.
pub struct Subject {
    ask: Box<Ask>,
    description: OnceLock<&'static Description>,
}

impl Subject {
    /// The subject that `ask` describes.
    pub fn new(ask: impl Fn() -> Result<Description, String> + Send + Sync + 'static) -> Self {
        Subject {
            ask: Box::new(ask),
            description: OnceLock::new(),
        }
    }

    /// Has a worker that is there describe it, so that no other need be built.
    ///
    /// # Errors
    ///
    /// If the worker cannot.
    pub fn learn(&self, worker: &mut Worker) -> Result<(), String> {
        if self.description.get().is_none() {
            let described = worker.describe()?;
            self.description
                .get_or_init(|| Box::leak(Box::new(described)));
        }
        Ok(())
    }

    /// Its description, which is kept for as long as the process runs.
    ///
    /// # Errors
    ///
    /// If it cannot be asked for.
    pub fn description(&self) -> Result<&'static Description, String> {
        if let Some(known) = self.description.get() {
            return Ok(known);
        }
        let asked = (self.ask)()?;
        Ok(self.description.get_or_init(|| Box::leak(Box::new(asked))))
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Subject")
            .field(&self.description.get())
            .finish()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// `meta-core`.
    pub(crate) fn subject() -> Subject {
        Subject::new(|| Ok(::worker::describe()))
    }

    /// `meta-core`, described.
    pub(crate) fn described() -> &'static Description {
        subject().description().unwrap()
    }

    #[test]
    fn a_subject_is_asked_once_and_not_before() {
        use std::sync::atomic::{AtomicU32, Ordering};
        static ASKED: AtomicU32 = AtomicU32::new(0);
        let subject = Subject::new(|| {
            // ORDERING: Relaxed: one thread counts.
            ASKED.fetch_add(1, Ordering::Relaxed);
            Ok(::worker::describe())
        });
        // ORDERING: as above.
        let asked = || ASKED.load(Ordering::Relaxed);
        assert_eq!(asked(), 0);
        let first = subject.description().unwrap();
        assert!(std::ptr::eq(first, subject.description().unwrap()));
        assert_eq!(asked(), 1);
    }
}
