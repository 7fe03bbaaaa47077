//! rc11: the execution graphs of a program, with loads and orderings as the code has
//! them; every one once, or some that are drawn.

mod left;
mod told;

use std::any::Any;
use std::cell::{Cell, UnsafeCell};
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ::rc11::thread::scope;
use ::rc11::{Access, Builder, Execution, FailureKind, Flow, Graph, Program};
use meta_core::model;
use pipe::{
    EngineName, Exploration, Failure, Job, Limits, Manner, Rc11, Reason, Record, Search, Target,
};

use super::checked::Checked;
use super::watch::{How, Stop, Watch};
use super::{Progress, changed, failure, not_mine, place};
use crate::interrupt;

pub(super) const NAME: EngineName = EngineName::Rc11;

/// How often it is asked whether to stop.
const LOOK_EVERY: Duration = Duration::from_millis(50);

pub(super) fn is_exact(job: &Job) -> bool {
    matches!(&job.manner, Manner::Rc11(how) if how.search == Search::Exact)
}

/// Explores what is checked. A failing execution is made once more from its graph, and
/// what is recorded of it then: its steps do not depend on how the explorer came to
/// it.
pub(super) fn explore<C: Checked>(
    job: &Job,
    checked: C,
    progress: Progress,
) -> Result<Exploration, String> {
    let Manner::Rc11(how) = &job.manner else {
        return Err(not_mine(job));
    };
    let checked = Arc::new(checked);
    if !how.record.steps || matches!(how.search, Search::Replay { .. }) {
        return explore_once(job, how, checked, &progress);
    }
    let untold = Rc11 {
        record: Record {
            steps: false,
            ..how.record
        },
        ..how.clone()
    };
    let mut run = explore_once(job, &untold, checked.clone(), &progress)?;
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
        let replayed = Job {
            manner: Manner::Rc11(replay.clone()),
            limits: Limits::default(),
            ..job.clone()
        };
        let again = explore_once(&replayed, &replay, checked.clone(), &progress)?;
        let same = again.verdict() == failure.verdict();
        match again.failure {
            Some(again) if same => *failure = again,
            // What a check sees of a word depends on who ran first, which the graph
            // leaves open: the steps are those of the execution itself.
            _ => {
                failure.graph = None;
                let again = explore_once(job, how, checked, &progress)?;
                // Under a limit it need not come to the failure again, which stays one.
                if again.verdict() == failure.verdict() {
                    run = again;
                    run.failure.iter_mut().for_each(|found| found.graph = None);
                }
            }
        }
    }
    Ok(run)
}

/// The explorer, stopped by an interrupt and by a limit on the time.
pub(super) fn builder(limits: Limits) -> Result<Builder, String> {
    let mut builder = Builder::new();
    builder.failed_weak_waits(true);
    builder.on_progress(LOOK_EVERY, |_| {
        if interrupt::requested() {
            Flow::Stop
        } else {
            Flow::GoOn
        }
    });
    if let Some(seconds) = limits.seconds {
        builder.max_duration(Duration::try_from_secs_f64(seconds).map_err(|e| e.to_string())?);
    }
    Ok(builder)
}

/// Explores what is checked, once.
fn explore_once<C: Checked>(
    job: &Job,
    how: &Rc11,
    checked: Arc<C>,
    progress: &Progress,
) -> Result<Exploration, String> {
    let shares = how.record.coverage || matches!(job.case, Target::Scenario(_));
    if how.cores == 0 || how.cores > 1 && shares {
        return Err("scenarios and coverage are explored on one core".to_owned());
    }
    let replayed = match &how.search {
        Search::Replay { graph } => Some(left::load_one(graph)?),
        _ => None,
    };
    let watched = How {
        injects: false,
        samples: job.samples(),
        reduces: false,
        stops_itself: true,
        record: how.record,
    };
    let mut watch = Watch::new(job, watched, checked, progress.clone());
    let mut from = None;
    if let Some(earlier) = &how.resume {
        from = Some(left::load(earlier)?);
        watch = watch.after(earlier);
    }
    let mut config = model::Config {
        trace: how.record.any(),
        sites: how.record.sites,
        ..model::Config::default()
    };
    for change in &how.orderings {
        config.orderings.push(changed(change)?);
    }

    let program = Explored {
        watch: &watch,
        most: job.limits.executions,
        config,
        table: model::classification(),
        cores: AtomicUsize::new(0),
        done: (0..how.cores)
            .map(|_| Done(UnsafeCell::default()))
            .collect(),
        failing: Mutex::default(),
    };
    CORE.set(None);
    let mut builder = builder(job.limits)?;
    // SAFETY: handles are never dropped by themselves; what else a thread has on its
    // stack, the guards of a scenario too, is not needed once the execution is over.
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
            Ok(graphs.is_empty() && failing.is_none() && !(job.samples() && report.cut_off))
        }
        Some(failure) => {
            // Another core may have failed before: that one's failure is kept.
            failing.get_or_insert(failure.graph);
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
    Ok(run)
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
        FailureKind::Deadlock(waiting) => {
            // Who waits for the end of others is none that it depends on.
            let waiting = waiting.iter().filter(|waiting| waiting.joins.is_none());
            let waiting = waiting.map(|waiting| (waiting.thread + 1, at(waiting.place)));
            let waiting: Vec<_> = waiting.collect();
            Reason::Deadlock {
                message: (waiting.iter())
                    .map(|(thread, at)| format!("T{thread} waits {at}"))
                    .collect::<Vec<_>>()
                    .join(", "),
                waiting,
            }
        }
        FailureKind::TooManyEvents(_) => Reason::TooLong { message },
        _ => Reason::Tool { message },
    })
}

