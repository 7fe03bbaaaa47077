//! shuttle: one order of all steps, chosen at random or exhaustively.
//!
//! It knows no weak memory: an ordering that is too weak shows nothing here.
//! The facade adds what shuttle lacks: plain accesses that overlap are a data
//! race, and weak compare-and-swaps fail spuriously, drawn by the random
//! schedulers and one position after the other under DFS.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::Arc;

use ::shuttle::scheduler::{
    DfsScheduler, PctScheduler, RandomScheduler, Schedule as TakenSchedule,
    Scheduler as TaskScheduler, Task, TaskId, UrwRandomScheduler,
};
use ::shuttle::{Config, FailurePersistence, Runner};
use meta_core::model;

use super::host::ModelHost;
use super::judge::Judge;
use super::scheduler::{Choice, Schedule, Scheduler};
use super::subject::{Played, Subject};
use super::watch::{Stop, Watch};
use super::{EngineName, Exploration, Job, Progress};
use crate::ordering_name;

/// One in this many weak compare-and-swaps fails spuriously under the random
/// schedulers.
const SPURIOUS_ONE_IN: u64 = 8;

pub(super) fn explore(job: &Job, progress: Progress) -> Result<Exploration, String> {
    let exact = job.scheduler == Some(Scheduler::Dfs);
    if job.scenario {
        explore_subject(job, Played::new(job, exact)?, progress)
    } else {
        explore_subject(job, Judge::new(job, exact)?, progress)
    }
}

fn explore_subject<S: Subject<ModelHost>>(
    job: &Job,
    subject: S,
    progress: Progress,
) -> Result<Exploration, String> {
    let scheduler = job.scheduler.as_ref().ok_or("shuttle needs a scheduler")?;
    let watch = Arc::new(Watch::new(job, subject, progress));
    if !job.orderings.is_empty() {
        return Err("shuttle does not model orderings: nothing would change".to_owned());
    }
    let mut config = model::Config {
        overlap: job.overlap,
        trace: job.trace || job.coverage || job.examples,
        ..model::Config::default()
    };
    if let Some((site, n)) = &job.inject {
        config.inject = Some((ordering_name::find_site(site)?, *n));
    } else if job.spurious {
        config.spurious_one_in = Some(SPURIOUS_ONE_IN);
    }
    model::configure(&config);

    let taken = Rc::new(RefCell::new(Schedule::default()));
    let recording = |inner: Box<dyn TaskScheduler>| Recording {
        inner,
        taken: taken.clone(),
    };
    let limit = |schedules: u64| usize::try_from(schedules).unwrap_or(usize::MAX);
    let scheduler: Recording = match scheduler {
        Scheduler::Dfs => recording(Box::new(DfsScheduler::new(None, false))),
        Scheduler::Random { seed, schedules } => recording(Box::new(
            RandomScheduler::new_from_seed(*seed, limit(*schedules)),
        )),
        Scheduler::Pct {
            seed,
            schedules,
            depth,
        } => recording(Box::new(PctScheduler::new_from_seed(
            *seed,
            *depth,
            limit(*schedules),
        ))),
        Scheduler::Urw { seed, schedules } => recording(Box::new(
            UrwRandomScheduler::new_from_seed(*seed, limit(*schedules)),
        )),
        Scheduler::System { .. } => return Err("shuttle runs no real threads".to_owned()),
        Scheduler::Replay { schedule } => recording(Box::new(Replaying {
            choices: schedule.parse::<Schedule>()?.0.into(),
            begun: false,
        })),
    };

    let mut runner = Config::new();
    // Failures are saved in a form of our own.
    runner.failure_persistence = FailurePersistence::None;
    runner.silence_warnings = true;
    runner
        .ungraceful_shutdown_config
        .immediately_return_on_panic = true;
    let model = {
        let watch = watch.clone();
        move || execution(&watch)
    };
    let ended = catch_unwind(AssertUnwindSafe(|| {
        Runner::new(scheduler, runner).run(model);
    }));
    let mut seen = watch.finish(EngineName::Shuttle, ended);
    if let Some(failure) = &mut seen.failure {
        failure.schedule = Some(taken.borrow().to_string());
    }
    Ok(seen)
}

fn execution<S: Subject<ModelHost>>(watch: &Arc<Watch<S>>) {
    watch.begin();
    let threads: Vec<_> = (1..watch.threads())
        .map(|thread| {
            let watch = watch.clone();
            ::shuttle::thread::spawn(move || watch.run_thread(thread))
        })
        .collect();
    watch.run_thread(0);
    // shuttle drops threads that nobody waits for.
    for thread in threads {
        if thread.join().is_err() {
            resume_unwind(Box::new(Stop));
        }
    }
}

/// Writes down what another scheduler chooses.
struct Recording {
    inner: Box<dyn TaskScheduler>,
    taken: Rc<RefCell<Schedule>>,
}

impl TaskScheduler for Recording {
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
