//! Which explorations answer for a program.

use pipe::{
    EngineName, Exploration, Inject, Job, Limits, Manner, Ordering, OrderingChange, Probe, Reason,
    Record, Scheduler, SoFar, Spurious, Target, Verdict,
};
use programs::outcome::Ends;

use crate::worker::Worker;

/// The most schedules that DFS is given to come to its end; a program that
/// needs more is sampled.
pub const DFS_FITS: u64 = 100_000;

/// How many schedules each sampling scheduler draws where DFS does not fit, and
/// beside it for overlapping accesses and spurious failures.
pub const SAMPLE: u64 = 1_000;

/// How often a program runs on real threads.
pub const ROUNDS: u64 = 20_000;

/// The bug depth that PCT is given: two places where priorities change.
pub const PCT_DEPTH: usize = 3;

/// Whether the engine models these orderings.
pub fn models(engine: EngineName, orderings: &[OrderingChange]) -> bool {
    let seq_cst = |change: &OrderingChange| change.ordering == Ordering::SeqCst;
    engine == EngineName::Rc11 || !orderings.iter().any(seq_cst)
}

/// A program and what is changed for it.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// What is run.
    pub case: Target,
    /// What happens to handles at the end.
    pub ends: Vec<Ends>,
    /// Sites with another ordering.
    pub orderings: Vec<OrderingChange>,
    /// A spurious failure.
    pub inject: Option<Inject>,
    /// When to stop early.
    pub limits: Limits,
    /// Where random schedulers begin.
    pub seed: u64,
    /// Whether the steps of a failing execution are wanted.
    pub trace: bool,
}

impl Experiment {
    /// What a scenario asks, with the ordering that breaks it, if one does.
    pub fn of_scenario(name: &str, broken_by: Option<OrderingChange>) -> Self {
        Experiment {
            case: Target::Scenario(name.to_owned()),
            ends: vec![Ends::Dropped],
            orderings: broken_by.into_iter().collect(),
            inject: None,
            limits: Limits::default(),
            seed: 1,
            trace: true,
        }
    }

    fn record(&self) -> Record {
        Record {
            steps: self.trace,
            ..Record::default()
        }
    }

    /// The explorations under rc11: one for each end.
    pub fn rc11_jobs(&self) -> Vec<Job> {
        self.ends
            .iter()
            .map(|&ends| {
                let mut job = Job::rc11(self.case.clone(), ends);
                job.limits = self.limits;
                job.recording(self.record()).with_orderings(&self.orderings)
            })
            .collect()
    }

    /// The explorations under loom: for each end one that reaches every allowed
    /// outcome, and one with stale loads.
    pub fn loom_jobs(&self) -> Vec<Job> {
        self.ends
            .iter()
            .flat_map(|&ends| [(ends, Probe::Cas), (ends, Probe::Load)])
            .map(|(ends, probe)| {
                let mut job = Job::loom(self.case.clone(), ends, probe);
                job.limits = self.limits;
                if let Manner::Loom(loom) = &mut job.manner {
                    loom.orderings.clone_from(&self.orderings);
                    loom.inject.clone_from(&self.inject);
                    loom.record = self.record();
                }
                job
            })
            .collect()
    }

    /// Whether rc11 can say anything: it injects no failure.
    pub fn suits_rc11(&self) -> bool {
        self.inject.is_none()
    }

    /// Whether loom can say anything: it does not model SeqCst.
    pub fn suits_loom(&self) -> bool {
        models(EngineName::Loom, &self.orderings)
    }

    /// Whether shuttle can say anything: changed orderings mean nothing to it.
    pub fn suits_shuttle(&self) -> bool {
        self.orderings.is_empty()
    }

    /// Whether real threads can say anything: they run the code as it is.
    pub fn suits_threads(&self) -> bool {
        self.orderings.is_empty() && self.inject.is_none()
    }

    /// The runs on real threads.
    pub fn threads_jobs(&self, rounds: u64) -> Vec<Job> {
        self.ends
            .iter()
            .map(|&ends| Job {
                limits: self.limits,
                ..Job::threads(self.case.clone(), ends, rounds)
            })
            .collect()
    }

