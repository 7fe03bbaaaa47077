//! What the harness relies on in its engines, each with a check of its own:
//!
//! - loom alone overlooks interleavings of a load and a later compare-and-swap;
//!   performing the load as a compare-and-swap that cannot succeed closes that
//!   hole, and performing it as a load keeps stale reads in view;
//! - a limit ends as `cut off`, never as a pass;
//! - loom's own environment variables bound nothing;
//! - shuttle's schedules follow from the seed, and DFS sees what loom sees;
//! - under rc11 one outcome that is not allowed fails, and so does one that is not seen;
//! - under rc11 a program reaches the transitions that the specification allows it;
//! - rc11 and loom agree, and a result that is falsified is a disagreement;
//! - what rc11 left when it was cut off, and several cores, come to what one run
//!   comes to, and another program or worker does not go on with it;
//! - a failure of code whose executions cannot be made again stays a failure;
//! - what comes after the threads of a scenario is judged with it;
//! - a spurious failure that was to be injected and never came up is no pass;
//! - programs that leave shuttle nothing to choose pass under all its schedulers.
//!
//! Each runs in the build of its engine; the others list it as ignored.

use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use libtest_mimic::{Arguments, Failed, Trial};
use model_tests::campaign::{Campaign, CampaignSummary, Difference, Shard, Way};
use model_tests::coverage;
use model_tests::pool::Pool;
use model_tests::worker::Worker;
use pipe::{
    EngineName, Exploration, Inject, Job, Limits, Manner, Ordering, OrderingChange, Probe, Record,
    Reply, Request, Scheduler, Spurious, Target, Transition, Verdict,
};
use programs::outcome::Ends;
use programs::program::{Bound, OpName, Program, enumerate_with};
use programs::spec::Params;
use worker::{Scenario, Subject, engine};

/// Two lookups, each before a claim: loom's reduction takes a thread's own load
/// for the last access and never reverses the other thread's lookup.
const HOLE: &str = "unused: get alloc | get alloc";

type Check = fn() -> Result<(), Failed>;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let checks: [(EngineName, &str, Check); 23] = [
        (EngineName::Loom, "rc11-and-loom-agree", rc11_and_loom_agree),
        (
            EngineName::Loom,
            "a-falsified-result-is-a-disagreement",
            a_falsified_result_is_a_disagreement,
        ),
        (
            EngineName::Rc11,
            "one-outcome-too-many-or-too-few-fails",
            one_outcome_too_many_or_too_few_fails,
        ),
        (
            EngineName::Rc11,
            "the-transitions-reached-are-those-allowed",
            the_transitions_reached_are_those_allowed,
        ),
        (
            EngineName::Rc11,
            "a-run-that-was-cut-off-goes-on",
            a_run_that_was_cut_off_goes_on,
        ),
        (
            EngineName::Rc11,
            "a-failure-behind-a-cut-is-the-same",
            a_failure_behind_a_cut_is_the_same,
        ),
        (
            EngineName::Rc11,
            "several-cores-see-what-one-sees",
            several_cores_see_what_one_sees,
        ),
        (
            EngineName::Rc11,
            "what-another-left-is-refused",
            what_another_left_is_refused,
        ),
        (
            EngineName::Rc11,
            "a-failure-that-does-not-come-again-stays-one",
            a_failure_that_does_not_come_again_stays_one,
        ),
        (
            EngineName::Rc11,
            "what-cores-cannot-share-is-refused",
            what_cores_cannot_share_is_refused,
        ),
        (
            EngineName::Rc11,
            "rc11-asks-for-an-end",
            an_end_is_asked_for,
        ),
        (
            EngineName::Loom,
            "loom-asks-for-an-end",
            an_end_is_asked_for,
        ),
        (
            EngineName::Shuttle,
            "shuttle-asks-for-an-end",
            an_end_is_asked_for,
        ),
        (
            EngineName::Loom,
            "loom-injects-what-it-says",
            a_failure_that_never_comes_up_is_no_pass,
        ),
        (
            EngineName::Shuttle,
            "shuttle-injects-what-it-says",
            a_failure_that_never_comes_up_is_no_pass,
        ),
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
    ensure(run.reduced && !run.complete, "loom comes to its end", &run)?;
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
    for probe in [Probe::Cas, Probe::Load] {
        let mut job = Job::loom(program(HOLE), Ends::Dropped, probe);
        job.limits.executions = Some(5);
        let run = explore(&job)?;
        ensure(run.executions == 5, "it stops at the limit", &run)?;
        ensure(run.verdict() == Verdict::CutOff, "it says so", &run)?;
    }
    Ok(())
}

