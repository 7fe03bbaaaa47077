//! shuttle: one order of all steps, chosen at random or exhaustively.
//!
//! It knows no weak memory: an ordering that is too weak shows nothing here.
//! The facade adds what shuttle lacks: plain accesses that overlap are a data
//! race, and weak compare-and-swaps fail spuriously, drawn by the random
//! schedulers and one position after the other under DFS.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;

use ::shuttle::scheduler::{
    DfsScheduler, PctScheduler, RandomScheduler, Schedule as TakenSchedule,
    Scheduler as TaskScheduler, Task, TaskId, UrwRandomScheduler,
};
use ::shuttle::{Config, FailurePersistence, MaxSteps, Runner, thread};
use meta_core::model;
use pipe::{Choice, EngineName, Exploration, Job, Manner, Schedule, Scheduler, Spurious};

use super::checked::Checked;
use super::watch::{How, Watch};
use super::{Progress, injected, not_mine};

pub(super) const NAME: EngineName = EngineName::Shuttle;

/// One in this many weak compare-and-swaps fails spuriously under the random
/// schedulers.
const SPURIOUS_ONE_IN: u64 = 8;

/// How many steps DFS follows an execution. A thread that spins is its first choice again
/// and again, so that the schedules that it tries get longer without end.
const DFS_STEPS: usize = 2_000;

pub(super) fn is_exact(job: &Job) -> bool {
    matches!(&job.manner, Manner::Shuttle(how) if how.scheduler == Scheduler::Dfs)
}

pub(super) fn explore<C: Checked>(
    job: &Job,
    checked: C,
    progress: Progress,
) -> Result<Exploration, String> {
    let Manner::Shuttle(how) = &job.manner else {
        return Err(not_mine(job));
    };
    let watched = How {
        injects: matches!(how.spurious, Spurious::Once(_)),
        samples: how.scheduler.samples(),
        reduces: false,
        stops_itself: false,
        record: how.record,
    };
    let watch = Arc::new(Watch::new(job, watched, Arc::new(checked), progress));
    let mut config = model::Config {
        overlap: how.overlap,
        trace: how.record.any(),
        sites: how.record.sites,
        ..model::Config::default()
    };
    match &how.spurious {
        Spurious::Never => {}
        Spurious::Drawn => config.spurious_one_in = Some(SPURIOUS_ONE_IN),
        Spurious::Once(inject) => config.inject = Some(injected(inject)?),
    }
    model::configure(&config);

    let taken = Taken::default();
    let mut settings = Config::new();
    // Failures are saved in a form of our own.
    settings.failure_persistence = FailurePersistence::None;
    settings.silence_warnings = true;
    settings
        .ungraceful_shutdown_config
        .immediately_return_on_panic = true;
    if is_exact(job) {
        settings.max_steps = MaxSteps::FailAfter(DFS_STEPS);
    }
    let limit = |schedules: u64| usize::try_from(schedules).unwrap_or(usize::MAX);
    let ended = match &how.scheduler {
        Scheduler::Dfs => run(DfsScheduler::new(None, false), &settings, &taken, &watch),
        Scheduler::Random { seed, schedules } => {
            let random = RandomScheduler::new_from_seed(*seed, limit(*schedules));
            run(random, &settings, &taken, &watch)
        }
        Scheduler::Pct {
            seed,
            schedules,
            depth,
        } => {
            let pct = Pct::new(*seed, *depth, limit(*schedules));
            run(pct, &settings, &taken, &watch)
        }
        Scheduler::Urw { seed, schedules } => {
            let urw = UrwRandomScheduler::new_from_seed(*seed, limit(*schedules));
            run(urw, &settings, &taken, &watch)
        }
        Scheduler::Replay { schedule } => {
            let replaying = Replaying {
                choices: schedule.0.clone().into(),
                begun: false,
            };
            run(replaying, &settings, &taken, &watch)
        }
    };
    let mut seen = watch.finish(ended.map(|()| true));
    if let Some(failure) = &mut seen.failure {
        failure.schedule = Some(taken.borrow().clone());
    }
    Ok(seen)
}

/// Runs executions until the scheduler has no more, or one of them unwinds.
fn run<C: Checked>(
    scheduler: impl TaskScheduler + 'static,
    settings: &Config,
    taken: &Taken,
    watch: &Arc<Watch<C>>,
) -> std::thread::Result<()> {
    let recording = Recording {
        inner: scheduler,
        taken: taken.clone(),
    };
    let watch = watch.clone();
    catch_unwind(AssertUnwindSafe(|| {
        Runner::new(recording, settings.clone()).run(move || execution(&watch));
    }))
}