    fn shuttle_job(&self, ends: Ends, scheduler: Scheduler) -> Job {
        let mut job = Job::shuttle(self.case.clone(), ends, scheduler);
        job.limits = self.limits;
        if let Manner::Shuttle(shuttle) = &mut job.manner {
            if let Some(inject) = &self.inject {
                shuttle.spurious = Spurious::Once(inject.clone());
            }
            shuttle.record = self.record();
        }
        job
    }

    /// The sampling runs under shuttle, for one end.
    pub fn shuttle_samples(&self, ends: Ends, schedules: u64) -> Vec<Job> {
        let seed = self.seed;
        [
            Scheduler::Random { seed, schedules },
            Scheduler::Pct {
                seed,
                schedules,
                depth: PCT_DEPTH,
            },
            Scheduler::Urw { seed, schedules },
        ]
        .map(|scheduler| self.shuttle_job(ends, scheduler))
        .into()
    }

    /// All explorations under shuttle, one after the other. DFS to its end
    /// where that fits, with each single spurious failure in turn; and samples
    /// that also look for overlapping accesses.
    ///
    /// # Errors
    ///
    /// If the worker refuses a job or cannot be started.
    pub fn run_shuttle(
        &self,
        worker: &mut Worker,
        mut progress: impl FnMut(&Job, SoFar),
        mut take: impl FnMut(Job, Exploration),
    ) -> Result<(), String> {
        debug_assert_eq!(worker.engine(), EngineName::Shuttle);
        // A litmus file that injects a failure of its own says which.
        let weak = match self.inject {
            Some(_) => Vec::new(),
            None => worker.describe()?.sites,
        };
        let weak: Vec<_> = weak.into_iter().filter(|site| site.weak).collect();
        for &ends in &self.ends {
            let mut dfs = |inject: Option<Inject>| {
                let mut job = self.shuttle_job(ends, Scheduler::Dfs);
                if let (Manner::Shuttle(shuttle), Some(inject)) = (&mut job.manner, inject) {
                    shuttle.spurious = Spurious::Once(inject);
                }
                let limit = self.limits.executions.map_or(DFS_FITS, |n| n.min(DFS_FITS));
                job.limits.executions = Some(limit);
                let run = worker.explore(&job, &mut |so_far| progress(&job, so_far))?;
                job.limits = self.limits;
                let next = Next::after(&run);
                if !matches!(next, Next::NoAnswer) {
                    take(job, run);
                }
                Ok::<_, String>(next)
            };
            let whole = dfs(None)?;
            let mut failed = whole == Next::Failed;
            // What does not fit as it is does not fit with more.
            for site in weak.iter().filter(|_| whole == Next::More) {
                let mut next = whole;
                for n in 1.. {
                    if failed || next != Next::More {
                        break;
                    }
                    let site = site.name.clone();
                    next = dfs(Some(Inject { site, n }))?;
                    failed = next == Next::Failed;
                }
            }
            if failed {
                return Ok(());
            }
            for job in self.shuttle_samples(ends, SAMPLE) {
                let run = worker.explore(&job, &mut |so_far| progress(&job, so_far))?;
                take(job, run);
            }
        }
        Ok(())
    }
}

/// What to do after a run of DFS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// Let another compare-and-swap fail.
    More,
    /// It was an answer, and would come again before whatever were to fail
    /// spuriously next.
    Failed,
    /// Nothing was left to fail, or the rest does not fit: DFS that did not come
    /// to its end is no answer, the samples are.
    NoAnswer,
}

impl Next {
    fn after(run: &Exploration) -> Self {
        let reason = run.failure.as_ref().map(|failure| &failure.reason);
        match run.verdict() {
            _ if reason == Some(&Reason::NeverInjected) => Next::NoAnswer,
            Verdict::CutOff => Next::NoAnswer,
            Verdict::Pass => Next::More,
            _ => Next::Failed,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// What a program asks as it is.
    pub(crate) fn question(program: &str) -> Experiment {
        let program: programs::program::Program = program.parse().unwrap();
        Experiment {
            case: program.into(),
            ends: vec![Ends::Dropped, Ends::Left],
            ..Experiment::of_scenario("", None)
        }
    }
}
