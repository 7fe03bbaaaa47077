//! `nightly`: shuttle and rc11's sampling for a time budget.

use std::collections::{BTreeSet, HashSet};
use std::ops::{ControlFlow, RangeInclusive};
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::pool::{pool_of, subject};
use super::{Refusal, number};
use crate::archive::{Findings, Kept};
use crate::campaign::Shard;
use crate::counterexample::Counterexample;
use crate::json;
use crate::nightly::{Batch, BatchLine, Draw, NightSummary};
use crate::subject::fitting;
use crate::{interrupt, litmus, package, print};
use crate::{note, out};
use pipe::Verdict;
use pipe::{EngineName, Exploration, Record};

/// Run random programs under shuttle's random schedulers and rc11's sampling, for
/// as long as there is time.
///
/// What a night adds to the bounds of a campaign is size: up to eight threads, long
/// lists of operations, several slots. rc11 draws executions of weak memory, and
/// every one has a chance; shuttle runs all steps in one order, and its schedulers
/// know how to look for rare ones. Both only sample: an outcome must be allowed,
/// and none is missed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Options are also taken as key=value:
  framecheck nightly minutes=60 seed=42 shard=2/8 --json > 2.jsonl
  framecheck nightly batches=20 seed=1 --weaken RETIRE=Relaxed
  framecheck nightly --merge 1.jsonl 2.jsonl

Every batch follows from the seed, the shard and its number: `batch=N` runs one again. A failure
is saved with its schedule or execution graph, and `replay FILE` makes that one execution.

Exit codes: 0 nothing failed, 1 a program fails, 2 bad input, 3 interrupted, 4 tool failure")]
pub(super) struct Args {
    /// minutes=M seed=N shard=K/N batches=N batch=N failures=FOLDER
    #[arg(value_name = "KEY=VALUE", conflicts_with = "merge")]
    pairs: Vec<String>,

    /// How long; 10 minutes by default
    #[arg(long, value_name = "M", value_parser = number::minutes)]
    minutes: Option<f64>,

    /// Where everything random begins; drawn and printed if not given
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// Run one part of N alone; `env` asks the batch system
    #[arg(long, value_name = "K/N")]
    shard: Option<Shard>,

    /// Run this many batches, however long it takes
    #[arg(long, value_name = "N", value_parser = number::at_least_one)]
    batches: Option<u64>,

    /// Run one batch alone
    #[arg(long, value_name = "N", value_parser = batch)]
    batch: Option<u64>,

    /// Where failures are saved
    #[arg(long, value_name = "FOLDER")]
    failures: Option<PathBuf>,

    /// Change one site's ordering, to see what a night finds; may be repeated. Shuttle's batches
    /// are left out then, for it ignores orderings
    #[arg(long, value_name = "SITE=Ordering", value_delimiter = ',')]
    weaken: Vec<String>,

    /// Worker processes; as many as cores by default
    #[arg(long, value_name = "N", value_parser = number::workers)]
    workers: Option<usize>,

    /// Merge the JSON lines of all shards, given as files, and run nothing
    #[arg(long, value_name = "FILES", num_args = 1..)]
    merge: Vec<PathBuf>,

    /// Print one JSON object for each batch
    #[arg(long)]
    json: bool,
}

impl Args {
    /// The changed orderings, as they were asked for.
    fn weakened(&self) -> String {
        let option = |change| format!(" --weaken {change}");
        self.weaken.iter().map(option).collect()
    }

    /// Takes the `key=value` pairs over into the options.
    fn with_pairs(&self) -> Result<Settings, String> {
        let mut settings = Settings {
            minutes: self.minutes,
            seed: self.seed,
            shard: self.shard,
            batches: self.batches,
            batch: self.batch,
            failures: self.failures.clone(),
        };
        for pair in &self.pairs {
            let (key, value) = pair
                .split_once('=')
                .ok_or_else(|| format!("`{pair}` is not key=value"))?;
            fn within_key<T>(key: &str, value: Result<T, String>) -> Result<T, String> {
                value.map_err(|why| format!("{key}: {why}"))
            }
            match key {
                "minutes" => settings.minutes = Some(within_key(key, number::minutes(value))?),
                "seed" => {
                    settings.seed = Some(within_key(key, number::within(value, 0..=u64::MAX))?)
                }
                "shard" => settings.shard = Some(value.parse()?),
                "batches" => settings.batches = Some(within_key(key, number::at_least_one(value))?),
                "batch" => settings.batch = Some(within_key(key, number::within(value, BATCHES))?),
                "failures" => settings.failures = Some(value.into()),
                _ => {
                    return Err(format!(
                        "there is no `{key}`; there are minutes, seed, shard, batches, batch and \
                         failures"
                    ));
                }
            }
        }
        Ok(settings)
    }
}

struct Settings {
    minutes: Option<f64>,
    seed: Option<u64>,
    shard: Option<Shard>,
    batches: Option<u64>,
    batch: Option<u64>,
    failures: Option<PathBuf>,
}

