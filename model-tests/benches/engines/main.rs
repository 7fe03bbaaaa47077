//! What the harness costs: one program as the harness explores it, and the same
//! written by hand for the bare engine. Both make the same executions, or there
//! is nothing to compare. Each build measures the engine that it has.
//!
//! Groups are programs, members are `bare`, `harness` and `harness, traced`.

mod programs;

#[cfg(not(model))]
mod threads;
#[cfg(not(model))]
use threads as engine;

#[cfg(loom)]
mod loom;
#[cfg(loom)]
use loom as engine;

#[cfg(shuttle)]
mod shuttle;
#[cfg(shuttle)]
use shuttle as engine;

mod slot;

use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use model_tests::engine::{Exploration, Job, explore};
use model_tests::verdict::Verdict;

/// As the harness explores it.
fn explored(job: &Job) -> Exploration {
    let run = explore(job, Arc::new(|_| ())).expect("the job makes sense");
    assert_eq!(
        run.verdict(),
        Verdict::Pass,
        "{}: {:?}",
        job.program,
        run.failure
    );
    run
}

fn all(c: &mut Criterion) {
    for program in &programs::PROGRAMS {
        let job = engine::job(program);
        let executions = explored(&job).executions;
        let by_hand = engine::bare(program);
        assert_eq!(
            executions, by_hand,
            "{}: not the same program",
            program.text
        );

        let mut group = c.benchmark_group(format!("{}: {}", job_engine(), program.text));
        group.throughput(Throughput::Elements(executions));
        group.bench_function("bare", |b| b.iter(|| engine::bare(program)));
        group.bench_function("harness", |b| b.iter(|| explored(&job)));
        if let Some(traced) = engine::traced(&job) {
            group.bench_function("harness, traced", |b| b.iter(|| explored(&traced)));
        }
        group.finish();
    }
}

fn job_engine() -> model_tests::engine::EngineName {
    model_tests::engine::compiled()
}

criterion_group!(benches, all);
criterion_main!(benches);
