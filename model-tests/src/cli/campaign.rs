//! `campaign`: all canonical programs of a bound, or the results of its shards.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use programs::outcome::Ends;
use programs::program::{Bound, MAX_SLOTS, Program};

use super::pool::{LOOM_THREADS, pool_of, subject};
use super::{Refusal, number};
use crate::agree::{self, Disagreement};
use crate::archive::{Findings, Kept};
use crate::campaign::{Campaign, CampaignSummary, Results, Shard, Way};
use crate::json;
use crate::litmus::ends;
use crate::out;
use crate::plan::models;
use crate::pool::Pool;
use crate::subject::fitting;
use crate::{campaign, package, print};
use pipe::Verdict;
use pipe::{EngineName, Limits, Probe};

/// Explore all canonical programs of a bound to completion.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  framecheck campaign 2x2
  framecheck campaign 2x2 --engine rc11,loom
  framecheck campaign 2x2 --engine rc11,loom --agree --weaken SHARE=Relaxed
  framecheck campaign 3x2 --ends left --results 3x2.jsonl    (run it again to continue)
  framecheck campaign 3x2 --shard 2/16 --results 2.jsonl
  framecheck campaign --merge *.jsonl                        (of all sixteen)
  framecheck campaign 3x2 --shard env/16 --results $JOB.jsonl

The shard `env` is taken from CI_NODE_INDEX and CI_NODE_TOTAL (GitLab), SLURM_ARRAY_TASK_ID
(Slurm) or JOB_COMPLETION_INDEX (Kubernetes, with env/N).

Exit codes: 0 pass, 1 a program fails, 2 bad input, 3 cut off or interrupted, 4 tool failure")]
pub(super) struct Args {
    /// Threads and operations of each thread, such as 2x2
    #[arg(value_name = "THREADSxOPS", required_unless_present = "merge")]
    bound: Option<Bound>,

    /// What happens to handles still held at the end: dropped, left or both
    #[arg(long, value_name = "ENDS", value_parser = ends::parse, default_value = "both")]
    ends: std::vec::Vec<Ends>,

    /// The explorer: rc11 or loom; or both, which are compared then
    #[arg(
        long,
        value_name = "ENGINE",
        value_delimiter = ',',
        default_value = "rc11"
    )]
    engine: Vec<EngineName>,

    /// Judge whether the engines agree, and not the programs
    #[arg(long, conflicts_with = "merge")]
    agree: bool,

    /// How loom performs loads: cas (outcomes seen = allowed), load (stale reads, outcomes seen
    /// among those allowed) or both
    #[arg(long, value_name = "PROBE", value_parser = probes, default_value = "cas")]
    probe: std::vec::Vec<Probe>,

    /// How many slots each program names
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = slots)]
    slots: usize,

    /// Put `count` among the operations
    #[arg(long)]
    with_count: bool,

    /// Perform a site with another ordering; `none` removes a fence
    #[arg(long, value_name = "SITE=Ordering", value_delimiter = ',')]
    weaken: Vec<String>,

    /// Run one part of N alone
    #[arg(long, value_name = "K/N", default_value = "1/1")]
    shard: Shard,

    /// Keep the results in this file, and continue with it if it exists
    #[arg(long, value_name = "FILE")]
    results: Option<PathBuf>,

    /// Merge the results of all shards, given as files, and run nothing
    #[arg(long, value_name = "FILES", num_args = 1.., conflicts_with = "bound")]
    merge: Vec<PathBuf>,

    /// Worker processes; as many as cores by default
    #[arg(long, value_name = "N", value_parser = number::workers)]
    workers: Option<usize>,

    /// Cut each run off after this many executions
    #[arg(long, value_name = "N", value_parser = number::at_least_one)]
    max_executions: Option<u64>,

    /// Print one JSON object for each run
    #[arg(long)]
    json: bool,
}

fn slots(word: &str) -> Result<usize, String> {
    number::within(word, 1..=MAX_SLOTS)
}

fn probes(word: &str) -> Result<Vec<Probe>, String> {
    match word {
        "cas" => Ok(vec![Probe::Cas]),
        "load" => Ok(vec![Probe::Load]),
        "both" => Ok(vec![Probe::Cas, Probe::Load]),
        other => Err(format!("`{other}` is not one of cas, load, both")),
    }
}