/// The numbers that batches have.
const BATCHES: RangeInclusive<u64> = 0..=u64::MAX - 1;

fn batch(word: &str) -> Result<u64, String> {
    number::within(word, BATCHES)
}

/// How long a night is if nothing else is said.
const MINUTES: f64 = 10.0;

/// After this many failures a night ends: more of the same help nobody.
const ENOUGH_FAILURES: u64 = 10;

pub(super) fn run(args: &Args) -> Result<u8, Refusal> {
    if !args.merge.is_empty() {
        return merge(&args.merge);
    }
    let settings = args.with_pairs().map_err(Refusal::input)?;
    let engines = match args.weaken.is_empty() {
        true => &[EngineName::Shuttle, EngineName::Rc11][..],
        false => &[EngineName::Rc11],
    };
    let subject = subject(engines[0]);
    let corpus = litmus::corpus(&subject).map_err(Refusal::input)?;
    let described = match package::chosen() {
        None if args.weaken.is_empty() => None,
        _ => Some(subject.description().map_err(Refusal::tool)?),
    };
    let changes = described.map(|described| described.changes(&args.weaken));
    let changes = changes.transpose().map_err(Refusal::input)?;
    let changes = changes.unwrap_or_default();
    // What cannot be run is no batch; which these are follows from the seed alone.
    let (litmus, left_out) = match described {
        Some(described) if package::chosen().is_some() => {
            let programs = corpus.iter().map(|file| file.program.clone());
            let (litmus, lines) = fitting(programs, described).map_err(Refusal::input)?;
            (Some(litmus), lines)
        }
        _ => (None, Vec::new()),
    };
    let runs = |batch: &Batch| {
        if !engines.contains(&batch.job.engine()) {
            return false;
        }
        let own = described.and_then(|described| described.programs.as_ref());
        let program = batch.job.case.program();
        own.zip(program)
            .is_none_or(|(own, program)| own.refuses(program).is_none())
    };
    let draw = Draw {
        seed: settings.seed.unwrap_or_else(seed_of_now),
        shard: settings.shard.unwrap_or(Shard::WHOLE),
        litmus: litmus.unwrap_or_else(|| {
            let suits = corpus.iter().filter(|file| file.question().suits_shuttle());
            suits.map(|file| file.program.clone()).collect()
        }),
    };
    if draw.litmus.is_empty() {
        return Err(Refusal::input("the subject runs none of the litmus files"));
    }
    let failures = settings
        .failures
        .unwrap_or_else(Counterexample::default_folder);
    let mut pool = pool_of(engines, args.workers)?;

    let budget = match (settings.batches, settings.batch) {
        (None, None) => Some(settings.minutes.unwrap_or(MINUTES)),
        _ => settings.minutes,
    };
    let began = Instant::now();
    let end = budget.map(|m| began + Duration::from_secs_f64(m * 60.0));
    let numbers = match settings.batch {
        Some(number) => number..number + 1,
        None => 0..settings.batches.unwrap_or(u64::MAX),
    };
    if !args.json {
        let (subject, seed, shard) = (package::option(), draw.seed, draw.shard);
        out!("nightly{subject} seed={seed} shard={shard}");
        left_out.iter().for_each(|line| out!("{line}"));
    }
    let batches = numbers
        // Before those that cannot be run are passed over: there may be no other.
        .take_while(|_| !interrupt::requested() && end.is_none_or(|end| Instant::now() < end))
        .map(|number| draw.batch(number))
        .filter(runs)
        .map(|mut batch| {
            if described.is_some_and(|described| described.ref_counts.is_none()) {
                batch.job = batch.job.recording(Record::default());
            }
            batch.job = batch.job.with_orderings(&changes);
            let job = batch.job.clone();
            (batch, job)
        });
    let bar = progress_bar(end);
    let mut summary = NightSummary::default();
    pool.run(batches, |batch, job, run| {
        if interrupt::requested() && run.verdict() == Verdict::CutOff {
            return ControlFlow::Break(());
        }
        let line = BatchLine::new(&draw, &batch, &run);
        if args.json {
            // A line is plain data, which JSON can always say.
            let _ = json::line(&line);
        }
        if run.verdict() != Verdict::Pass {
            let saved = Counterexample::of(job, &run).map(|found| found.save(&failures));
            bar.suspend(|| print_failure(args, &draw, &batch, &run, saved));
        }
        summary.add(&line);
        bar.set_message(format!(
            "{} programs, {} executions, {} failures",
            print::count(summary.batches()),
            print::count(summary.executions()),
            summary.failures()
        ));
        if summary.failures() < ENOUGH_FAILURES {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    })
    .map_err(Refusal::tool)?;
    bar.finish_and_clear();

    if summary.batches() == 0 && budget.is_none() && !interrupt::requested() {
        return Err(Refusal::input(match engines {
            [_] => {
                "none of these batches runs: with --weaken those of shuttle are left out\n  hint: \
                 of each 20 batches, those from 15 to 19 are rc11's"
            }
            _ => "none of these batches runs: the subject refuses their programs",
        }));
    }
    let mut verdict = summary.verdict();
    if summary.batches() == 0 || interrupt::requested() {
        verdict = verdict.and(Verdict::CutOff);
    }
    let found = Findings::Nightly {
        programs: summary.batches(),
    };
    Kept {
        executions: summary.executions(),
        seconds: began.elapsed().as_secs_f64(),
        ..Kept::now(
            format!(
                "nightly{} shard={}{}",
                package::option(),
                draw.shard,
                args.weakened()
            ),
            verdict,
            found,
        )
    }
    .keep();
    if !args.json {
        out!("{}", summary.text());
        if interrupt::requested() {
            out!("interrupted: these are the results so far");
        }
        out!(
            "verdict: {}{}",
            print::verdict(verdict),
            if verdict == Verdict::Pass {
                " (sampled: nothing failed in the executions that were drawn)"
            } else {
                ""
            }
        );
    }
    Ok(verdict.exit_code())
}

fn seed_of_now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(1, |now| now.as_millis() as u64)
}

