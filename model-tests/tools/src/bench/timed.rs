//! Whole commands: how long they take once everything is built.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use programs::outcome::Ends;
use programs::program::Bound;

use super::{Figure, Part, Unit};
use model_tests::audit::oracle::Oracle;
use model_tests::audit::table::Table;
use model_tests::audit::{self, joint};
use model_tests::campaign::{Campaign, Shard, Way};
use model_tests::interrupt;
use model_tests::litmus::Litmus;
use model_tests::pool::Pool;
use pipe::Verdict;
use pipe::{Description, Limits};

/// Times them all under one engine; those that take it long only if wanted.
///
/// # Errors
///
/// If a worker cannot be started, or something does not end as it must.
pub(super) fn all(
    way: Way,
    worker: &Path,
    workers: usize,
    corpus: &[Litmus],
    subject: &'static Description,
    long: bool,
    mut take: impl FnMut(Figure) -> Result<(), String>,
) -> Result<(), String> {
    let pool = &mut Pool::new(way.engine(), worker, workers);
    let bound = |threads, ops| Bound { threads, ops };
    // What an interrupt cut short is no figure.
    let mut take = |figure| {
        if interrupt::requested() {
            return Ok(());
        }
        take(figure)
    };
    let both = [Ends::Dropped, Ends::Left];
    take(corpus_of(way, pool, corpus)?)?;
    take(campaign(way, pool, bound(2, 2), &both)?)?;
    take(alone(way, worker, bound(2, 2), &both)?)?;
    take(campaign(way, pool, bound(3, 1), &both)?)?;
    if long || way == Way::Rc11 {
        take(campaign(way, pool, bound(3, 2), &[Ends::Left])?)?;
    }
    if way == Way::Rc11 {
        take(alone(way, worker, bound(3, 2), &both)?)?;
    }
    if long && way == Way::Rc11 {
        take(alone(way, worker, bound(4, 2), &[Ends::Left])?)?;
    }
    if !interrupt::requested() {
        take(audit_of(way, pool, corpus, subject, bound(2, 2))?)?;
    }
    Ok(())
}

fn figure(way: Way, group: &str, started: Instant, executions: Option<u64>) -> Figure {
    Figure {
        part: Part::Commands,
        group: group.to_owned(),
        member: way.engine().to_string(),
        unit: Unit::Seconds,
        values: vec![started.elapsed().as_secs_f64()],
        executions,
        peak_memory: None,
    }
}

fn corpus_of(way: Way, pool: &mut Pool, corpus: &[Litmus]) -> Result<Figure, String> {
    let corpus: Vec<_> = corpus
        .iter()
        .filter(|file| way != Way::Rc11 || file.question().suits_rc11())
        .collect();
    // One run of a control has to fail, and not each of them.
    let mut verdicts = vec![Verdict::Pass; corpus.len()];
    let jobs: Vec<_> = corpus
        .iter()
        .enumerate()
        .flat_map(|(position, file)| {
            let jobs = match way {
                Way::Rc11 => file.question().rc11_jobs(),
                Way::Loom(_) => file.jobs(),
            };
            jobs.into_iter().map(move |job| (position, job))
        })
        .collect();
    let started = Instant::now();
    let mut executions = 0;
    pool.run(jobs.into_iter(), |position, _, run| {
        executions += run.executions;
        verdicts[position] = verdicts[position].and(run.verdict());
        ControlFlow::Continue(())
    })?;
    let measured = figure(way, "the litmus files", started, Some(executions));
    for (file, verdict) in corpus.iter().zip(verdicts) {
        if verdict != file.expect && !interrupt::requested() {
            return Err(format!("{} ends in {verdict}", file.name));
        }
    }
    Ok(measured)
}

fn campaign(way: Way, pool: &mut Pool, bound: Bound, ends: &[Ends]) -> Result<Figure, String> {
    let campaign = Campaign {
        fits: None,
        left_out: Vec::new(),
        bound,
        ends: ends.to_vec(),
        slots: 1,
        ways: vec![way],
        with_count: false,
        orderings: Vec::new(),
        shard: Shard::WHOLE,
        limits: Limits::default(),
    };
    let jobs = campaign.jobs();
    let ends: Vec<_> = ends.iter().map(|e| e.as_str()).collect();
    let group = format!("campaign {bound}, {}", ends.join(" and "));
    let started = Instant::now();
    let mut executions = 0;
    let mut failed = None;
    pool.run(jobs, |_, job, run| {
        executions += run.executions;
        if run.verdict() == Verdict::Pass || interrupt::requested() {
            return ControlFlow::Continue(());
        }
        failed = Some(format!("{group}: `{}` ends in {}", job.case, run.verdict()));
        ControlFlow::Break(())
    })?;
    failed.map_or_else(|| Ok(figure(way, &group, started, Some(executions))), Err)
}

/// The campaign on one worker, that does nothing else: what it takes is processor time
/// and memory for this campaign.
fn alone(way: Way, worker: &Path, bound: Bound, ends: &[Ends]) -> Result<Figure, String> {
    let mut pool = Pool::new(way.engine(), worker, 1);
    let mut figure = campaign(way, &mut pool, bound, ends)?;
    figure.group.push_str(", one worker");
    figure.peak_memory = pool.peak_memory();
    Ok(figure)
}

fn audit_of(
    way: Way,
    pool: &mut Pool,
    corpus: &[Litmus],
    subject: &'static Description,
    bound: Bound,
) -> Result<Figure, String> {
    let started = Instant::now();
    let mut oracle = Oracle::new(pool, way, corpus, &[bound], &[], subject);
    let table = Table::of_code(subject);
    let base = oracle.judge(&table)?;
    if let Some(kill) = base.kill {
        return Err(format!(
            "the audit: `{}` ends in {}",
            kill.case, kill.verdict
        ));
    }
    let rows = audit::rows(&mut oracle, &table, |_| ())?;
    joint::minimal_tables(&mut oracle, subject, |_| ())?;
    match rows.iter().find(|row| row.judged.fails()) {
        None => Ok(figure(way, "the audit", started, None)),
        Some(row) => Err(format!("the audit fails at {}", row.site)),
    }
}