fn access(access: &Access) -> String {
    let what = if access.writes { "write" } else { "read" };
    format!("{what} by T{} {}", access.thread + 1, at(access.place))
}

fn at(place: &Location<'_>) -> String {
    match place::shown(place, place::line) {
        Some(place) => format!("at {place}"),
        None => pipe::OPERATION.to_owned(),
    }
}

thread_local! {
    /// Which of the cores of the exploration under way this OS thread is.
    static CORE: Cell<Option<usize>> = const { Cell::new(None) };
}

struct Explored<'a, C: Checked> {
    watch: &'a Watch<C>,
    /// The most executions, those of an earlier exploration aside.
    most: Option<u64>,
    config: model::Config,
    /// What cells are used for.
    table: Vec<model::Classified>,
    /// OS threads that have begun.
    cores: AtomicUsize,
    /// By core, what the threads of its execution did.
    done: Vec<Done<C::Done>>,
    /// The graph of an execution that came to its end, and must not be.
    failing: Mutex<Option<Graph>>,
}

/// What the threads of an execution did, where a thread that is forgotten leaves it.
struct Done<D>(UnsafeCell<Vec<D>>);

// SAFETY: an OS thread touches that of its own core alone.
unsafe impl<D: Send> Sync for Done<D> {}

impl<C: Checked> Explored<'_, C> {
    /// What the threads of this core's execution did.
    fn done(&self) -> *mut Vec<C::Done> {
        let core = CORE.get().unwrap_or_else(|| {
            // ORDERING: Relaxed, no partner: each gets another number.
            let core = self.cores.fetch_add(1, Ordering::Relaxed);
            model::configure(&self.config);
            model::classify(self.table.clone());
            CORE.set(Some(core));
            core
        });
        self.done[core].0.get()
    }
}