/// The engines that were asked for, and how they perform loads.
fn ways(args: &Args) -> Result<Vec<Way>, Refusal> {
    let mut ways = Vec::new();
    for &engine in &args.engine {
        let of_engine = match way(engine)? {
            Way::Rc11 => vec![Way::Rc11],
            Way::Loom(_) => args.probe.iter().copied().map(Way::Loom).collect(),
        };
        for way in of_engine {
            if !ways.contains(&way) {
                ways.push(way);
            }
        }
    }
    if args.probe != [Probe::Cas] && !args.engine.contains(&EngineName::Loom) {
        return Err(Refusal::input(
            "rc11 performs loads as the code has them\n  hint: --probe goes with --engine loom",
        ));
    }
    let compares = ways.contains(&Way::Rc11) && ways.contains(&Way::Loom(Probe::Cas));
    if ways.contains(&Way::Rc11) && ways.len() > 1 && (!compares || args.slots > 1) {
        return Err(Refusal::input(
            "on several slots, and with --probe load, loom does not see what rc11 sees: they \
             cannot be compared\n  hint: give one engine",
        ));
    }
    if args.agree && !compares {
        return Err(Refusal::input(
            "--agree compares engines\n  hint: --engine rc11,loom",
        ));
    }
    Ok(ways)
}

/// Refuses a bound that loom has too few threads for.
///
/// # Errors
///
/// If it is one.
pub(super) fn fits_loom(bound: Bound) -> Result<(), String> {
    if bound.threads > LOOM_THREADS {
        return Err(format!(
            "loom runs at most {LOOM_THREADS} threads, and {bound} has {}\n  hint: --engine rc11 \
             has no such limit",
            bound.threads
        ));
    }
    Ok(())
}

/// How an engine that is complete is asked.
pub(super) fn way(engine: EngineName) -> Result<Way, Refusal> {
    match engine {
        EngineName::Rc11 => Ok(Way::Rc11),
        EngineName::Loom => Ok(Way::Loom(Probe::Cas)),
        EngineName::Shuttle | EngineName::Threads => Err(Refusal::input(format!(
            "{engine} does not explore weak memory completely\n  hint: --engine rc11 or loom"
        ))),
    }
}

pub(super) fn run(args: &Args) -> Result<u8, Refusal> {
    let Some(bound) = args.bound else {
        return merge(&args.merge);
    };
    let ways = ways(args)?;
    let mut orderings = Vec::new();
    if !args.weaken.is_empty() {
        let subject = subject(ways[0].engine());
        let described = subject.description().map_err(Refusal::tool)?;
        orderings = described.changes(&args.weaken).map_err(Refusal::input)?;
    }
    if let Some(way) = ways.iter().find(|way| !models(way.engine(), &orderings)) {
        return Err(Refusal::input(format!(
            "{} does not model SeqCst\n  hint: --engine rc11 does",
            way.engine()
        )));
    }
    let mut plan = Campaign {
        fits: None,
        left_out: Vec::new(),
        bound,
        slots: args.slots,
        ends: args.ends.clone(),
        ways,
        with_count: args.with_count,
        orderings,
        shard: args.shard,
        limits: Limits {
            executions: args.max_executions,
            seconds: None,
        },
    };
    if plan.ways.iter().any(|way| matches!(way, Way::Loom(_))) {
        fits_loom(bound).map_err(Refusal::input)?;
    }
    let mut programs = plan.size().map_err(Refusal::input)?;
    if plan.runs(programs) == 0 {
        return Err(Refusal::input(format!(
            "shard {} has no program: {} has {programs} in all",
            plan.shard,
            plan.name()
        )));
    }
    if package::chosen().is_some() {
        let subject = subject(plan.ways[0].engine());
        let described = subject.description().map_err(Refusal::tool)?;
        let (fitting, left_out) = fitting(plan.programs(), described).map_err(Refusal::input)?;
        programs = fitting.len();
        (plan.fits, plan.left_out) = (described.programs.clone(), left_out);
        if plan.runs(programs) == 0 {
            return Err(Refusal::input(format!(
                "the subject runs no program of shard {} of {}\n  {}",
                plan.shard,
                plan.name(),
                plan.left_out.join("\n  ")
            )));
        }
    }
    let total = plan.runs(programs);

    let mut summary = CampaignSummary::default();
    let mut done = HashMap::new();
    let mut results = None;
    if let Some(path) = &args.results {
        let (file, records) = Results::open(path, &plan.header(programs), args.max_executions)
            .map_err(Refusal::input)?;
        for record in records {
            summary.add(&record);
            done.insert(record.key(), record.program);
        }
        results = Some(file);
    }

    let mut engines: Vec<_> = plan.ways.iter().map(|way| way.engine()).collect();
    engines.dedup();
    let mut pool = pool_of(&engines, args.workers)?;
    let bar = progress_bar(total, done.len() as u64);
    plan.run(&mut pool, &done, |record| {
        if let Some(results) = &mut results {
            results.add(&record)?;
        }
        if args.json {
            json::line(&record)?;
        }
        summary.add(&record);
        bar.inc(1);
        bar.set_message(format!(
            "{} executions, {} mismatches",
            print::count(summary.executions()),
            summary.mismatches()
        ));
        Ok(())
    })
    .map_err(Refusal::tool)?;
    bar.finish_and_clear();

    let disagreements = look_into(&plan, &summary, &mut pool).map_err(Refusal::tool)?;
    let mut verdict = if args.agree {
        summary.agreement()
    } else {
        summary.verdict()
    };
    if summary.runs() < total {
        verdict = verdict.and(Verdict::CutOff);
    }
    keep(&plan, &summary, total, verdict);
    if args.json {
        for disagreement in &disagreements {
            json::line(disagreement).map_err(Refusal::tool)?;
        }
    } else {
        out!(
            "campaign{} {} of {} canonical programs, shard {}, ends {}, {}",
            package::option(),
            plan.name(),
            print::count(programs as u64),
            plan.shard,
            plan.ends
                .iter()
                .map(|e| e.as_str())
                .collect::<Vec<_>>()
                .join("+"),
            plan.ways
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("+"),
        );
        plan.left_out.iter().for_each(|line| out!("{line}"));
        out!("{}", summary.text().trim_end());
        for disagreement in &disagreements {
            let word = print::verdict(Verdict::Disagreement);
            out!("{word}: {disagreement}");
        }
        if summary.runs() < total {
            out!(
                "interrupted: {} of {} runs are done",
                print::count(summary.runs()),
                print::count(total)
            );
        }
        out!("verdict: {}", print::verdict(verdict));
    }
    Ok(verdict.exit_code())
}

