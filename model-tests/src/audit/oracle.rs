//! Whether everything passes under a table of orderings.

use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::time::Instant;

use programs::outcome::Ends;
use programs::program::{Bound, Program, enumerate, enumerate_on};

use super::table::Table;
use crate::campaign::Way;
use crate::litmus::Litmus;
use crate::minimise::minimise;
use crate::pool::Pool;
use crate::subject::with_sites;
use pipe::{Description, EngineName, Record, SiteInfo, Target, Verdict};

/// A program that fails under a table of orderings.
#[derive(Clone, Debug)]
pub struct Kill {
    /// The program, or the scenario.
    pub case: Target,
    /// What happened to handles at the end.
    pub ends: Ends,
    /// How it fails.
    pub verdict: Verdict,
    /// What the engine said.
    pub message: String,
    /// In which execution.
    pub executions: u64,
}

/// The answer for one table.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The failing program, if there is one.
    pub kill: Option<Kill>,
    /// A program on several slots, or a scenario, that misses an outcome which the code's orderings
    /// allow: no failure, but a difference.
    pub ruled_out: Option<Kill>,
    /// How many runs were made.
    pub runs: u64,
    /// How many executions they had.
    pub executions: u64,
    /// The time it took.
    pub seconds: f64,
}

/// Everything that has to pass: the litmus corpus, all programs of the bounds, with
/// handles dropped and left, and the scenarios.
///
/// On several slots, and in scenarios, stronger orderings forbid outcomes. That alone is no failure, or
/// what passes would fail with more.
pub struct Oracle<'a> {
    pool: &'a mut Pool,
    way: Way,
    /// Shortest first.
    cases: Vec<(Target, Ends)>,
    /// Cases that failed before: they decide most tables in a moment.
    killers: Vec<(Target, Ends)>,
    known: HashMap<Table, bool>,
}

impl<'a> Oracle<'a> {
    /// An oracle over these litmus files and bounds, as far as the subject can run
    /// them, and over its scenarios.
    pub fn new(
        pool: &'a mut Pool,
        way: Way,
        corpus: &[Litmus],
        bounds: &[Bound],
        two_slots: &[Bound],
        subject: &Description,
    ) -> Self {
        let runs = |(program, _): &(Program, Ends)| {
            let own = subject.programs.as_ref();
            own.is_some_and(|own| own.refuses(program).is_none())
        };
        let of_corpus = corpus
            .iter()
            .filter(|file| file.expect == Verdict::Pass && file.inject.is_none())
            .flat_map(|file| file.ends.iter().map(|ends| (file.program.clone(), *ends)));
        let one_slot = bounds.iter().flat_map(|bound| enumerate(*bound, false));
        let two_slots = two_slots
            .iter()
            .flat_map(|bound| enumerate_on(*bound, 2, false));
        let of_bounds = one_slot
            .chain(two_slots)
            .flat_map(|program| [(program.clone(), Ends::Dropped), (program, Ends::Left)]);
        let mut programs: Vec<_> = of_corpus.chain(of_bounds).filter(runs).collect();
        programs.sort_by_cached_key(|(program, ends)| (length(program), program.clone(), *ends));
        programs.dedup();
        let scenarios = subject.scenarios.iter().filter(|own| own.broken.is_none());
        let scenarios = scenarios.map(|own| (Target::Scenario(own.name.clone()), Ends::Dropped));
        let programs = (programs.into_iter()).map(|(program, ends)| (program.into(), ends));
        let cases = programs.chain(scenarios).collect();
        Oracle {
            pool,
            way,
            cases,
            killers: Vec::new(),
            known: HashMap::new(),
        }
    }