fn execution<C: Checked>(watch: &Watch<C>) {
    let mut done = watch.begin();
    let threads = &mut done[..watch.checked().threads()];
    let (first, others) = threads.split_first_mut().expect("there are threads");
    // A scope's end waits once for all threads. Each join would be a step of its
    // own, with others to choose instead.
    thread::scope(|scope| {
        for (thread, done) in (1..).zip(others) {
            scope.spawn(move || watch.run_thread(thread, done));
        }
        watch.run_thread(0, first);
    });
    watch.join(&mut done);
    watch.end_or_stop(done);
}

/// PCT that also runs what leaves it nothing to choose, where shuttle's own
/// asserts: until a first choice came up, each execution begins it anew.
struct Pct {
    inner: PctScheduler,
    seed: u64,
    depth: usize,
    schedules: usize,
    begun: usize,
    has_chosen: bool,
}

impl Pct {
    fn new(seed: u64, depth: usize, schedules: usize) -> Self {
        Pct {
            inner: PctScheduler::new_from_seed(seed, depth, schedules),
            seed,
            depth,
            schedules,
            begun: 0,
            has_chosen: false,
        }
    }
}

impl TaskScheduler for Pct {
    fn new_execution(&mut self) -> Option<TakenSchedule> {
        if !self.has_chosen && self.begun > 0 {
            let seed = self.seed.wrapping_add(self.begun as u64);
            let left = self.schedules.saturating_sub(self.begun);
            self.inner = PctScheduler::new_from_seed(seed, self.depth, left);
        }
        self.begun += 1;
        self.inner.new_execution()
    }

    fn next_task(
        &mut self,
        runnable: &[&Task],
        current: Option<TaskId>,
        is_yielding: bool,
    ) -> Option<TaskId> {
        self.has_chosen |= runnable.len() > 1;
        self.inner.next_task(runnable, current, is_yielding)
    }

    fn next_u64(&mut self) -> u64 {
        self.inner.next_u64()
    }
}

/// Writes down what another scheduler chooses.
struct Recording<S> {
    inner: S,
    taken: Taken,
}

/// The choices of the execution under way, or of the last one.
type Taken = Rc<RefCell<Schedule>>;

impl<S: TaskScheduler> TaskScheduler for Recording<S> {
    fn new_execution(&mut self) -> Option<TakenSchedule> {
        let next = self.inner.new_execution()?;
        self.taken.borrow_mut().0.clear();
        Some(next)
    }

    fn next_task(
        &mut self,
        runnable: &[&Task],
        current: Option<TaskId>,
        is_yielding: bool,
    ) -> Option<TaskId> {
        let task = self.inner.next_task(runnable, current, is_yielding)?;
        self.taken.borrow_mut().0.push(Choice::Task(task.into()));
        Some(task)
    }

    fn next_u64(&mut self) -> u64 {
        let number = self.inner.next_u64();
        self.taken.borrow_mut().0.push(Choice::Random(number));
        number
    }
}

/// Makes the choices of a schedule again, once.
struct Replaying {
    choices: VecDeque<Choice>,
    begun: bool,
}

/// The message when a schedule does not fit the program.
const DOES_NOT_FIT: &str = "the schedule does not fit: was it taken on another commit?";

impl TaskScheduler for Replaying {
    fn new_execution(&mut self) -> Option<TakenSchedule> {
        let first = !std::mem::replace(&mut self.begun, true);
        first.then(|| TakenSchedule::new(0))
    }

    fn next_task(
        &mut self,
        runnable: &[&Task],
        _current: Option<TaskId>,
        _is_yielding: bool,
    ) -> Option<TaskId> {
        let next = match self.choices.pop_front() {
            Some(Choice::Task(task)) => runnable.iter().find(|t| usize::from(t.id()) == task),
            _ => None,
        };
        match next {
            Some(task) => Some(task.id()),
            None => panic!("{DOES_NOT_FIT}"),
        }
    }

    fn next_u64(&mut self) -> u64 {
        match self.choices.pop_front() {
            Some(Choice::Random(number)) => number,
            _ => panic!("{DOES_NOT_FIT}"),
        }
    }
}
