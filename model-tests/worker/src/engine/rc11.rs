//! rc11: every execution graph of a program, once, with loads and orderings as the
//! code has them.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ::rc11::{Access, Builder, Execution, FailureKind, Flow, Program};
use meta_core::model;
use pipe::{AllowedBy, EngineName, Exploration, Job, Manner, Rc11, Reason, Target};

use super::host::ModelHost;
use super::judge::ProgramSubject;
use super::subject::{ScenarioSubject, Subject};
use super::watch::{How, Watch};
use super::{Progress, changed, failure, not_mine, specification};
use crate::describe::to_core;

pub(super) const NAME: EngineName = EngineName::Rc11;

pub(super) fn explore(job: &Job, progress: Progress) -> Result<Exploration, String> {
    let Manner::Rc11(how) = &job.manner else {
        return Err(not_mine(job));
    };
    match &job.case {
        Target::Program(program) => {
            let mut judge = ProgramSubject::new(program, job, true)?;
            if job.enumerate && judge.allowed_by == AllowedBy::Search {
                judge = judge.with_explored(specification::outcomes(program, job.ends)?);
            }
            explore_subject(job, how, judge, progress)
        }
        Target::Scenario(name) => {
            explore_subject(job, how, ScenarioSubject::new(name, true)?, progress)
        }
    }
}

fn explore_subject<S: Subject<ModelHost>>(
    job: &Job,
    how: &Rc11,
    subject: S,
    progress: Progress,
) -> Result<Exploration, String> {
    let threads = subject.threads();
    let watched = How {
        injects: false,
        samples: false,
        record: how.record,
    };
    let watch = Watch::new(job, watched, subject, progress);
    let mut config = model::Config {
        trace: how.record.any(),
        ..model::Config::default()
    };
    for change in &how.orderings {
        let change = changed(&change.site, to_core(change.ordering))?;
        config.orderings.push(change);
    }
    model::configure(&config);

    let program = Explored {
        watch: &watch,
        threads,
        done: RefCell::default(),
    };
    let mut builder = Builder::new();
    builder.failed_weak_waits(true);
    // SAFETY: handles are never dropped by themselves, and what else a thread of a
    // program has on its stack is memory alone.
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
        FailureKind::Deadlock(_) => Reason::Deadlock { message },
        FailureKind::TooManyEvents(_) => Reason::TooLong { message },
        _ => Reason::Tool { message },
    })
}

fn access(access: &Access) -> String {
    let what = if access.writes { "write" } else { "read" };
    let (file, line) = (access.place.file(), access.place.line());
    format!("{what} by T{} at {file}:{line}", access.thread + 1)
}

struct Explored<'a, S: Subject<ModelHost>> {
    watch: &'a Watch<S>,
    threads: usize,
    done: RefCell<Vec<S::Done>>,
}

impl<S: Subject<ModelHost>> Program for Explored<'_, S> {
    fn threads(&self) -> usize {
        self.threads
    }

    fn start(&self) {
        self.done.replace(self.watch.begin());
    }

    fn run(&self, thread: usize) {
        let mut done = std::mem::take(&mut self.done.borrow_mut()[thread]);
        self.watch.run_thread(thread, &mut done);
        self.done.borrow_mut()[thread] = done;
    }

    fn finish(&self, _execution: &Execution<'_>) -> Flow {
        self.watch.end(self.done.take());
        Flow::GoOn
    }
}
