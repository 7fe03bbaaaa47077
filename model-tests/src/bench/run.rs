//! A run: all that was asked for, round after round.

use std::path::{Path, PathBuf};

use prop_tests::outcome::Ends;
use prop_tests::program::{Bound, Ranked};

use super::criterion::{self, Speed};
use super::{Figure, Part, Results, controls, instructions, timed};
use crate::docs::root;
use crate::engine::EngineName;
use crate::interrupt;
use crate::litmus::{self, Litmus};
use crate::pool::Pool;
use crate::scale::{self, Row};
use crate::verdict::Verdict;
use crate::worker::{self, Worker, WorkerBuild};

/// What to measure.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The parts.
    pub parts: Vec<Part>,
    /// How often, in turns.
    pub rounds: usize,
    /// How long each operation is measured in a round, in seconds.
    pub seconds: f64,
    /// Whether what takes minutes is measured too, once.
    pub long: bool,
    /// Worker processes of commands.
    pub workers: usize,
}

/// The engines with a benchmark.
const ENGINES: [EngineName; 3] = [EngineName::Loom, EngineName::Shuttle, EngineName::Threads];

/// The programs that measure.
struct Tools {
    protocol: Option<PathBuf>,
    engines: Vec<PathBuf>,
    loom: Option<PathBuf>,
    corpus: Vec<Litmus>,
    home: PathBuf,
}

/// Builds what is needed, and measures. An interrupt ends it with what there is,
/// which is not complete then. `progress` is told what comes next.
///
/// # Errors
///
/// If something cannot be built or run, or does not end as it must.
pub fn run(plan: &Plan, mut progress: impl FnMut(&str)) -> Result<Results, String> {
    let tools = Tools::build(plan, &mut progress)?;
    let mut results = Results::here();
    if plan.parts.contains(&Part::Instructions)
        && let Err(why) = instructions::possible()
    {
        results.skipped.push((Part::Instructions, why));
    }
    for round in 0..plan.rounds {
        for &part in &plan.parts {
            if interrupt::requested() {
                return Ok(results);
            }
            progress(&format!("round {} of {}: {part}", round + 1, plan.rounds));
            match tools.measure(plan, part, round, &mut results) {
                // What an interrupt ended is no failure.
                Err(_) if interrupt::requested() => return Ok(results),
                measured => measured?,
            }
        }
    }
    results.complete = !interrupt::requested();
    Ok(results)
}

impl Tools {
    fn build(plan: &Plan, progress: &mut impl FnMut(&str)) -> Result<Self, String> {
        let root = root();
        let wants = |part| plan.parts.contains(&part);
        let mut tools = Tools {
            protocol: None,
            engines: Vec::new(),
            loom: None,
            corpus: litmus::load_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("litmus"))
                .map_err(|e| e.to_string())?,
            home: root.join("target").join("bench"),
        };
        let mut build = |engine, package, bench| {
            progress(&format!(
                "build the benchmark {bench} of {package} ({engine})"
            ));
            criterion::build(&root, engine, package, bench)
        };
        if wants(Part::Protocol) || wants(Part::Instructions) {
            tools.protocol = Some(build(EngineName::Threads, "prop-tests", "protocol")?);
        }
        if wants(Part::Engines) || wants(Part::Instructions) {
            for engine in ENGINES {
                tools.engines.push(build(engine, "model-tests", "engines")?);
            }
        }
        if wants(Part::Commands) || wants(Part::Controls) || wants(Part::Scale) {
            progress("build the loom worker");
            tools.loom = Some(worker::build(WorkerBuild {
                engine: EngineName::Loom,
                quiet: true,
            })?);
        }
        Ok(tools)
    }

    fn measure(
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
        let criterion = |program: &Path, results: &mut Results| {
            let figures = criterion::measure(program, part, &home, speed)?;
            figures.into_iter().for_each(|figure| results.add(figure));
            Ok(())
        };
        let mut take = |figure: Figure| {
            if !interrupt::requested() {
                results.add(figure);
            }
        };
        match part {
            Part::Protocol => criterion(built(self.protocol.as_ref())?, results),
            Part::Engines => self.engines.iter().try_for_each(|p| criterion(p, results)),
            // The same in every round.
            Part::Instructions if round > 0 => Ok(()),
            Part::Instructions if instructions::possible().is_err() => Ok(()),
            Part::Instructions => {
                instructions::of_protocol(built(self.protocol.as_ref())?, &mut take)?;
                // Real threads wait for each other, as long as it takes.
                let explorers = ENGINES.iter().zip(&self.engines);
                explorers
                    .filter(|(engine, _)| **engine != EngineName::Threads)
                    .try_for_each(|(_, program)| instructions::of_engine(program, &mut take))
            }
            Part::Commands => {
                let worker = built(self.loom.as_ref())?;
                let long = plan.long && round == 0;
                timed::all(worker, plan.workers, &self.corpus, long, &mut take)
            }
            // The same in every round, but for the time.
            Part::Scale if round > 0 => Ok(()),
            Part::Scale => {
                let worker = built(self.loom.as_ref())?;
                let mut pool = Pool::new(EngineName::Loom, worker, plan.workers);
                scale(&mut pool, &mut results.scale)
            }
            Part::Controls => {
                let mut worker = Worker::new(EngineName::Loom, built(self.loom.as_ref())?);
                controls::all(&mut worker, &self.corpus, take)
            }
        }
    }
}

/// A sample of each bound; none of a bound that an interrupt cut short.
fn scale(pool: &mut Pool, rows: &mut Vec<Row>) -> Result<(), String> {
    for bound in scale::BOUNDS {
        let bound: Bound = bound.parse().map_err(|e| format!("{bound}: {e}"))?;
        let programs = Ranked::new(bound, false);
        for ends in [Ends::Dropped, Ends::Left] {
            let plan = scale::Plan {
                bound,
                ends,
                sample: scale::SAMPLE,
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

fn built(program: Option<&PathBuf>) -> Result<&Path, String> {
    program
        .map(PathBuf::as_path)
        .ok_or_else(|| "a program that was not built is wanted".to_owned())
}
