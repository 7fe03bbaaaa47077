//! The judges that explore programs, by a loom worker built from the tree.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use programs::outcome::Ends;
use programs::program::{Bound, Program, enumerate};

use super::judge::{JudgeName, Kill};
use model_tests::interrupt;
use model_tests::litmus::Litmus;
use model_tests::pool::Pool;
use pipe::Verdict;
use pipe::{Description, Exploration, Inject, Job, Manner, Probe, Reason, Record, Target};

/// How much longer than with the original an exploration may take.
const PATIENCE: f64 = 20.0;

/// The least number of seconds that an exploration may take.
const LEAST: f64 = 10.0;

/// Explorations that failed for no reason of the program's before a judge gives
/// up.
const TOO_MANY_FAILURES: usize = 8;

/// Programs whose compare-and-swap must be a strong one: nothing else may refuse
/// them. No failure can be injected there unless somebody makes it weak.
const STRONG: [(&str, &str); 2] = [
    ("unused: alloc | count", "CLAIM"),
    ("shared: try_unique | alloc", "TRY_UNIQUE"),
];

/// A judge that explores.
#[derive(Debug)]
pub(super) struct Explorer {
    pub(super) name: JudgeName,
    /// Named after a litmus file, or not.
    runs: Vec<(Option<usize>, Job)>,
    corpus: Vec<Litmus>,
    /// The sites that the original performs, if the runs record them.
    sites: BTreeSet<String>,
}

/// What came of an attempt to kill a mutant, by an explorer.
#[derive(Debug, Default)]
pub(super) struct Attempt {
    pub(super) kill: Option<Kill>,
    /// Why some run says nothing, if there was one.
    pub(super) unclear: Option<String>,
    /// How long each run took.
    seconds: Vec<f64>,
    /// The sites that the runs recorded.
    sites: BTreeSet<String>,
}

impl Explorer {
    /// The litmus files that must pass, the shortest program first.
    pub(super) fn litmus(corpus: Vec<Litmus>) -> Self {
        let mut corpus = corpus;
        corpus.retain(|file| file.expect == Verdict::Pass);
        corpus.sort_by_key(|file| model_tests::audit::oracle::length(&file.program));
        let strong = STRONG.map(|(program, site)| {
            let program: Program = program.parse().expect("a program");
            let mut job = job(program, Ends::Dropped);
            if let Manner::Loom(loom) = &mut job.manner {
                loom.inject = Some(Inject {
                    site: site.to_owned(),
                    n: 1,
                });
            }
            (None, job)
        });
        let record = Record {
            sites: true,
            ..Record::default()
        };
        let of_corpus = corpus.iter().enumerate().flat_map(|(index, file)| {
            let jobs = file.jobs().into_iter();
            jobs.map(move |job| (Some(index), job.recording(record)))
        });
        Explorer {
            name: JudgeName::Litmus,
            runs: of_corpus.chain(strong).collect(),
            corpus,
            sites: BTreeSet::new(),
        }
    }

    /// All canonical programs of a bound.
    pub(super) fn campaign(bound: Bound) -> Self {
        let both = [Ends::Dropped, Ends::Left];
        let runs = enumerate(bound, false)
            .flat_map(|program| both.map(|ends| (None, job(program.clone(), ends))));
        Explorer {
            name: JudgeName::Campaign(bound),
            runs: runs.collect(),
            corpus: Vec::new(),
            sites: BTreeSet::new(),
        }
    }

    /// The scenarios that must pass.
    pub(super) fn scenarios(subject: &Description) -> Self {
        let all = subject.scenarios.iter();
        let runs = all
            .filter(|scenario| scenario.broken.is_none())
            .map(|passing| {
                let case = Target::Scenario(passing.name.clone());
                (None, job(case, Ends::Dropped))
            });
        Explorer {
            name: JudgeName::Scenarios,
            runs: runs.collect(),
            corpus: Vec::new(),
            sites: BTreeSet::new(),
        }
    }

    /// Takes the times of the original as the measure for mutants, and the sites that
    /// it performs.
    pub(super) fn limit(&mut self, original: &Attempt) {
        self.sites.clone_from(&original.sites);
        for ((_, job), seconds) in self.runs.iter_mut().zip(&original.seconds) {
            job.limits.seconds = Some((seconds * PATIENCE).max(LEAST));
        }
    }

