//! Looking at an exploration while it goes on.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{Builder, Flow};

/// How far an exploration has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Executions that ended.
    pub complete: u64,
    /// Executions that were given up.
    pub blocked: u64,
    /// Graphs that are left. How many executions they lead to is unknown.
    pub left: usize,
    /// The time since it began.
    pub elapsed: Duration,
}

/// Who looks, and how often.
#[derive(Clone)]
pub(super) struct Observer {
    pub(super) interval: Duration,
    pub(super) look: Arc<dyn Fn(&Progress) -> Flow + Send + Sync>,
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observer")
            .field("interval", &self.interval)
            .finish_non_exhaustive()
    }
}

impl Builder {
    /// Shows how far the exploration has come, at most once in an interval. It is
    /// cut off when `look` returns [`Flow::Stop`].
    ///
    /// The call comes between two executions, by any of the OS threads that
    /// explore. Time is looked at after every 64 executions, and after each
    /// sample.
    pub fn on_progress(
        &mut self,
        interval: Duration,
        look: impl Fn(&Progress) -> Flow + Send + Sync + 'static,
    ) -> &mut Self {
        let look = Arc::new(look);
        self.observer = Some(Observer { interval, look });
        self
    }
}
