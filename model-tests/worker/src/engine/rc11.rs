//! rc11: the execution graphs of a program, with loads and orderings as the code has
//! them; every one once, or some that are drawn.

mod left;
mod told;

use std::any::Any;
use std::cell::{Cell, UnsafeCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ::rc11::{Access, Builder, Execution, FailureKind, Flow, Graph, Program};
use meta_core::model;
use pipe::{
    AllowedBy, EngineName, Exploration, Failure, Job, Limits, Manner, Rc11, Reason, Record, Search,
    Target,
};

use programs::spec::MOST_STATES;

use super::host::ModelHost;
use super::judge::ProgramSubject;
use super::subject::{ScenarioSubject, Subject};
use super::watch::{How, Stop, Watch};
use super::{Progress, not_mine, site, specification};
use crate::describe::to_core;
use crate::interrupt;

pub(super) const NAME: EngineName = EngineName::Rc11;

/// How often it is asked whether to stop.
const LOOK_EVERY: Duration = Duration::from_millis(50);

pub(super) fn explore(job: &Job, progress: Progress) -> Result<Exploration, String> {
    explore_within(job, progress, MOST_STATES)
}

/// The same; what is allowed is enumerated by the specification alone where that takes
/// no more than so many states.
pub(super) fn explore_within(
    job: &Job,
    progress: Progress,
    most_states: usize,
) -> Result<Exploration, String> {
    let Manner::Rc11(how) = &job.manner else {
        return Err(not_mine(job));
    };
    let exact = how.search == Search::Exact;
    match &job.case {
        Target::Program(program) => {
            let mut judge = ProgramSubject::within(program, job, exact, most_states)?;
            let enumerates = job.enumerate && !matches!(how.search, Search::Sample { .. });
            if enumerates && judge.allowed_by == AllowedBy::Search {
                judge = judge.with_explored(specification::outcomes(program, job.ends)?);
            }
            explore_subject(job, how, judge, &progress)
        }
        Target::Scenario(name) => {
            explore_subject(job, how, ScenarioSubject::new(name, exact)?, &progress)
        }
    }
}

/// Explores the subject. A failing execution is made once more from its graph, and
/// what is recorded of it then: its steps do not depend on how the explorer came to
/// it.
fn explore_subject<S: Subject<ModelHost>>(
    job: &Job,
    how: &Rc11,
    subject: S,
    progress: &Progress,
) -> Result<Exploration, String> {
    if !how.record.steps || matches!(how.search, Search::Replay { .. }) {
        return Ok(explore_once(job, how, subject, progress)?.0);
    }
    let untold = Rc11 {
        record: Record {
            steps: false,
            ..how.record
        },
        ..how.clone()
    };
    let (mut run, subject) = explore_once(job, &untold, subject, progress)?;
    if let Some(failure) = &mut run.failure
        && failure.verdict().is_failure()
        && let Some(graph) = &failure.graph
    {
        let replay = Rc11 {
            search: Search::Replay {
                graph: graph.clone(),
            },
            orderings: how.orderings.clone(),
            record: Record::STEPS,
            ..Rc11::default()
        };
        let job = Job {
            manner: Manner::Rc11(replay.clone()),
            limits: Limits::default(),
            ..job.clone()
        };
        let (again, _) = explore_once(&job, &replay, subject, progress)?;
        let verdict = again.verdict();
        *failure = match again.failure {
            Some(again) if verdict == failure.verdict() => again,
            _ => {
                let before = &failure.reason;
                Reason::tool(format!("{before}, and when it is replayed {verdict}")).into()
            }
        };
    }
    Ok(run)
}

/// Explores the subject, and gives it back.
fn explore_once<S: Subject<ModelHost>>(
    job: &Job,
    how: &Rc11,
    subject: S,
    progress: &Progress,
) -> Result<(Exploration, S), String> {
    let shares = how.record.coverage || matches!(job.case, Target::Scenario(_));
    if how.cores == 0 || how.cores > 1 && shares {
        return Err("scenarios and coverage are explored on one core".to_owned());
    }
    let replayed = match &how.search {
        Search::Replay { graph } => Some(left::load_one(graph)?),
        _ => None,
    };
    let threads = subject.threads();
    let watched = How {
        injects: false,
        samples: job.samples(),
        reduces: false,
        stops_itself: true,
        record: how.record,
    };
    let mut watch = Watch::new(job, watched, subject, progress.clone());
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
        done: (0..how.cores)
            .map(|_| Done(UnsafeCell::default()))
            .collect(),
        failing: Mutex::default(),
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
    let ended = catch_unwind(AssertUnwindSafe(|| match (&how.search, from, how.cores) {
        (Search::Exact, None, 1) => builder.explore_program(&program),
        (Search::Exact, None, cores) => builder.explore_parallel(&program, cores),
        (Search::Exact, Some(graphs), 1) => builder.go_on_from(graphs, &program),
        (Search::Exact, Some(graphs), cores) => builder.go_on_parallel(graphs, &program, cores),
        (Search::Sample { seed, samples }, ..) => {
            builder.sample_program(*seed, 0..*samples, &program)
        }
        (Search::Replay { .. }, ..) => {
            builder.replay(replayed.as_ref().expect("it was loaded"), &program)
        }
    }));
    let mut failing = (program.failing.into_inner()).unwrap_or_else(PoisonError::into_inner);
    let mut graphs = Vec::new();
    let ended = ended.and_then(|report| match report.failure {
        None => {
            graphs = report.left;
            Ok(graphs.is_empty() && !(job.samples() && report.cut_off))
        }
        Some(failure) => {
            failing = Some(failure.graph);
            Err(payload_of(failure.kind))
        }
    });
    let mut run = watch.finish(ended);
    if let (Some(failure), Some(graph)) = (&mut run.failure, &failing) {
        // On several cores the steps may be another execution's.
        let told = if how.record.steps {
            let deadlock = matches!(failure.reason, Reason::Deadlock { .. });
            told::add(&mut failure.steps, graph, deadlock)
        } else {
            failure.steps.clear();
            Ok(())
        };
        match told.and_then(|()| left::save_one(graph)) {
            Ok(graph) => failure.graph = Some(graph),
            Err(error) => *failure = Failure::from(Reason::tool(error)),
        }
    }
    if how.keeps_left && failing.is_none() && !graphs.is_empty() {
        run.left = Some(left::save(&graphs, watch.begun())?);
    }
    Ok((run, watch.into_subject()))
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
    done: Vec<Done<S::Done>>,
    /// The graph of an execution that came to its end, and must not be.
    failing: Mutex<Option<Graph>>,
}

/// What the threads of an execution did, where a thread that is forgotten leaves it.
struct Done<D>(UnsafeCell<Vec<D>>);

// SAFETY: an OS thread touches that of its own core alone.
unsafe impl<D: Send> Sync for Done<D> {}

impl<S: Subject<ModelHost>> Explored<'_, S> {
    /// What the threads of this core's execution did.
    fn done(&self) -> *mut Vec<S::Done> {
        let core = CORE.get().unwrap_or_else(|| {
            // ORDERING: Relaxed, no partner: each gets another number.
            let core = self.cores.fetch_add(1, Ordering::Relaxed);
            model::configure(&self.config);
            CORE.set(Some(core));
            core
        });
        self.done[core].0.get()
    }
}