    /// Explores until something fails.
    ///
    /// # Errors
    ///
    /// If a worker cannot be started, or an interrupt is requested.
    pub(super) fn judge(&self, pool: &mut Pool) -> Result<Attempt, String> {
        let mut done: BTreeMap<usize, Exploration> = BTreeMap::new();
        let mut failures = 0;
        let jobs = self.runs.iter().map(|(_, job)| job.clone()).enumerate();
        pool.run(jobs, |position, _, run| {
            let verdict = run.verdict();
            failures += usize::from(verdict == Verdict::ToolFailure && !is_strong(&run));
            let over = failures > TOO_MANY_FAILURES || kills(verdict);
            done.insert(position, run);
            if over {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })?;
        if interrupt::requested() {
            return Err("interrupted".to_owned());
        }
        Ok(self.found(&done))
    }

    /// What the runs say together.
    fn found(&self, done: &BTreeMap<usize, Exploration>) -> Attempt {
        let mut found = Attempt::default();
        let mut executions = 0;
        for (position, run) in done {
            let (file, job) = &self.runs[*position];
            let file = file.map(|index| &self.corpus[index]);
            executions += run.executions;
            found.seconds.push(run.seconds);
            found
                .sites
                .extend(run.sites.iter().map(|site| site.name.clone()));
            let verdict = run.verdict();
            let message = run
                .failure
                .as_ref()
                .map(|failure| failure.reason.to_string());
            if kills(verdict) {
                let hangs = verdict == Verdict::CutOff;
                found.kill = Some(Kill {
                    judge: self.name,
                    by: file.map_or_else(|| job.case.to_string(), |file| file.name.clone()),
                    program: Some(job.case.to_string()),
                    verdict: if hangs {
                        "hangs".to_owned()
                    } else {
                        verdict.to_string()
                    },
                    message: message.or_else(|| run.missing.first().cloned()),
                    after: position + 1,
                    executions,
                });
                return found;
            }
            if verdict == Verdict::ToolFailure && !is_strong(run) {
                let message = message.unwrap_or_else(|| verdict.to_string());
                found
                    .unclear
                    .get_or_insert_with(|| format!("{}: {message}", job.case));
            }
        }
        found.kill = self.words_of_files(done, executions);
        if found.kill.is_none() && done.len() == self.runs.len() {
            found.kill = self.idle_site(&found.sites, executions);
        }
        found
    }

    /// The first site that the original performs, and these runs do not: `coverage` and
    /// `audit` report it.
    fn idle_site(&self, performed: &BTreeSet<String>, executions: u64) -> Option<Kill> {
        let site = self.sites.difference(performed).next()?;
        Some(Kill {
            judge: self.name,
            by: site.clone(),
            program: None,
            verdict: "not performed".to_owned(),
            message: None,
            after: self.runs.len(),
            executions,
        })
    }

    /// The first litmus file whose own words the runs do not fulfil.
    fn words_of_files(&self, done: &BTreeMap<usize, Exploration>, executions: u64) -> Option<Kill> {
        if done.len() < self.runs.len() {
            return None;
        }
        self.corpus.iter().enumerate().find_map(|(index, file)| {
            let of_file = |position: &usize| self.runs[*position].0 == Some(index);
            let runs: Vec<_> = done
                .iter()
                .filter(|(position, _)| of_file(position))
                .map(|(position, run)| (self.runs[*position].1.clone(), run.clone()))
                .collect();
            // Loom overlooks stale reads on several slots: those are rc11's to show.
            if file.program.slots() > 1 {
                return None;
            }
            let message = file.judge_outcomes(&runs, true).err()?;
            Some(Kill {
                judge: self.name,
                by: file.name.clone(),
                program: Some(file.program.to_string()),
                verdict: Verdict::MissingOutcome.to_string(),
                message: Some(message),
                after: self.runs.len(),
                executions,
            })
        })
    }
}

/// A run that is cut off shows a difference too: the original comes to its end
/// in a fraction of the limit.
fn kills(verdict: Verdict) -> bool {
    verdict.is_failure() || verdict == Verdict::CutOff
}

/// Whether the run only says that there was no weak compare-and-swap to fail.
fn is_strong(run: &Exploration) -> bool {
    let failure = run.failure.as_ref();
    failure.is_some_and(|failure| failure.reason == Reason::NeverInjected)
}

fn job(case: impl Into<Target>, ends: Ends) -> Job {
    Job::loom(case, ends, Probe::Cas)
}
