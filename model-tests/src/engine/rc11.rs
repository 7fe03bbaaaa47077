//! rc11: every execution graph once, loads as they are.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
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
        explore_subject(job, Judge::new(job, !job.program.contains('@'))?, progress)
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
    };
    let mut failure = None;
    let mut cut_off = false;
    let ended = catch_unwind(AssertUnwindSafe(|| {
        let mut builder = Builder::new();
        builder.failed_weak_waits(true);
        // SAFETY: handles are never dropped by themselves, and what else a thread
        // of a program has on its stack is memory alone.
        unsafe { builder.forget_blocked(true) };
        let report = builder.explore_program(&program);
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
