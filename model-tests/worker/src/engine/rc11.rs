//! rc11: every execution graph of a program, once, with loads and orderings as the
//! code has them.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use ::rc11::thread::scope;
use ::rc11::{Access, Builder, Execution, FailureKind, Flow, Program};
use meta_core::model;
use pipe::{EngineName, Exploration, Job, Manner, Reason};

use super::checked::Checked;
use super::watch::{How, Watch};
use super::{Progress, changed, failure, not_mine};

pub(super) const NAME: EngineName = EngineName::Rc11;

pub(super) fn is_exact(_job: &Job) -> bool {
    true
}

pub(super) fn explore<C: Checked>(
    job: &Job,
    checked: C,
    progress: Progress,
) -> Result<Exploration, String> {
    let Manner::Rc11(how) = &job.manner else {
        return Err(not_mine(job));
    };
    let watched = How {
        injects: false,
        samples: false,
        record: how.record,
    };
    let watch = Watch::new(job, watched, Arc::new(checked), progress);
    let mut config = model::Config {
        trace: how.record.any(),
        sites: how.record.sites,
        ..model::Config::default()
    };
    for change in &how.orderings {
        let change = changed(change)?;
        config.orderings.push(change);
    }
    model::configure(&config);

    let program = Explored {
        watch: &watch,
        done: RefCell::default(),
    };
    let mut builder = Builder::new();
    builder.failed_weak_waits(true);
    // SAFETY: handles are never dropped by themselves; what else a thread has on its
    // stack, the guards of a scenario too, is not needed once the execution is over.
    unsafe { builder.forget_blocked(true) };
    let ended = catch_unwind(AssertUnwindSafe(|| builder.explore_program(&program)));
    let ended = ended.and_then(|report| match report.failure {
        None => Ok(()),
        Some(failure) => Err(payload_of(failure.kind)),
    });
    Ok(watch.finish(ended))
}

/// Why the explorer gave up, as the payload of a panic.
fn payload_of(kind: FailureKind) -> Box<dyn Any + Send> {
    let message = kind.to_string();
    Box::new(match kind {
        FailureKind::Panic { payload, .. } => return payload,
        FailureKind::DataRace(earlier, later) => {
            match model::to_classify([&earlier, &later].map(|access| (access.place, access.writes)))
            {
                Some(place) => failure::unclassified(place),
                None => Reason::Race {
                    message: format!("{} and {}", access(&earlier), access(&later)),
                },
            }
        }
        FailureKind::Deadlock(waiting) => Reason::Deadlock {
            // Who waits for the end of others is none that it depends on.
            message: waiting
                .iter()
                .filter(|waiting| waiting.joins.is_none())
                .map(|waiting| {
                    let (file, line) = (waiting.place.file(), waiting.place.line());
                    format!("T{} waits at {file}:{line}", waiting.thread + 1)
                })
                .collect::<Vec<_>>()
                .join(", "),
        },
        FailureKind::TooManyEvents(_) => Reason::TooLong { message },
        _ => Reason::Tool { message },
    })
}

fn access(access: &Access) -> String {
    let what = if access.writes { "write" } else { "read" };
    let (file, line) = (access.place.file(), access.place.line());
    format!("{what} by T{} at {file}:{line}", access.thread + 1)
}

struct Explored<'a, C: Checked> {
    watch: &'a Watch<C>,
    done: RefCell<Vec<C::Done>>,
}

impl<C: Checked> Program for Explored<'_, C> {
    fn threads(&self) -> usize {
        let checked = self.watch.checked();
        // The first one starts those that it waits for.
        if checked.joins() {
            1
        } else {
            checked.threads()
        }
    }

    fn start(&self) {
        if !self.watch.checked().joins() {
            self.done.replace(self.watch.begin());
        }
    }

    fn run(&self, thread: usize) {
        if self.watch.checked().joins() {
            return self.run_joined();
        }
        let mut done = std::mem::take(&mut self.done.borrow_mut()[thread]);
        self.watch.run_thread(thread, &mut done);
        self.done.borrow_mut()[thread] = done;
    }

    fn finish(&self, _execution: &Execution<'_>) -> Flow {
        self.watch.end(self.done.take());
        Flow::GoOn
    }
}

impl<C: Checked> Explored<'_, C> {
    /// The start and the end are made of accesses as well.
    fn run_joined(&self) {
        let watch = self.watch;
        let mut done = watch.begin();
        let threads = &mut done[..watch.checked().threads()];
        let (first, others) = threads.split_first_mut().expect("there are threads");
        scope(|scope| {
            for (thread, done) in (1..).zip(others) {
                scope.spawn(move || watch.run_thread(thread, done));
            }
            watch.run_thread(0, first);
        });
        watch.join(&mut done);
        self.done.replace(done);
    }
}
