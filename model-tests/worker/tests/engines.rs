//! What the harness relies on in its engines, each with a check of its own:
//!
//! - loom alone overlooks interleavings of a load and a later compare-and-swap;
//!   performing the load as a compare-and-swap that cannot succeed closes that
//!   hole, and performing it as a load keeps stale reads in view;
//! - a limit ends as `cut off`, never as a pass;
//! - loom's own environment variables bound nothing;
//! - shuttle's schedules follow from the seed, and DFS sees what loom sees;
//! - programs that leave shuttle nothing to choose pass under all its schedulers.
//!
//! Each runs in the build of its engine; the others list it as ignored.

use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use model_tests::worker::Worker;
use pipe::{
    EngineName, Exploration, Job, Ordering, OrderingChange, Probe, Reply, Request, Scheduler,
    Verdict,
};
use programs::outcome::Ends;
use programs::program::{Bound, OpName, Program, enumerate_with};
use worker::engine;

/// Two lookups, each before a claim: loom's reduction takes a thread's own load
/// for the last access and never reverses the other thread's lookup.
const HOLE: &str = "unused: get alloc | get alloc";

type Check = fn() -> Result<(), Failed>;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let checks: [(EngineName, &str, Check); 8] = [
        (
            EngineName::Loom,
            "loom-alone-misses-outcomes",
            loom_alone_misses_outcomes,
        ),
        (
            EngineName::Loom,
            "failing-cas-closes-the-hole",
            failing_cas_closes_the_hole,
        ),
        (
            EngineName::Loom,
            "loads-read-stale-values",
            loads_read_stale_values,
        ),
        (
            EngineName::Loom,
            "loom-cut-off-is-no-pass",
            cut_off_is_no_pass,
        ),
        (
            EngineName::Loom,
            "loom-environment-bounds-nothing",
            environment_bounds_nothing,
        ),
        (
            EngineName::Shuttle,
            "a-seed-gives-the-same-schedules",
            a_seed_gives_the_same_schedules,
        ),
        (
            EngineName::Shuttle,
            "dfs-sees-what-loom-sees",
            dfs_sees_what_loom_sees,
        ),
        (
            EngineName::Shuttle,
            "nothing-to-choose-is-no-failure",
            nothing_to_choose_is_no_failure,
        ),
    ];
    let trials = checks
        .into_iter()
        .map(|(engine, name, check)| {
            Trial::test(name, check).with_ignored_flag(engine::compiled() != engine)
        })
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn program(text: &str) -> Program {
    text.parse().expect("a program")
}

fn explore(job: &Job) -> Result<Exploration, Failed> {
    let engine = engine::compiled();
    let program = Path::new(env!("CARGO_BIN_EXE_worker"));
    Ok(Worker::new(engine, program).explore(job, &mut |_| ())?)
}

fn ensure(holds: bool, what: &str, run: &Exploration) -> Result<(), Failed> {
    if holds {
        Ok(())
    } else {
        Err(format!("{what}: {run:#?}").into())
    }
}

fn loom_alone_misses_outcomes() -> Result<(), Failed> {
    let run = explore(&Job::loom(program(HOLE), Ends::Dropped, Probe::Load))?;
    ensure(run.complete, "loom calls it complete", &run)?;
    ensure(
        run.outcomes.len() < run.allowed,
        "the hole is gone: is the remedy still needed?",
        &run,
    )
}

fn failing_cas_closes_the_hole() -> Result<(), Failed> {
    for ends in [Ends::Dropped, Ends::Left] {
        let run = explore(&Job::loom(program(HOLE), ends, Probe::Cas))?;
        ensure(run.verdict() == Verdict::Pass, "it passes", &run)?;
        ensure(
            run.outcomes.len() == run.allowed,
            "all outcomes are seen",
            &run,
        )?;
    }
    Ok(())
}

/// Thread 2 looks up slot 1, which thread 1 published after slot 0, and then
/// misses slot 0: only a stale load shows that.
fn loads_read_stale_values() -> Result<(), Failed> {
    let stale_reads = program("unused: alloc alloc@1 | get@1 get");
    let stale = |run: &Exploration| {
        run.outcomes
            .keys()
            .any(|o| o.starts_with("ok ok | ok unused"))
    };
    let load = explore(&Job::loom(stale_reads.clone(), Ends::Left, Probe::Load))?;
    // The publication of slot 1 releases slot 0 too, so the miss needs it weaker.
    ensure(!stale(&load), "a release carries what came before", &load)?;
    let weaker = [OrderingChange {
        site: "ACQUIRE_REF".to_owned(),
        ordering: Ordering::Relaxed,
    }];
    let weakened =
        |probe| Job::loom(stale_reads.clone(), Ends::Left, probe).with_orderings(&weaker);
    let load = explore(&weakened(Probe::Load))?;
    ensure(stale(&load), "a load reads the older value", &load)?;
    let cas = explore(&weakened(Probe::Cas))?;
    ensure(!stale(&cas), "a failing CAS reads the newest value", &cas)
}