/// A weak compare-and-swap can be made to fail, a strong one cannot.
fn a_failure_that_never_comes_up_is_no_pass() -> Result<(), Failed> {
    for (text, site, verdict) in [
        ("shared: get | get", "ACQUIRE_REF", Verdict::Pass),
        ("unused: alloc | count", "CLAIM", Verdict::ToolFailure),
    ] {
        let inject = Inject {
            site: site.to_owned(),
            n: 1,
        };
        let mut job = match engine::compiled() {
            EngineName::Loom => Job::loom(program(text), Ends::Dropped, Probe::Cas),
            _ => Job::shuttle(program(text), Ends::Dropped, Scheduler::Dfs),
        };
        match &mut job.manner {
            Manner::Loom(how) => how.inject = Some(inject),
            Manner::Shuttle(how) => how.spurious = Spurious::Once(inject),
            _ => {}
        }
        let run = explore(&job)?;
        ensure(run.verdict() == verdict, site, &run)?;
    }
    Ok(())
}

/// What comes after the threads is part of the outcome.
fn an_end_is_asked_for() -> Result<(), Failed> {
    for (allowed, verdict) in [
        ([" |  => over"], Verdict::Pass),
        ([" |  => "], Verdict::ForbiddenOutcome),
    ] {
        let scenario = Scenario::on("ended", || ())
            .threads(2, |(), _| ())
            .end(|(), end| end.say("over"))
            .allowed(&allowed);
        let case = Target::Scenario("ended".to_owned());
        let job = match engine::compiled() {
            EngineName::Rc11 => Job::rc11(case, Ends::Dropped),
            EngineName::Loom => Job::loom(case, Ends::Dropped, Probe::Cas),
            _ => Job::shuttle(case, Ends::Dropped, Scheduler::Dfs),
        };
        let run = Subject::new()
            .scenario(scenario)
            .explore(&job, Arc::new(|_| ()))?;
        ensure(run.verdict() == verdict, "it is judged", &run)?;
    }
    Ok(())
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
    let line = Request::Explore(Box::new(job)).to_line()? + "\n";
    let mut input = child.stdin.take().ok_or("no input")?;
    std::io::Write::write_all(&mut input, line.as_bytes())?;
    let replies = std::io::BufReader::new(child.stdout.take().ok_or("no output")?);
    let mut replies = std::io::BufRead::lines(replies);
    let bounded = loop {
        let line = replies.next().ok_or("the worker did not reply")??;
        if let Reply::Done(run) = Reply::from_line(&line)? {
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

/// A program of rc11 that is cut off again and again, after so many executions each
/// time, on so many cores.
fn in_pieces(job: &Job, pieces: u64, cores: usize) -> Result<(Exploration, u32), Failed> {
    let mut job = job.clone();
    job.limits.executions = Some(pieces);
    let mut cuts = 0;
    loop {
        let run = explore(&job)?;
        if run.left.is_none() {
            return Ok((run, cuts));
        }
        ensure(run.verdict() == Verdict::CutOff, "it says so", &run)?;
        ensure(run.missing.is_empty(), "nothing is missed yet", &run)?;
        cuts += 1;
        job = resuming(job, run, cores);
    }
}

fn resuming(mut job: Job, from: Exploration, cores: usize) -> Job {
    if let Manner::Rc11(how) = &mut job.manner {
        how.resume = Some(Box::new(from));
        how.cores = cores;
    }
    job
}

fn rc11_job(text: &str, ends: Ends) -> Job {
    let mut job = Job::rc11(program(text), ends).recording(Record::STEPS);
    if let Manner::Rc11(how) = &mut job.manner {
        how.keeps_left = true;
    }
    job
}

/// Everything but times, and which of several executions is an outcome's example.
fn facts(run: &Exploration) -> impl PartialEq + std::fmt::Debug {
    let counts = (run.executions, run.steps, run.threads_run, run.undecided);
    let outcomes = (run.outcomes.clone(), run.missing.clone(), run.allowed);
    (counts, outcomes, run.complete, run.failure.clone())
}

/// 2,114 executions with handles dropped.
const LARGE: &str = "unused: alloc_unique write share read | alloc read | get read try_unique write read | get read read";

/// Nothing is read, so that no data race comes first.
fn one_outcome_too_many_or_too_few_fails() -> Result<(), Failed> {
    let lookups = "unused: alloc alloc@1 | get@1 get";
    let owners = "unused: alloc_unique alloc_unique@1 | get@1 get";
    for (text, sites, verdict, allowed, missing) in [
        (lookups, &[][..], Verdict::Pass, 7, 0),
        (
            lookups,
            &[("PUBLISH_SHARED", Ordering::Relaxed)],
            Verdict::ForbiddenOutcome,
            7,
            0,
        ),
        (owners, &[], Verdict::Pass, 9, 0),
        (
            owners,
            &[
                ("PUBLISH_UNIQUE", Ordering::Release),
                ("PROBE", Ordering::Acquire),
            ],
            Verdict::MissingOutcome,
            9,
            2,
        ),
    ] {
        let orderings = sites.iter().map(|(site, ordering)| OrderingChange {
            site: (*site).to_owned(),
            ordering: *ordering,
        });
        let orderings: Vec<_> = orderings.collect();
        let run = explore(&Job::rc11(program(text), Ends::Left).with_orderings(&orderings))?;
        let found = (run.verdict(), run.allowed, run.missing.len());
        ensure(found == (verdict, allowed, missing), "it is judged", &run)?;
    }
    Ok(())
}

/// Lookups that try again, operations that are skipped, plain accesses, a mailbox, several
/// slots, and owners, whose stores read nothing.
fn the_transitions_reached_are_those_allowed() -> Result<(), Failed> {
    let record = Record {
        coverage: true,
        sites: true,
        ..Record::default()
    };
    for (text, accesses) in [
        (HOLE, false),
        ("unused: alloc read drop | get drop drop", true),
        ("shared: give get | take drop", false),
        ("unused: alloc alloc@1 drop@1 | get@1 get", false),
        ("unique: write reset | alloc count", true),
        ("shared*2: try_unique share | clone drop", false),
        (
            "unused: alloc_unique repurpose share | get alloc_unique",
            false,
        ),
    ] {
        for ends in [Ends::Dropped, Ends::Left] {
            let run = explore(&Job::rc11(program(text), ends).recording(record))?;
            let allowed = coverage::allowed(&[(program(text), ends)], &Params::MODEL)?;
            let (left, more) = (&allowed - &run.transitions, &run.transitions - &allowed);
            // A plain access commutes with other threads' steps: one order of them is enough.
            let plain = |cell: &Transition| ["read", "write"].contains(&&*cell.op);
            let what = format!("{text}: missing {left:?}, not allowed {more:?}");
            let same = more.is_empty() && left.iter().all(plain);
            ensure(
                same && run.transitions.iter().any(plain) == accesses,
                &what,
                &run,
            )?;
        }
        let run = explore(&Job::rc11(program(text), Ends::Dropped))?;
        let none = run.transitions.is_empty() && run.sites.is_empty();
        ensure(none, "nobody asked", &run)?;
    }
    let run = explore(&Job::rc11(program("unused: alloc | count"), Ends::Left).recording(record))?;
    let met = |name: &str| run.sites.iter().any(|site| site.name == name);
    let own = ["CLAIM", "CLAIM_FAIL", "PUBLISH_SHARED"];
    ensure(own.into_iter().all(met) && !met("DEC"), "its own", &run)?;
    Ok(())
}

fn a_run_that_was_cut_off_goes_on() -> Result<(), Failed> {
    for (text, pieces) in [
        (LARGE, 300),
        ("unused: alloc get | alloc get", 1),
        ("unused: alloc alloc@1 | get@1 get", 2),
        ("shared+14: clone drop | clone get", 3),
        ("shared: give get | take drop | get read", 10),
    ] {
        for ends in [Ends::Dropped, Ends::Left] {
            let job = rc11_job(text, ends);
            let whole = explore(&job)?;
            ensure(whole.verdict() == Verdict::Pass, "it passes", &whole)?;
            for cores in [1, 2] {
                let (run, cuts) = in_pieces(&job, pieces, cores)?;
                ensure(cuts > 0 || whole.executions <= pieces, "it was cut", &run)?;
                ensure(facts(&run) == facts(&whole), "the very same", &run)?;
            }
        }
    }
    Ok(())
}

fn a_failure_behind_a_cut_is_the_same() -> Result<(), Failed> {
    for (text, ends, site, verdict) in [
        (LARGE, Ends::Dropped, "TRY_UNIQUE", Verdict::DataRace),
        (
            "unused: alloc alloc@1 | get@1 get",
            Ends::Left,
            "PUBLISH_SHARED",
            Verdict::ForbiddenOutcome,
        ),
    ] {
        let relaxed = [OrderingChange {
            site: site.to_owned(),
            ordering: Ordering::Relaxed,
        }];
        let job = rc11_job(text, ends).with_orderings(&relaxed);
        let whole = explore(&job)?;
        ensure(whole.verdict() == verdict, "it fails", &whole)?;
        let late = whole.executions;
        ensure(late > 1, "some executions before that", &whole)?;
        let (run, cuts) = in_pieces(&job, 1, 1)?;
        ensure(cuts > 0, "it was cut", &run)?;
        ensure(facts(&run) == facts(&whole), "the very same", &run)?;
    }
    Ok(())
}

fn what_cores_cannot_share_is_refused() -> Result<(), Failed> {
    let program = Job::rc11(program(HOLE), Ends::Dropped);
    let scenario = Target::Scenario("segment-clones-end-once".to_owned());
    let covered = Record {
        coverage: true,
        ..Record::default()
    };
    for (job, cores, refused) in [
        (program.clone(), 0, true),
        (program.clone(), 2, false),
        (program.recording(covered), 2, true),
        (Job::rc11(scenario, Ends::Dropped), 2, true),
    ] {
        let mut job = job;
        if let Manner::Rc11(how) = &mut job.manner {
            how.cores = cores;
        }
        let answer = explore(&job);
        let said = answer
            .as_ref()
            .err()
            .and_then(Failed::message)
            .unwrap_or_default();
        if said.contains("on one core") != refused || answer.is_err() != refused {
            return Err(format!("{cores} cores: {answer:?}").into());
        }
    }
    Ok(())
}

fn several_cores_see_what_one_sees() -> Result<(), Failed> {
    for ends in [Ends::Dropped, Ends::Left] {
        let mut job = rc11_job(LARGE, ends);
        let alone = explore(&job)?;
        for cores in [2, 4] {
            if let Manner::Rc11(how) = &mut job.manner {
                how.cores = cores;
            }
            let run = explore(&job)?;
            ensure(facts(&run) == facts(&alone), "the very same", &run)?;
        }
    }
    let mut job = rc11_job(LARGE, Ends::Dropped);
    job.limits.executions = Some(300);
    if let Manner::Rc11(how) = &mut job.manner {
        how.cores = 2;
    }
    let run = explore(&job)?;
    ensure(run.verdict() == Verdict::CutOff, "the limit holds", &run)?;
    ensure((300..400).contains(&run.executions), "for both", &run)
}

fn what_another_left_is_refused() -> Result<(), Failed> {
    let mut job = rc11_job(LARGE, Ends::Dropped);
    job.limits.executions = Some(100);
    let cut = explore(&job)?;
    let refused = |job: &Job| {
        explore(job).map_or_else(
            |e| e.message().unwrap_or("").to_owned(),
            |run| format!("{run:?}"),
        )
    };

    let mut other = cut.clone();
    other.left.as_mut().ok_or("nothing is left")?.worker = "0".repeat(16);
    let reason = refused(&resuming(job.clone(), other, 1));
    if !reason.contains("was changed since") {
        return Err(reason.into());
    }
    // The same code in another file, which is one byte longer.
    let longer = Path::new(env!("CARGO_TARGET_TMPDIR")).join("longer-worker");
    std::fs::copy(env!("CARGO_BIN_EXE_worker"), &longer)?;
    let mut file = std::fs::File::options().append(true).open(&longer)?;
    std::io::Write::write_all(&mut file, &[0])?;
    drop(file);
    let other = Worker::new(EngineName::Rc11, &longer).explore(&job, &mut |_| ())?;
    ensure(other.left.is_some(), "something is left", &other)?;
    let reason = refused(&resuming(job.clone(), other, 1));
    if !reason.contains("was changed since") {
        return Err(reason.into());
    }
    let reason = refused(&resuming(
        job.clone(),
        explore(&rc11_job(HOLE, Ends::Dropped))?,
        1,
    ));
    if !reason.contains("nothing is left") {
        return Err(reason.into());
    }
    let mut nothing = cut.clone();
    nothing
        .left
        .as_mut()
        .ok_or("nothing is left")?
        .graphs
        .clear();
    let reason = refused(&resuming(job.clone(), nothing, 1));
    if !reason.contains("no graph is left") {
        return Err(reason.into());
    }
    // The graphs of one program make no sense to another.
    let run = explore(&resuming(rc11_job(HOLE, Ends::Dropped), cut, 1))?;
    ensure(run.verdict() == Verdict::ToolFailure, "it notices", &run)
}

/// What the threads do depends on what no explorer sees, and only the first execution
/// of all fails.
fn a_failure_that_does_not_come_again_stays_one() -> Result<(), Failed> {
    static FAILED: AtomicBool = AtomicBool::new(false);
    let scenario = Scenario::on("once", || ())
        .threads(2, |(), thread| {
            // ORDERING: Relaxed: one OS thread runs all of it.
            let before = FAILED.swap(true, Relaxed);
            thread.say(if before { "well" } else { "badly" });
        })
        .allowed(&["well | well"]);
    let job = Job::rc11(Target::Scenario("once".to_owned()), Ends::Dropped);
    let job = job.recording(Record::STEPS);
    let subject = Subject::new().scenario(scenario);
    let run = subject.explore(&job, Arc::new(|_| ()))?;
    let is = run.verdict() == Verdict::ForbiddenOutcome && !run.complete;
    ensure(is, "it failed", &run)?;
    let graph = run
        .failure
        .as_ref()
        .and_then(|failure| failure.graph.as_ref());
    ensure(graph.is_none(), "no graph makes it again", &run)
}

/// All programs of 2x1 on rc11 and on a worker of loom.
fn compared(loom: &Path, orderings: &[OrderingChange]) -> Result<CampaignSummary, Failed> {
    let plan = Campaign {
        fits: None,
        left_out: Vec::new(),
        bound: "2x1".parse()?,
        slots: 1,
        ends: vec![Ends::Dropped, Ends::Left],
        ways: vec![Way::Rc11, Way::Loom(Probe::Cas)],
        with_count: false,
        orderings: orderings.to_vec(),
        shard: Shard::WHOLE,
        limits: Limits::default(),
    };
    let rc11 = model_tests::worker::build(EngineName::Rc11)?;
    let mut summary = CampaignSummary::default();
    let mut pool = Pool::of(&[(EngineName::Rc11, &*rc11), (EngineName::Loom, loom)], 1);
    plan.run(&mut pool, &HashMap::new(), |record| {
        summary.add(&record);
        Ok(())
    })?;
    Ok(summary)
}

fn rc11_and_loom_agree() -> Result<(), Failed> {
    let own = Path::new(env!("CARGO_BIN_EXE_worker"));
    let summary = compared(own, &[])?;
    if summary.verdict() != Verdict::Pass {
        return Err(summary.text().into());
    }
    let relaxed = OrderingChange {
        site: "CLAIM".to_owned(),
        ordering: Ordering::Relaxed,
    };
    let summary = compared(own, &[relaxed])?;
    if (summary.verdict(), summary.agreement()) != (Verdict::DataRace, Verdict::Pass) {
        return Err(summary.text().into());
    }
    Ok(())
}

/// A worker whose replies are changed on their way through the pipe: it says that it
/// saw a lookup find the frame in use, where it was busy.
fn a_falsified_result_is_a_disagreement() -> Result<(), Failed> {
    let real = env!("CARGO_BIN_EXE_worker");
    let falsified = Path::new(env!("CARGO_TARGET_TMPDIR")).join("falsified-worker");
    let script = format!("#!/bin/sh\n'{real}' | sed -u 's/ | busy => / | unique => /g'\n");
    std::fs::write(&falsified, script)?;
    std::fs::set_permissions(&falsified, PermissionsExt::from_mode(0o755))?;
    let summary = compared(&falsified, &[])?;
    let [difference, ..] = summary.differences() else {
        return Err(summary.text().into());
    };
    // Alone, the falsified result passes.
    let Difference { one, other } = difference;
    let said = [(&*one.engine, one.verdict), (&*other.engine, other.verdict)];
    if said != [("rc11", Verdict::Pass), ("loom", Verdict::Pass)] {
        return Err(format!("{difference:?}").into());
    }
    let verdicts = [summary.verdict(), summary.agreement()];
    if verdicts != [Verdict::Disagreement; 2] || summary.verdict().exit_code() != 1 {
        return Err(summary.text().into());
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
