//! Whether everything passes under a table of orderings.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::time::Instant;

use programs::outcome::Ends;
use programs::program::{Bound, Program, enumerate, enumerate_on};

use super::table::Table;
use crate::campaign::Way;
use crate::litmus::Litmus;
use crate::minimise::minimise;
use crate::pool::Pool;
use pipe::EngineName;
use pipe::Verdict;

/// A program that fails under a table of orderings.
#[derive(Clone, Debug)]
pub struct Kill {
    /// The program.
    pub program: Program,
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
    /// A program on several slots that misses an outcome which the code's orderings
    /// allow: no failure, but a difference.
    pub ruled_out: Option<Kill>,
    /// How many runs were made.
    pub runs: u64,
    /// How many executions they had.
    pub executions: u64,
    /// The time it took.
    pub seconds: f64,
}

/// Everything that has to pass: the litmus corpus, and all programs of the
/// bounds, with handles dropped and left.
///
/// On several slots stronger orderings forbid outcomes. That alone is no failure, or
/// what passes would fail with more.
pub struct Oracle<'a> {
    pool: &'a mut Pool,
    way: Way,
    /// Shortest first.
    cases: Vec<(Program, Ends)>,
    /// Cases that failed before: they decide most tables in a moment.
    killers: Vec<(Program, Ends)>,
    known: HashMap<Table, bool>,
}

impl<'a> Oracle<'a> {
    /// An oracle over these litmus files and bounds.
    pub fn new(
        pool: &'a mut Pool,
        way: Way,
        corpus: &[Litmus],
        bounds: &[Bound],
        two_slots: &[Bound],
    ) -> Self {
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
        let mut cases: Vec<_> = of_corpus.chain(of_bounds).collect();
        cases.sort_by_cached_key(|(program, ends)| (length(program), program.clone(), *ends));
        cases.dedup();
        Oracle {
            pool,
            way,
            cases,
            killers: Vec::new(),
            known: HashMap::new(),
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
        let killer = (kill.program.clone(), kill.ends);
        if !self.killers.contains(&killer) {
            self.killers.push(killer);
        }
    }

    fn minimise(&mut self, table: &Table, kill: &Kill) -> Result<Kill, String> {
        let mut smallest = kill.clone();
        minimise(&kill.program, |program| {
            let answer = self.first_kill(table, &[(program.clone(), kill.ends)])?;
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
    fn first_kill(&mut self, table: &Table, cases: &[(Program, Ends)]) -> Result<Answer, String> {
        let started = Instant::now();
        let orderings = table.changes();
        let way = self.way;
        let jobs = cases.iter().enumerate().map(|(position, (program, ends))| {
            let job = way.job(program.clone(), *ends).with_orderings(&orderings);
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
                unclear = Some(format!("{}: {verdict}", job.case));
                return ControlFlow::Break(());
            }
            let (program, ends) = &cases[position];
            let forbids = verdict == Verdict::MissingOutcome && program.slots() > 1;
            let found = if forbids { &mut ruled_out } else { &mut first };
            if found.as_ref().is_none_or(|(known, _)| position < *known) {
                let message = run.failure.as_ref().map(|f| f.reason.to_string());
                let kill = Kill {
                    program: program.clone(),
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
