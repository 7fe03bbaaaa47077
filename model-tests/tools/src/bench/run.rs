//! A run: all that was asked for, round after round.

use std::path::PathBuf;

use programs::outcome::Ends;
use programs::program::{Bound, Ranked};

use super::criterion::{self, Speed};
use super::{Part, Plan, Results, controls, instructions, timed};
use crate::scale::{self, ScaleRow};
use model_tests::campaign::Way;
use model_tests::interrupt;
use model_tests::litmus::{self, Litmus};
use model_tests::pool::Pool;
use model_tests::subject::Subject;
use model_tests::worker::{self, Worker};
use model_tests::workspace;
use pipe::Verdict;
use pipe::{EngineName, Probe};

/// The engines with a benchmark.
const ENGINES: [EngineName; 4] = [
    EngineName::Rc11,
    EngineName::Loom,
    EngineName::Shuttle,
    EngineName::Threads,
];

/// The programs that measure, as far as a plan needs them.
#[derive(Debug)]
pub struct Tools {
    protocol: PathBuf,
    engines: Vec<(EngineName, PathBuf)>,
    loom: PathBuf,
    rc11: PathBuf,
    corpus: Vec<Litmus>,
    home: PathBuf,
    subject: Subject,
    /// Parts that cannot be measured here, and why.
    skipped: Vec<(Part, String)>,
}

impl Tools {
    /// Builds what the plan needs; `progress` is told what comes next.
    ///
    /// # Errors
    ///
    /// If something cannot be built.
    pub fn build(plan: &Plan, mut progress: impl FnMut(&str)) -> Result<Self, String> {
        let root = workspace::root();
        let subject = Subject::new(|| {
            let worker = worker::build(EngineName::Loom)?;
            Worker::new(EngineName::Loom, &worker).describe()
        });
        let folder = workspace::litmus();
        let mut tools = Tools {
            protocol: PathBuf::new(),
            engines: Vec::new(),
            loom: PathBuf::new(),
            rc11: PathBuf::new(),
            corpus: litmus::load_all(&folder, &subject).map_err(|e| e.to_string())?,
            home: workspace::target().join("bench"),
            subject,
            skipped: Vec::new(),
        };
        if plan.wants(Part::Instructions)
            && let Err(why) = instructions::possible()
        {
            tools.skipped.push((Part::Instructions, why));
        }
        let counts = plan.wants(Part::Instructions) && tools.skipped.is_empty();
        let mut build = |engine, package, bench| {
            progress(&format!(
                "build the benchmark {bench} of {package} ({engine})"
            ));
            criterion::build(root, engine, package, bench)
        };
        if plan.wants(Part::Protocol) || counts {
            tools.protocol = build(EngineName::Threads, "prop-tests", "protocol")?;
        }
        for engine in ENGINES {
            if plan.wants(Part::Engines) || (counts && engine != EngineName::Threads) {
                let program = build(engine, "worker", "engines")?;
                tools.engines.push((engine, program));
            }
        }
        if [Part::Commands, Part::Controls, Part::Scale]
            .iter()
            .any(|part| plan.wants(*part))
        {
            progress("build the workers of loom and rc11");
            tools.loom = worker::build(EngineName::Loom)?;
            tools.rc11 = worker::build(EngineName::Rc11)?;
        }
        Ok(tools)
    }

    /// Measures, and adds to the results. An interrupt ends it with what there
    /// is, which is not complete then; so does a failure.
    ///
    /// # Errors
    ///
    /// If something cannot be run, or does not end as it must.
    pub fn measure(
        &self,
        plan: &Plan,
        results: &mut Results,
        mut progress: impl FnMut(&str),
    ) -> Result<(), String> {
        results.skipped.clone_from(&self.skipped);
        let skipped = |part| self.skipped.iter().any(|(skipped, _)| *skipped == part);
        for round in 0..plan.rounds {
            for &part in plan.parts.iter().filter(|part| !skipped(**part)) {
                // Counts are the same in every round.
                if round > 0 && matches!(part, Part::Instructions | Part::Scale) {
                    continue;
                }
                if interrupt::requested() {
                    return Ok(());
                }
                progress(&format!("round {} of {}: {part}", round + 1, plan.rounds));
                match self.part(plan, part, round, results) {
                    // What an interrupt ended is no failure.
                    Err(_) if interrupt::requested() => return Ok(()),
                    measured => measured?,
                }
            }
        }
        results.complete = !interrupt::requested();
        Ok(())
    }

    fn part(
        &self,
        plan: &Plan,
        part: Part,
        round: usize,
        results: &mut Results,
    ) -> Result<(), String> {
        let speed = Speed {
            warm_up: plan.seconds / 4.0,
            measure: plan.seconds,
            samples: 20,
        };
        let home = self.home.join(part.to_string());
        let mut take = |figure| results.add(figure);
        match part {
            Part::Protocol => criterion::measure(&self.protocol, part, &home, speed, take),
            Part::Engines => self.engines.iter().try_for_each(|(_, program)| {
                criterion::measure(program, part, &home, speed, &mut take)
            }),
            Part::Instructions => {
                instructions::of_protocol(&self.protocol, &mut take)?;
                // Real threads wait for each other, as long as it takes.
                let explorers = self.engines.iter();
                explorers
                    .filter(|(engine, _)| *engine != EngineName::Threads)
                    .try_for_each(|(_, program)| instructions::of_engine(program, &mut take))
            }
            Part::Commands => {
                let long = plan.long && round == 0;
                let subject = self.subject.description()?;
                let ways = [(Way::Rc11, &self.rc11), (Way::Loom(Probe::Cas), &self.loom)];
                ways.into_iter().try_for_each(|(way, worker)| {
                    let (workers, corpus) = (plan.workers, &self.corpus);
                    timed::all(way, worker, workers, corpus, subject, long, &mut take)
                })
            }
            Part::Controls => {
                let mut worker = Worker::new(EngineName::Loom, &self.loom);
                controls::all(&mut worker, &self.corpus, self.subject.description()?, take)
            }
            Part::Scale => {
                let mut pool = Pool::new(EngineName::Loom, &self.loom, plan.workers);
                scale(plan, &mut pool, &mut results.scale)
            }
        }
    }
}

/// A sample of each bound; none of a bound that an interrupt cut short.
fn scale(plan: &Plan, pool: &mut Pool, rows: &mut Vec<ScaleRow>) -> Result<(), String> {
    for bound in &plan.bounds {
        let bound: Bound = bound.parse().map_err(|e| format!("{bound}: {e}"))?;
        let programs = Ranked::new(bound, false);
        for ends in [Ends::Dropped, Ends::Left] {
            let plan = scale::BoundSample {
                bound,
                ends,
                sample: plan.sample,
                most_executions: scale::MOST_EXECUTIONS,
            };
            match plan.measure(pool, &programs, |_, _| ())? {
                Some(row) if row.verdict == Verdict::Pass => rows.push(row),
                Some(row) => return Err(format!("{bound}: a program ends in {}", row.verdict)),
                None => return Ok(()),
            }
        }
    }
    Ok(())
}