fn print_failure(
    args: &Args,
    draw: &Draw,
    batch: &Batch,
    run: &Exploration,
    saved: Option<Result<PathBuf, String>>,
) {
    let message = run.failure.as_ref().map(|f| f.reason.to_string());
    let message = message.unwrap_or_default();
    let weaken = args.weakened();
    let text = format!(
        "{}: {}\n  {message}\n  {} {}, execution {}; again: nightly seed={} shard={} \
         batch={}{weaken}\n  {}",
        print::verdict(run.verdict()),
        batch.job.case,
        run.engine,
        batch.job.manner,
        print::count(run.executions),
        draw.seed,
        draw.shard,
        batch.number,
        match saved {
            Some(Ok(path)) => format!("saved: replay {}", path.display()),
            Some(Err(error)) => format!("not saved: {error}"),
            None => "nothing to replay".to_owned(),
        }
    );
    if args.json {
        note!("{text}");
    } else {
        out!("{text}");
    }
}

/// The nights of all shards, as one.
fn merge(files: &[PathBuf]) -> Result<u8, Refusal> {
    let mut summary = NightSummary::default();
    let mut seen = HashSet::new();
    let mut shards = BTreeSet::new();
    let mut of_all = None;
    for path in files {
        let file = path.display();
        let text =
            std::fs::read_to_string(path).map_err(|e| Refusal::input(format!("{file}: {e}")))?;
        if text.is_empty() {
            return Err(Refusal::input(format!("gap: {file} has no batch")));
        }
        for (number, line) in text.lines().enumerate() {
            let line: BatchLine = json::read(line.as_bytes())
                .map_err(|e| Refusal::input(format!("{file}:{}: {e}", number + 1)))?;
            let own = (line.subject.clone(), line.weaken.clone());
            let first = of_all.get_or_insert_with(|| own.clone());
            if own != *first {
                return Err(Refusal::input(format!(
                    "{file}:{}: a night of another subject, or with other orderings\n  it has    \
                     {}\n  others are {}",
                    number + 1,
                    of(&own),
                    of(first)
                )));
            }
            if !seen.insert((line.base_seed, line.shard, line.batch)) {
                return Err(Refusal::input(format!(
                    "overlap: {file}:{}: batch {} of shard {} was there already",
                    number + 1,
                    line.batch,
                    line.shard
                )));
            }
            shards.insert(line.shard);
            if line.verdict != Verdict::Pass {
                out!("{}: {}", print::verdict(line.verdict), line.program);
            }
            summary.add(&line);
        }
    }
    let all = shards.iter().flat_map(|shard| shard.siblings());
    if let Some(missing) = all.into_iter().find(|shard| !shards.contains(shard)) {
        return Err(Refusal::input(format!("gap: no batch of shard {missing}")));
    }
    out!("{}", summary.text());
    let verdict = summary.verdict();
    out!("verdict: {}", print::verdict(verdict));
    Ok(verdict.exit_code())
}

/// Of what a night is: the subject, and the orderings that were changed.
fn of((subject, weaken): &(Option<String>, Vec<String>)) -> String {
    let subject = subject.as_deref().unwrap_or("meta-core");
    [&[subject.to_owned()][..], weaken].concat().join(" ")
}

fn progress_bar(end: Option<Instant>) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(4));
    let template = match end {
        Some(_) => "{spinner} {elapsed} of {prefix} {msg}",
        None => "{spinner} {elapsed} {msg}",
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    if let Some(end) = end {
        let seconds = end.saturating_duration_since(Instant::now()).as_secs_f64();
        bar.set_prefix(print::seconds(seconds));
    }
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}