    /// The subject with the accesses that the cases meet.
    ///
    /// # Errors
    ///
    /// If a worker fails, or an interrupt is requested.
    pub fn find_sites(
        &mut self,
        subject: &'static Description,
    ) -> Result<&'static Description, String> {
        let mut met = Vec::new();
        self.meet_sites(|sites| {
            met.extend(sites);
            ControlFlow::Continue(())
        })?;
        Ok(with_sites(subject, met))
    }

    /// The sites among these that no case performs.
    ///
    /// # Errors
    ///
    /// As [`find_sites`](Self::find_sites).
    pub fn idle_sites(&mut self, mut sites: BTreeSet<String>) -> Result<BTreeSet<String>, String> {
        self.meet_sites(|met| {
            for site in met {
                sites.remove(&site.name);
            }
            match sites.is_empty() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        })?;
        Ok(sites)
    }

    /// Gives the accesses that each case meets.
    fn meet_sites(
        &mut self,
        mut take: impl FnMut(Vec<SiteInfo>) -> ControlFlow<()>,
    ) -> Result<(), String> {
        let way = self.way;
        let record = Record {
            sites: true,
            ..Record::default()
        };
        let jobs = self.cases.iter().map(|(case, ends)| {
            let job = way.job(case.clone(), *ends).recording(record);
            ((), job)
        });
        self.pool.run(jobs, |(), _, run| take(run.sites))?;
        match crate::interrupt::requested() {
            true => Err("interrupted".to_owned()),
            false => Ok(()),
        }
    }

    /// The engine that judges.
    pub const fn engine(&self) -> EngineName {
        self.way.engine()
    }

    /// Whether the engine knows SeqCst.
    pub fn knows_seq_cst(&self) -> bool {
        self.engine() == EngineName::Rc11
    }

    /// How many cases there are.
    pub fn cases(&self) -> usize {
        self.cases.len()
    }

    /// Whether everything passes. The answer is kept.
    ///
    /// # Errors
    ///
    /// If a worker fails, or an interrupt is requested.
    pub fn passes(&mut self, table: &Table) -> Result<bool, String> {
        if let Some(known) = self.known.get(table) {
            return Ok(*known);
        }
        let killers = self.killers.clone();
        let mut passes = self.first_kill(table, &killers)?.kill.is_none();
        if passes {
            let cases = std::mem::take(&mut self.cases);
            let answer = self.first_kill(table, &cases);
            self.cases = cases;
            if let Some(kill) = answer?.kill {
                self.remember(&kill);
                passes = false;
            }
        }
        self.known.insert(table.clone(), passes);
        Ok(passes)
    }

    /// The shortest case that fails, made as small as possible.
    ///
    /// # Errors
    ///
    /// If a worker fails, or an interrupt is requested.
    pub fn judge(&mut self, table: &Table) -> Result<Answer, String> {
        let cases = std::mem::take(&mut self.cases);
        let answer = self.first_kill(table, &cases);
        self.cases = cases;
        let mut answer = answer?;
        if let Some(kill) = answer.kill.take() {
            let smaller = self.minimise(table, &kill)?;
            self.remember(&smaller);
            answer.kill = Some(smaller);
        }
        self.known.insert(table.clone(), answer.kill.is_none());
        Ok(answer)
    }

    fn remember(&mut self, kill: &Kill) {
        let killer = (kill.case.clone(), kill.ends);
        if !self.killers.contains(&killer) {
            self.killers.push(killer);
        }
    }

    fn minimise(&mut self, table: &Table, kill: &Kill) -> Result<Kill, String> {
        let mut smallest = kill.clone();
        let Target::Program(program) = &kill.case else {
            return Ok(smallest);
        };
        minimise(program, |program| {
            let answer = self.first_kill(table, &[(program.clone().into(), kill.ends)])?;
            match answer.kill {
                Some(found) if found.verdict == kill.verdict => {
                    smallest = found;
                    Ok::<_, String>(true)
                }
                _ => Ok(false),
            }
        })?;
        Ok(smallest)
    }

    /// The first of these cases that fails, in their order.
    fn first_kill(&mut self, table: &Table, cases: &[(Target, Ends)]) -> Result<Answer, String> {
        let started = Instant::now();
        let orderings = table.changes();
        let way = self.way;
        let jobs = cases.iter().enumerate().map(|(position, (case, ends))| {
            let job = way.job(case.clone(), *ends).with_orderings(&orderings);
            (position, job)
        });
        let mut first: Option<(usize, Kill)> = None;
        let mut ruled_out: Option<(usize, Kill)> = None;
        let mut answer = Answer {
            kill: None,
            ruled_out: None,
            runs: 0,
            executions: 0,
            seconds: 0.0,
        };
        let mut unclear = None;
        self.pool.run(jobs, |position, job, run| {
            answer.runs += 1;
            answer.executions += run.executions;
            let verdict = run.verdict();
            if verdict == Verdict::Pass {
                return ControlFlow::Continue(());
            }
            if !verdict.is_failure() {
                let why = run.failure.as_ref().map(|f| f.reason.to_string());
                let why = why.unwrap_or_else(|| verdict.to_string());
                unclear = Some(format!("{}: {why}", job.case));
                return ControlFlow::Break(());
            }
            let (case, ends) = &cases[position];
            let several = case.program().is_none_or(|program| program.slots() > 1);
            let forbids = verdict == Verdict::MissingOutcome && several;
            let found = if forbids { &mut ruled_out } else { &mut first };
            if found.as_ref().is_none_or(|(known, _)| position < *known) {
                let message = run.failure.as_ref().map(|f| f.reason.to_string());
                let kill = Kill {
                    case: case.clone(),
                    ends: *ends,
                    verdict,
                    message: message.unwrap_or_else(|| run.missing.join("; ")),
                    executions: run.executions,
                };
                *found = Some((position, kill));
            }
            if forbids {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })?;
        if crate::interrupt::requested() {
            return Err("interrupted".to_owned());
        }
        if first.is_none()
            && let Some(unclear) = unclear
        {
            return Err(unclear);
        }
        answer.kill = first.map(|(_, kill)| kill);
        answer.ruled_out = ruled_out.map(|(_, kill)| kill);
        answer.seconds = started.elapsed().as_secs_f64();
        Ok(answer)
    }
}

/// How many operations a program has.
pub fn length(program: &Program) -> usize {
    program.threads.iter().map(Vec::len).sum()
}