impl<C: Checked> Explored<'_, C> {
    /// The start and the end are made of accesses as well.
    fn run_joined(&self) {
        let watch = self.watch;
        // SAFETY: no other thread of this core runs.
        let mut done = std::mem::take(unsafe { &mut *self.done() });
        watch.begin_in(&mut done);
        let threads = &mut done[..watch.checked().threads()];
        let (first, others) = threads.split_first_mut().expect("there are threads");
        scope(|scope| {
            for (thread, done) in (1..).zip(others) {
                scope.spawn(move || watch.run_thread(thread, done));
            }
            watch.run_thread(0, first);
        });
        watch.join(&mut done);
        // SAFETY: the other threads of the execution are done.
        unsafe { *self.done() = done };
    }
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
        let done = self.done();
        if !self.watch.checked().joins() {
            // SAFETY: no thread of this core runs, and none goes on that has begun.
            self.watch.begin_in(unsafe { &mut *done });
        }
    }

    fn run(&self, thread: usize) {
        if self.watch.checked().joins() {
            return self.run_joined();
        }
        // SAFETY: there is one for each thread, which runs once, and until the end
        // of the execution nobody else touches it or moves it.
        let done = unsafe { &mut *(*self.done()).as_mut_ptr().add(thread) };
        self.watch.run_thread(thread, done);
    }

    fn finish(&self, execution: &Execution<'_>) -> Flow {
        // SAFETY: all threads of this core are done.
        let done = unsafe { &*self.done() };
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

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use ::rc11::sync::atomic::AtomicU32;
    use ::rc11::thread::park;
    use facade::cell::UnsafeCell;
    use facade::sync::atomic::AtomicU64;
    use pipe::{AllowedBy, Verdict};
    use programs::outcome::Ends;
    use programs::program::Program;
    use programs::spec::MemoryModel;
    use prop_tests::scenario::Scenario;
    use prop_tests::world::Fault;

    use super::super::checked::CheckedScenario;
    use super::super::tally::Tally;
    use super::*;
    use crate::Subject;

    /// Threads that add, and then read a cell.
    struct Readers;

    type Shared = (AtomicU64, UnsafeCell<u64>);

    thread_local! {
        /// That of the execution under way. No thread keeps one.
        static SHARED: RefCell<Option<Rc<Shared>>> = const { RefCell::new(None) };
    }

    impl Checked for Readers {
        type Done = ();
        type Seen = String;
        type Shown<'a> = String;

        fn threads(&self) -> usize {
            4
        }

        unsafe fn reset(&self) {
            SHARED.replace(Some(Rc::new((AtomicU64::new(0), UnsafeCell::new(7)))));
        }

        unsafe fn run(&self, _thread: usize, (): &mut ()) {
            let shared = SHARED.with_borrow(Clone::clone).expect("it was made");
            // ORDERING: Relaxed, no partner: the threads only get many orders.
            (0..2).for_each(|_| _ = shared.0.fetch_add(1, Ordering::Relaxed));
            // SAFETY: nobody writes it.
            assert_eq!(unsafe { *shared.1.get() }, 7);
        }

        fn show(&self, _done: &[()]) -> Result<String, Fault> {
            Ok(String::new())
        }

        fn forbidden(&self, _seen: &String, _undecided: &mut u64) -> Option<Failure> {
            None
        }

        fn allowed(&self) -> usize {
            1
        }

        fn allowed_by(&self) -> AllowedBy {
            AllowedBy::Nobody
        }

        fn missing(&self, _seen: &Tally<String>) -> Vec<String> {
            Vec::new()
        }

        fn slots(&self) -> fn(usize) -> Option<usize> {
            |_| None
        }
    }

    /// In each core's executions four threads read the cell.
    #[test]
    fn what_cells_are_used_for_is_known_on_every_core() {
        let explored = |reads: &[&str], cores| {
            Subject::new()
                .cells("engine/rc11.rs", include_str!("rc11.rs"), reads)
                .classify();
            let program: Program = "unused: alloc | get".parse().unwrap();
            let mut job = Job::rc11(program, Ends::Left);
            if let Manner::Rc11(how) = &mut job.manner {
                how.cores = cores;
            }
            explore(&job, Readers, Arc::new(|_| ())).unwrap()
        };
        // Eight additions, in the order of each thread.
        let orders = (1..=8).product::<u64>() / 2_u64.pow(4);
        for cores in [1, 3] {
            let run = explored(&["*shared.1.get()"], cores);
            assert_eq!(
                (run.verdict(), run.executions),
                (Verdict::Pass, orders),
                "{run:?}"
            );
            let run = explored(&[], cores);
            assert_eq!(run.verdict(), Verdict::DataRace, "{run:?}");
        }
    }

    fn run(does: fn()) -> Exploration {
        let scenario = Scenario::on("alone", || ()).threads(2, move |(), _| does());
        let checked = CheckedScenario::new(scenario.into(), |_| None, MemoryModel::Rc11, true);
        let job = Job::rc11(Target::Scenario("alone".to_owned()), Ends::Dropped);
        explore(&job, checked, Arc::new(|_| ())).unwrap()
    }

    #[test]
    fn threads_that_wait_for_ever_are_named() {
        let Some(Reason::Deadlock { message, waiting }) = run(park).failure.map(|f| f.reason)
        else {
            panic!("it is a deadlock")
        };
        let threads: Vec<_> = waiting.iter().map(|(thread, _)| *thread).collect();
        assert_eq!(threads, [1, 2], "{message}");
    }

    #[test]
    fn an_execution_without_end_is_cut_off() {
        let run = run(|| {
            let word = AtomicU32::new(0);
            loop {
                word.store(1, Ordering::Relaxed);
            }
        });
        assert_eq!(run.verdict(), Verdict::CutOff, "{:?}", run.failure);
    }
}
