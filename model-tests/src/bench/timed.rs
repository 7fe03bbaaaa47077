//! Whole commands: how long they take once everything is built.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use prop_tests::outcome::Ends;
use prop_tests::program::Bound;

use super::{Figure, Part, Unit};
use crate::audit::oracle::Oracle;
use crate::audit::table::Table;
use crate::audit::{self, joint};
use crate::campaign::{Campaign, Shard};
use crate::engine::{EngineName, Job, Limits, Probe};
use crate::interrupt;
use crate::litmus::Litmus;
use crate::pool::Pool;
use crate::verdict::Verdict;

/// Times them all; `long` ones only if wanted.
///
/// # Errors
///
/// If a worker cannot be started, or something does not end as it must.
pub(super) fn all(
    worker: &Path,
    workers: usize,
    corpus: &[Litmus],
    long: bool,
    mut take: impl FnMut(Figure),
) -> Result<(), String> {
    let pool = &mut Pool::new(EngineName::Loom, worker, workers);
    let bound = |threads, ops| Bound { threads, ops };
    take(corpus_of(pool, corpus)?);
    take(campaign(pool, bound(2, 2), &[Ends::Dropped, Ends::Left])?);
    take(alone(worker, bound(2, 2), &[Ends::Dropped, Ends::Left])?);
    take(campaign(pool, bound(3, 1), &[Ends::Dropped, Ends::Left])?);
    if long {
        take(campaign(pool, bound(3, 2), &[Ends::Left])?);
    }
    if !interrupt::requested() {
        take(audit_of(pool, corpus, bound(2, 2))?);
    }
    Ok(())
}

fn figure(group: &str, started: Instant, executions: Option<u64>) -> Figure {
    Figure {
        part: Part::Commands,
        group: group.to_owned(),
        member: "loom".to_owned(),
        unit: Unit::Seconds,
        values: vec![started.elapsed().as_secs_f64()],
        executions,
    }
}

/// Runs jobs to their end, each with the verdict that it must come to, if any.
fn run(pool: &mut Pool, group: &str, jobs: Vec<(Option<Verdict>, Job)>) -> Result<Figure, String> {
    let started = Instant::now();
    let mut executions = 0;
    let mut other = None;
    pool.run(jobs.into_iter(), |expected, job, run| {
        executions += run.executions;
        let verdict = run.verdict();
        if expected.is_some_and(|expected| expected != verdict) && !interrupt::requested() {
            other.get_or_insert(format!("{group}: `{}` ends in {verdict}", job.program));
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    other.map_or_else(|| Ok(figure(group, started, Some(executions))), Err)
}

fn corpus_of(pool: &mut Pool, corpus: &[Litmus]) -> Result<Figure, String> {
    let jobs = corpus.iter().flat_map(|file| {
        // One run of a control has to fail, and not each of them.
        let expected = (!file.is_control()).then_some(Verdict::Pass);
        file.jobs().into_iter().map(move |job| (expected, job))
    });
    run(pool, "the litmus files", jobs.collect())
}

fn campaign(pool: &mut Pool, bound: Bound, ends: &[Ends]) -> Result<Figure, String> {
    let campaign = Campaign {
        bound,
        ends: ends.to_vec(),
        probes: vec![Probe::Cas],
        with_count: false,
        orderings: Vec::new(),
        shard: Shard::WHOLE,
        limits: Limits::default(),
    };
    let jobs = campaign.jobs(&campaign.programs()).into_iter();
    let jobs = jobs.map(|(_, job)| (Some(Verdict::Pass), job)).collect();
    let ends: Vec<_> = ends.iter().map(|e| crate::ends_name::name(*e)).collect();
    run(
        pool,
        &format!("campaign {bound}, {}", ends.join(" and ")),
        jobs,
    )
}

/// The campaign on one worker.
fn alone(worker: &Path, bound: Bound, ends: &[Ends]) -> Result<Figure, String> {
    let mut pool = Pool::new(EngineName::Loom, worker, 1);
    let mut figure = campaign(&mut pool, bound, ends)?;
    figure.group.push_str(", one worker");
    Ok(figure)
}

fn audit_of(pool: &mut Pool, corpus: &[Litmus], bound: Bound) -> Result<Figure, String> {
    let started = Instant::now();
    let mut oracle = Oracle::new(pool, corpus, &[bound]);
    let table = Table::of_code();
    let mut executions = oracle.judge(&table)?.executions;
    let rows = audit::rows(&mut oracle, &table, |row| executions += row.executions)?;
    joint::minimal_tables(&mut oracle, |_| ())?;
    match rows.iter().find(|row| row.judged.fails()) {
        None => Ok(figure("the audit", started, None)),
        Some(row) => Err(format!("the audit fails at {}", row.site)),
    }
}