fn cut_off_is_no_pass() -> Result<(), Failed> {
    let mut job = Job::loom(program(HOLE), Ends::Dropped, Probe::Cas);
    job.limits.executions = Some(5);
    let run = explore(&job)?;
    ensure(run.executions == 5, "it stops at the limit", &run)?;
    ensure(run.verdict() == Verdict::CutOff, "it says so", &run)
}

/// `LOOM_MAX_PREEMPTIONS=0` would explore a handful of executions and call it
/// complete.
fn environment_bounds_nothing() -> Result<(), Failed> {
    let job = Job::loom(program(HOLE), Ends::Dropped, Probe::Cas);
    let free = explore(&job)?;
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_worker"))
        .envs([
            ("LOOM_MAX_PREEMPTIONS", "0"),
            ("LOOM_MAX_PERMUTATIONS", "2"),
        ])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()?;
    let line = serde_json::to_string(&Request::Explore(Box::new(job)))? + "\n";
    let mut input = child.stdin.take().ok_or("no input")?;
    std::io::Write::write_all(&mut input, line.as_bytes())?;
    let replies = std::io::BufReader::new(child.stdout.take().ok_or("no output")?);
    let mut replies = std::io::BufRead::lines(replies);
    let bounded = loop {
        let line = replies.next().ok_or("the worker did not reply")??;
        if let Reply::Done(run) = serde_json::from_str(&line)? {
            break run;
        }
    };
    drop(input);
    child.wait()?;
    ensure(
        bounded.executions == free.executions,
        "as many executions as without them",
        &bounded,
    )
}

fn a_seed_gives_the_same_schedules() -> Result<(), Failed> {
    let racy = program("unused: get alloc drop | alloc read drop | get drop alloc");
    let sample = |seed, scheduler: fn(u64, u64) -> Scheduler| {
        explore(&Job::shuttle(
            racy.clone(),
            Ends::Dropped,
            scheduler(seed, 500),
        ))
    };
    let random = |seed, schedules| Scheduler::Random { seed, schedules };
    let pct = |seed, schedules| Scheduler::Pct {
        seed,
        schedules,
        depth: 3,
    };
    let urw = |seed, schedules| Scheduler::Urw { seed, schedules };
    for scheduler in [random as fn(u64, u64) -> Scheduler, pct, urw] {
        let (first, again) = (sample(7, scheduler)?, sample(7, scheduler)?);
        let facts = |run: &Exploration| (run.steps, run.outcomes.clone());
        ensure(
            facts(&first) == facts(&again),
            "the same seed, the same",
            &again,
        )?;
        let other = sample(8, scheduler)?;
        ensure(
            facts(&first) != facts(&other),
            "another seed, another",
            &other,
        )?;
        ensure(
            first.sampled && !first.complete,
            "a sample is no proof",
            &first,
        )?;
    }
    Ok(())
}

/// The outcomes are compared with the specification's, as loom's are.
fn dfs_sees_what_loom_sees() -> Result<(), Failed> {
    for ends in [Ends::Dropped, Ends::Left] {
        let run = explore(&Job::shuttle(program(HOLE), ends, Scheduler::Dfs))?;
        ensure(
            run.verdict() == Verdict::Pass && run.complete,
            "it passes",
            &run,
        )?;
        ensure(
            run.outcomes.len() == run.allowed,
            "all outcomes are seen",
            &run,
        )?;
    }
    Ok(())
}

/// With each scheduler, each end, and few programs of one or two steps: in some no
/// thread ever has to wait for another's choice.
fn nothing_to_choose_is_no_failure() -> Result<(), Failed> {
    let (seed, schedules, depth) = (1, 50, 3);
    let schedulers = [
        Scheduler::Dfs,
        Scheduler::Random { seed, schedules },
        Scheduler::Pct {
            seed,
            schedules,
            depth,
        },
        Scheduler::Urw { seed, schedules },
    ];
    let named = [
        "unused: drop | drop",
        "shared: get | read",
        "shared*2: alloc_unique | write",
    ];
    let small = enumerate_with(Bound { threads: 2, ops: 1 }, &OpName::ALL);
    for program in named.map(program).into_iter().chain(small) {
        for (scheduler, ends) in schedulers
            .iter()
            .flat_map(|s| [(s, Ends::Dropped), (s, Ends::Left)])
        {
            let run = explore(&Job::shuttle(program.clone(), ends, scheduler.clone()))?;
            ensure(
                run.verdict() == Verdict::Pass,
                &format!("`{program}` passes under {}", scheduler.name()),
                &run,
            )?;
        }
    }
    Ok(())
}
