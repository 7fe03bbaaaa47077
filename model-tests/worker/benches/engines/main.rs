//! What the harness costs: one program as the harness explores it, and the same
//! written by hand for the bare engine. Both make the same executions, or there
//! is nothing to compare. Each build measures the engine that it has.
//!
//! Groups are programs, members are `bare`, `harness` and `harness, traced`, and
//! what the harness does without.
//! `--list-counted` names them, each with its executions, and `--count NAME
//! TIMES` explores one so many times, for Valgrind to count instructions.

#[cfg_attr(loom, path = "loom.rs")]
#[cfg_attr(rc11, path = "rc11.rs")]
#[cfg_attr(shuttle, path = "shuttle.rs")]
#[cfg_attr(not(model), path = "threads.rs")]
mod engine;
#[cfg(not(any(loom, rc11)))]
mod plain;
mod programs;
mod slot;

use std::sync::Arc;

use criterion::{Criterion, Throughput};
use pipe::Verdict;
use pipe::{Exploration, Job};
use worker::{engine::compiled, explore};

use crate::programs::{PROGRAMS, Program};

/// As the harness explores it.
pub(crate) fn explored(job: &Job) -> Exploration {
    let run = explore(job, Arc::new(|_| ())).expect("the job makes sense");
    assert_eq!(
        run.verdict(),
        Verdict::Pass,
        "{}: {:?}",
        job.case,
        run.failure
    );
    run
}

/// Who explores a program, and a function that does it and counts executions.
pub(crate) type Member = (&'static str, Box<dyn Fn() -> u64>);

fn members(program: &'static Program) -> Vec<Member> {
    let job = engine::job(program);
    let mut members: Vec<Member> = vec![("bare", Box::new(move || engine::bare(program)))];
    let traced = engine::traced(&job);
    members.push(("harness", Box::new(move || explored(&job).executions)));
    if let Some(job) = traced {
        let traced = move || explored(&job).executions;
        members.push(("harness, traced", Box::new(traced)));
    }
    members
}

fn group(program: &Program) -> String {
    format!("{}: {}", compiled(), program.text)
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["--list-counted"] => {
            for program in &PROGRAMS {
                for (member, work) in members(program) {
                    println!("{}/{member}\t{}", group(program), work());
                }
            }
        }
        ["--count", name, times] => {
            let times = times.parse().expect("--count NAME TIMES");
            let all = PROGRAMS.iter().flat_map(|program| {
                let named = move |(member, work)| (format!("{}/{member}", group(program)), work);
                members(program).into_iter().map(named)
            });
            let (_, work) = all
                .into_iter()
                .find(|(member, _)| member == name)
                .expect("a name that --list-counted prints");
            for _ in 0..times {
                work();
            }
        }
        _ => {
            let mut criterion = Criterion::default().configure_from_args();
            time(&mut criterion);
            criterion.final_summary();
        }
    }
}

fn time(criterion: &mut Criterion) {
    for program in &PROGRAMS {
        let members = members(program);
        let executions = members[0].1();
        let mut group = criterion.benchmark_group(group(program));
        for (member, work) in &members {
            assert_eq!(work(), executions, "{}: not the same program", program.text);
            group.throughput(Throughput::Elements(executions));
            group.bench_function(*member, |b| b.iter(work));
        }
        for (member, work) in engine::wasteful(program) {
            group.throughput(Throughput::Elements(work()));
            group.bench_function(member, |b| b.iter(&work));
        }
        group.finish();
    }
}
