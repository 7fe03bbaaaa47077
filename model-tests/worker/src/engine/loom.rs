//! loom: what its reduction leaves of a program's interleavings and reads-from choices.
//!
//! Lean on purpose, for most of loom's time goes into threads and objects:
//! thread 1 runs on the model's own thread, nothing is joined, the start state
//! is built by construction, and results go through plain memory that loom does
//! not see.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use meta_core::model;
use pipe::{EngineName, Exploration, Job, Loom, Manner, Probe};

use super::checked::Checked;
use super::watch::{How, Watch};
use super::{Progress, changed, injected, not_mine};

pub(super) const NAME: EngineName = EngineName::Loom;

/// Switch points in one execution. loom stops with a message at the limit,
/// which ends as `cut off`; programs of five threads stay far below.
const MAX_BRANCHES: usize = 4_000;

/// A failed weak CAS ends the branch from this number of threads on. With two
/// threads the retries cost little and are kept.
const CUT_RETRIES_FROM: usize = 3;

pub(super) fn is_exact(job: &Job) -> bool {
    matches!(&job.manner, Manner::Loom(how) if how.probe == Probe::Cas)
}

pub(super) fn explore<C: Checked>(
    job: &Job,
    checked: C,
    progress: Progress,
) -> Result<Exploration, String> {
    let Manner::Loom(how) = &job.manner else {
        return Err(not_mine(job));
    };
    let checked = Arc::new(checked);
    loop {
        let seen = explore_once(job, how, checked.clone(), progress.clone())?;
        // The first run learns how many words there are.
        if !model::needs_another_run() {
            return Ok(seen);
        }
    }
}

fn explore_once<C: Checked>(
    job: &Job,
    how: &Loom,
    checked: Arc<C>,
    progress: Progress,
) -> Result<Exploration, String> {
    let threads = checked.threads();
    if threads > ::loom::MAX_THREADS {
        return Err(format!(
            "loom runs at most {} threads, and the program has {threads}",
            ::loom::MAX_THREADS
        ));
    }
    let watched = How {
        injects: how.inject.is_some(),
        samples: false,
        reduces: how.probe == Probe::Load,
        stops_itself: false,
        record: how.record,
    };
    let watch = Arc::new(Watch::new(job, watched, checked, progress));
    let mut config = model::Config {
        probe: match how.probe {
            Probe::Cas => model::Probe::FailingCas,
            Probe::Load => model::Probe::Load,
        },
        cut_retries: threads >= CUT_RETRIES_FROM && how.inject.is_none(),
        trace: how.record.any(),
        sites: how.record.sites,
        ..model::Config::default()
    };
    for change in &how.orderings {
        let change = changed(change)?;
        config.orderings.push(change);
    }
    if let Some(inject) = &how.inject {
        config.inject = Some(injected(inject)?);
    }
    model::configure(&config);

    // Each field is set here: the environment must not bound a run silently.
    let mut builder = ::loom::model::Builder::new();
    builder.max_threads = ::loom::MAX_THREADS;
    builder.max_branches = MAX_BRANCHES;
    builder.max_permutations = None;
    builder.max_duration = None;
    builder.preemption_bound = None;
    builder.checkpoint_file = None;
    builder.expect_explicit_explore = false;
    builder.location = true;
    builder.log = false;

    let model = {
        let watch = watch.clone();
        move || execution(&watch)
    };
    let ended = catch_unwind(AssertUnwindSafe(|| builder.check(model)));
    Ok(watch.finish(ended.map(|()| true)))
}

fn execution<C: Checked>(watch: &Arc<Watch<C>>) {
    let done = watch.begin();
    let threads = watch.checked().threads();
    let execution = Arc::new(Execution {
        watch: watch.clone(),
        gathered: Mutex::new(Gathered {
            done,
            running: threads,
        }),
    });
    let spawn = |thread| {
        let execution = execution.clone();
        ::loom::thread::spawn(move || execution.run_thread(thread))
    };
    let others: Vec<_> = (1..threads).map(spawn).collect();
    execution.run_thread(0);
    if watch.checked().joins() {
        for other in others {
            other.join().expect("a panic ends the execution");
        }
        let mut done = std::mem::take(&mut execution.gathered().done);
        watch.join(&mut done);
        watch.end_or_stop(done);
    }
}

/// An execution whose threads do not wait for one another, unless they are
/// joined.
struct Execution<C: Checked> {
    watch: Arc<Watch<C>>,
    gathered: Mutex<Gathered<C::Done>>,
}

/// What the threads did, and how many of them are still about it.
struct Gathered<D> {
    done: Vec<D>,
    running: usize,
}

impl<C: Checked> Execution<C> {
    fn gathered(&self) -> MutexGuard<'_, Gathered<C::Done>> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a thread; the last one that is done ends the execution, if they are
    /// not joined.
    fn run_thread(&self, thread: usize) {
        let mut done = std::mem::take(&mut self.gathered().done[thread]);
        self.watch.run_thread(thread, &mut done);
        let mut gathered = self.gathered();
        gathered.done[thread] = done;
        gathered.running -= 1;
        if gathered.running == 0 && !self.watch.checked().joins() {
            let done = std::mem::take(&mut gathered.done);
            drop(gathered);
            self.watch.end_or_stop(done);
        }
    }
}