/// How many of the programs are named that engines disagree on.
const NAMED: usize = 5;

/// Explores what engines disagree on once more, to see in what.
fn look_into(
    plan: &Campaign,
    summary: &CampaignSummary,
    pool: &mut Pool,
) -> Result<Vec<Disagreement>, String> {
    let mut found = Vec::new();
    for difference in summary.differences().iter().take(NAMED) {
        let mut runs = Vec::new();
        for record in [&difference.one, &difference.other] {
            let engine: EngineName = record.engine.parse()?;
            let ends = record.ends.parse()?;
            let way = way(engine).map_err(|refusal| refusal.message)?;
            let program = record.program.parse::<Program>();
            let job = way.job(program.map_err(|e| e.to_string())?, ends);
            let job = job.with_orderings(&plan.orderings);
            pool.run([((), job)].into_iter(), |(), job, run| {
                runs.push((job.clone(), run));
                ControlFlow::Continue(())
            })?;
        }
        if let [(job, run), (other_job, other)] = &runs[..] {
            found.extend(agree::between((job, run), (other_job, other)));
        }
    }
    Ok(found)
}

/// Keeps the sums for the report.
fn keep(plan: &Campaign, summary: &CampaignSummary, of: u64, verdict: Verdict) {
    let mut command = format!("campaign{} {}", package::option(), plan.name());
    let ends: Vec<_> = plan.ends.iter().map(|e| e.as_str()).collect();
    let ways: Vec<_> = plan.ways.iter().map(ToString::to_string).collect();
    command.push_str(&format!(" {} {}", ends.join("+"), ways.join("+")));
    for change in &plan.orderings {
        command.push_str(&format!(" {change}"));
    }
    if plan.shard != Shard::WHOLE {
        command.push_str(&format!(" shard {}", plan.shard));
    }
    let found = Findings::Campaign {
        done: summary.runs(),
        of,
        outcomes: summary.outcomes(),
        allowed: summary.allowed(),
    };
    Kept {
        executions: summary.executions(),
        seconds: summary.seconds(),
        ..Kept::now(command, verdict, found)
    }
    .keep();
}

fn progress_bar(total: u64, done: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(4));
    if let Ok(style) =
        ProgressStyle::with_template("{bar:30} {pos}/{len} runs, {per_sec}, {eta} left, {msg}")
    {
        bar.set_style(style);
    }
    bar.set_position(done);
    bar.reset_eta();
    bar
}

/// The results of all shards, as one.
fn merge(files: &[PathBuf]) -> Result<u8, Refusal> {
    let merged = campaign::merge(files).map_err(Refusal::input)?;
    let verdict = merged.summary.verdict();
    let header = &merged.header;
    let subject = header.subject.as_ref();
    out!(
        "campaign{} {} of {} canonical programs, all {} shards, commit {}",
        subject.map_or_else(String::new, |name| format!(" --subject {name}")),
        header.bound,
        print::count(header.programs as u64),
        header.shard.of,
        header.commit
    );
    header.left_out.iter().for_each(|line| out!("{line}"));
    out!("{}", merged.summary.text().trim_end());
    out!("verdict: {}", print::verdict(verdict));
    Ok(verdict.exit_code())
}
