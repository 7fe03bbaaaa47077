//! rc11: every execution graph of a program, once, with loads and orderings as the
//! code has them.

mod left;

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::rc11::{Access, Builder, Execution, FailureKind, Flow, Program};
use meta_core::model;
use pipe::{AllowedBy, Case, EngineName, Exploration, Job, Manner, Rc11, Reason};

use super::host::ModelHost;
use super::judge::ProgramSubject;
use super::subject::{ScenarioSubject, Subject};
use super::watch::{How, Watch};
use super::{Progress, not_mine, site, specification};
use crate::describe::to_core;
use crate::interrupt;

pub(super) const NAME: EngineName = EngineName::Rc11;

/// How often it is asked whether to stop.
const LOOK_EVERY: Duration = Duration::from_millis(50);

pub(super) fn explore(job: &Job, progress: Progress) -> Result<Exploration, String> {
    let Manner::Rc11(how) = &job.manner else {
        return Err(not_mine(job));
    };
    match &job.case {
        Case::Program(program) => {
            let mut judge = ProgramSubject::new(program, job, true)?;
            if job.enumerate && judge.allowed_by == AllowedBy::Search {
                judge = judge.with_explored(specification::outcomes(program, job.ends)?);
            }
            explore_subject(job, how, judge, progress)
        }
        Case::Scenario(name) => {
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
    let shares = how.record.coverage || matches!(job.case, Case::Scenario(_));
    if how.cores == 0 || how.cores > 1 && shares {
        return Err("scenarios and coverage are explored on one core".to_owned());
    }
    let threads = subject.threads();
    let watched = How {
        injects: false,
        samples: false,
        stops_itself: true,
        record: how.record,
    };
    let mut watch = Watch::new(job, watched, subject, progress);
    let mut from = None;
    if let Some(earlier) = &how.resume {
        from = Some(left::load(earlier)?);
        watch = watch.after(earlier);
    }
    let mut config = model::Config {
        trace: how.record.any(),
        ..model::Config::default()
    };
    for change in &how.orderings {
        let changed = (site(&change.site)?, to_core(change.ordering));
        config.orderings.push(changed);
    }

    let program = Explored {
        watch: &watch,
        threads,
        most: job.limits.executions,
        config,
        cores: AtomicUsize::new(0),
        done: (0..how.cores).map(|_| Mutex::default()).collect(),
    };
    CORE.set(None);
    let mut builder = Builder::new();
    builder.failed_weak_waits(true);
    builder.on_progress(LOOK_EVERY, |_| {
        if interrupt::requested() {
            Flow::Stop
        } else {
            Flow::GoOn
        }
    });
    if let Some(seconds) = job.limits.seconds {
        builder.max_duration(Duration::try_from_secs_f64(seconds).map_err(|e| e.to_string())?);
    }
    // SAFETY: handles are never dropped by themselves, and what else a thread of a
    // program has on its stack is memory alone.
    unsafe { builder.forget_blocked(true) };
    let ended = catch_unwind(AssertUnwindSafe(|| match (from, how.cores) {
        (None, 1) => builder.explore_program(&program),
        (None, cores) => builder.explore_parallel(&program, cores),
        (Some(graphs), 1) => builder.go_on_from(graphs, &program),
        (Some(graphs), cores) => builder.go_on_parallel(graphs, &program, cores),
    }));
    let mut graphs = Vec::new();
    let ended = ended.and_then(|report| match report.failure {
        None => {
            graphs = report.left;
            Ok(graphs.is_empty())
        }
        Some(failure) => Err(payload_of(failure.kind)),
    });
    let mut run = watch.finish(ended);
    if how.keeps_left && !graphs.is_empty() {
        run.left = Some(left::save(&graphs, watch.begun())?);
    }
    Ok(run)
}

/// Why the explorer gave up, as the payload of a panic.
fn payload_of(kind: FailureKind) -> Box<dyn Any + Send> {
    let message = kind.to_string();
    Box::new(match kind {
        FailureKind::Panic { payload, .. } => return payload,
        FailureKind::DataRace(earlier, later) => Reason::Race {
            message: format!("{} and {}", access(&earlier), access(&later)),
        },
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

thread_local! {
    /// Which of the cores of the exploration under way this OS thread is.
    static CORE: Cell<Option<usize>> = const { Cell::new(None) };
}

struct Explored<'a, S: Subject<ModelHost>> {
    watch: &'a Watch<S>,
    threads: usize,
    /// The most executions, those of an earlier exploration aside.
    most: Option<u64>,
    config: model::Config,
    /// OS threads that have begun.
    cores: AtomicUsize,
    /// By core, what the threads of its execution did.
    done: Vec<Mutex<Vec<S::Done>>>,
}

impl<S: Subject<ModelHost>> Explored<'_, S> {
    /// What the threads of this core's execution did. Nobody else locks it.
    fn done(&self) -> MutexGuard<'_, Vec<S::Done>> {
        let core = CORE.get().unwrap_or_else(|| {
            // ORDERING: Relaxed, no partner: each gets another number.
            let core = self.cores.fetch_add(1, Ordering::Relaxed);
            model::configure(&self.config);
            CORE.set(Some(core));
            core
        });
        self.done[core]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Subject<ModelHost>> Program for Explored<'_, S> {
    fn threads(&self) -> usize {
        self.threads
    }

    fn start(&self) {
        let mut done = self.done();
        *done = self.watch.begin();
    }

    fn run(&self, thread: usize) {
        let mut done = std::mem::take(&mut self.done()[thread]);
        self.watch.run_thread(thread, &mut done);
        self.done()[thread] = done;
    }

    fn finish(&self, _execution: &Execution<'_>) -> Flow {
        let done = std::mem::take(&mut *self.done());
        let executions = self.watch.end(done);
        match self.most {
            Some(most) if executions >= most => Flow::Stop,
            _ => Flow::GoOn,
        }
    }
}