impl<S: Subject<ModelHost>> Program for Explored<'_, S> {
    fn threads(&self) -> usize {
        self.threads
    }

    fn start(&self) {
        // SAFETY: no thread of this core runs, and none goes on that has begun.
        unsafe { *self.done() = self.watch.begin() };
    }

    fn run(&self, thread: usize) {
        // SAFETY: there is one for each thread, which runs once, and until the end
        // of the execution nobody else touches it or moves it.
        let done = unsafe { &mut *(*self.done()).as_mut_ptr().add(thread) };
        self.watch.run_thread(thread, done);
    }

    fn finish(&self, execution: &Execution<'_>) -> Flow {
        // SAFETY: all threads of this core are done.
        let done = unsafe { std::mem::take(&mut *self.done()) };
        let told = |steps: &mut Vec<_>| told::add(steps, execution.graph(), false);
        match self.watch.end(done, told) {
            Ok(executions) if self.most.is_some_and(|most| executions >= most) => Flow::Stop,
            Ok(_) => Flow::GoOn,
            Err(Stop) => {
                let mut failing = self.failing.lock();
                let failing = failing.as_deref_mut().unwrap_or_else(|e| e.get_mut());
                failing.get_or_insert_with(|| execution.graph().clone());
                Flow::Stop
            }
        }
    }
}
