//! rc11: every execution graph once, loads as they are.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use ::rc11::{Builder, Execution, FailureKind, Flow, Program};
use meta_core::model;

use super::host::ModelHost;
use super::judge::{self, Judge};
use super::subject::{Played, Subject};
use super::watch::Watch;
use super::{EngineName, Exploration, Job, Progress};
use crate::verdict::Verdict;

pub(super) fn explore(job: &Job, progress: Progress) -> Result<Exploration, String> {
    if job.scenario {
        explore_subject(job, Played::new(job, true)?, progress)
    } else {
        explore_subject(job, Judge::new(job, true)?, progress)
    }
}

fn explore_subject<S: Subject<ModelHost>>(
    job: &Job,
    subject: S,
    progress: Progress,
) -> Result<Exploration, String> {
    let threads = subject.threads();
    let watch = Arc::new(Watch::new(job, subject, progress));
    let mut config = model::Config {
        trace: job.trace || job.coverage || job.examples,
        ..model::Config::default()
    };
    for change in &job.orderings {
        config.orderings.push(change.resolve()?);
    }
    model::configure(&config);

    let program = Explored {
        watch: &watch,
        threads,
        done: RefCell::default(),
        ran: Cell::new(false),
    };
    let mut failure = None;
    let mut cut_off = false;
    let ended = catch_unwind(AssertUnwindSafe(|| {
        let report = Builder::new()
            .failed_weak_waits(true)
            .explore_program(&program);
        cut_off = report.cut_off;
        failure = report.failure;
        if std::env::var_os("RC11_STATS").is_some() {
            eprintln!("complete {} blocked {}", report.complete, report.blocked);
        }
    }));
    let ended = match (ended, failure) {
        (Err(payload), _) => Err(payload),
        (Ok(()), None) => Ok(()),
        (Ok(()), Some(failure)) => match failure.kind {
            FailureKind::Panic { payload, .. } => Err(payload),
            kind => {
                let verdict = match kind {
                    FailureKind::DataRace(..) => Verdict::DataRace,
                    FailureKind::Deadlock(_) => Verdict::Deadlock,
                    FailureKind::TooManyEvents(_) => Verdict::CutOff,
                    _ => Verdict::ToolFailure,
                };
                watch.failed(judge::failure(verdict, &kind.to_string()));
                Err(Box::new(()) as Box<dyn std::any::Any + Send>)
            }
        },
    };
    Ok(watch.finish(EngineName::Rc11, ended))
}

struct Explored<'a, S: Subject<ModelHost>> {
    watch: &'a Watch<S>,
    threads: usize,
    done: RefCell<Vec<RefCell<S::Done>>>,
    ran: Cell<bool>,
}

impl<S: Subject<ModelHost>> Program for Explored<'_, S> {
    fn threads(&self) -> usize {
        self.threads
    }

    fn start(&self) {
        let done = self.watch.begin();
        self.done.replace(done.into_iter().map(RefCell::new).collect());
    }

    fn run(&self, thread: usize) {
        let done = self.done.borrow();
        self.watch.run_thread(thread, &mut done[thread].borrow_mut());
    }

    fn finish(&self, _execution: &Execution<'_>) -> Flow {
        let done = self.done.take();
        self.watch.end(done.into_iter().map(RefCell::into_inner).collect());
        Flow::GoOn
    }
}
