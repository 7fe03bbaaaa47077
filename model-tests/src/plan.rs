//! Which explorations answer for a program.

use prop_tests::outcome::Ends;
use prop_tests::scenario::{Expected, Scenario};
use prop_tests::world::Host;

use crate::engine::{
    EngineName, Exploration, Job, Limits, NEVER_INJECTED, OrderingChange, Probe, Scheduler, SoFar,
};
use crate::verdict::Verdict;
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

/// A program and what is changed for it.
#[derive(Clone, Debug)]
pub struct Question {
    /// The program, in the text form, or the name of a scenario.
    pub program: String,
    /// Whether it is a scenario.
    pub scenario: bool,
    /// What happens to handles at the end.
    pub ends: Vec<Ends>,
    /// Sites with another ordering.
    pub orderings: Vec<OrderingChange>,
    /// A spurious failure.
    pub inject: Option<(String, u32)>,
    /// When to stop early.
    pub limits: Limits,
    /// Where random schedulers begin.
    pub seed: u64,
    /// Whether the steps of a failing execution are wanted.
    pub trace: bool,
}

impl Question {
    /// What a scenario asks, with the ordering that breaks it, if one does.
    ///
    /// # Errors
    ///
    /// If there is no such ordering.
    pub fn of_scenario<H: Host>(scenario: &Scenario<H>) -> Result<Self, String> {
        let orderings = match scenario.expected {
            Expected::Broken {
                weaken: Some(change),
                ..
            } => vec![OrderingChange::parse(change)?],
            _ => Vec::new(),
        };
        Ok(Question {
            program: scenario.name.to_owned(),
            scenario: true,
            ends: vec![Ends::Dropped],
            orderings,
            inject: None,
            limits: Limits::default(),
            seed: 1,
            trace: true,
        })
    }

    /// The explorations under loom: for each end one that reaches every allowed
    /// outcome, and one with stale loads.
    pub fn loom_jobs(&self) -> Vec<Job> {
        self.ends
            .iter()
            .flat_map(|&ends| [(ends, Probe::Cas), (ends, Probe::Load)])
            .map(|(ends, probe)| Job {
                scenario: self.scenario,
                orderings: self.orderings.clone(),
                inject: self.inject.clone(),
                limits: self.limits,
                trace: self.trace,
                ..Job::loom(self.program.clone(), ends, probe)
            })
            .collect()
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
                scenario: self.scenario,
                limits: self.limits,
                ..Job::threads(self.program.clone(), ends, rounds)
            })
            .collect()
    }

    fn shuttle_job(&self, ends: Ends, scheduler: Scheduler) -> Job {
        Job {
            scenario: self.scenario,
            inject: self.inject.clone(),
            limits: self.limits,
            trace: self.trace,
            ..Job::shuttle(self.program.clone(), ends, scheduler)
        }
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
        for &ends in &self.ends {
            let mut dfs = self.shuttle_job(ends, Scheduler::Dfs);
            let limit = self.limits.executions.map_or(DFS_FITS, |n| n.min(DFS_FITS));
            dfs.limits.executions = Some(limit);
            for failing in 0.. {
                if failing > 0 {
                    dfs.inject =
                        Some((meta_core::ordering::ACQUIRE_REF.name().to_owned(), failing));
                }
                let run = worker.explore(&dfs, &mut |so_far| progress(&dfs, so_far))?;
                // Nothing is left to fail, or the rest does not fit: DFS that
                // did not come to its end is no answer, the samples are.
                let over = run
                    .failure
                    .as_ref()
                    .is_some_and(|f| f.message == NEVER_INJECTED);
                let too_large = run.verdict() == Verdict::CutOff;
                if over || too_large {
                    break;
                }
                let failed = run.verdict() != Verdict::Pass;
                let mut job = dfs.clone();
                job.limits = self.limits;
                take(job, run);
                // A failure is an answer. It would come again before whatever
                // were to fail spuriously next.
                if failed {
                    return Ok(());
                }
                // A litmus file that injects a failure of its own says which.
                if self.inject.is_some() {
                    break;
                }
            }
            for job in self.shuttle_samples(ends, SAMPLE) {
                let run = worker.explore(&job, &mut |so_far| progress(&job, so_far))?;
                take(job, run);
            }
        }
        Ok(())
    }
}
