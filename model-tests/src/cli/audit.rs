//! `audit`: is every ordering needed, and is none missing?

use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use programs::program::Bound;

use super::pool::{pool, refuse_many, subject};
use super::{Refusal, number};
use crate::audit::oracle::{Answer, Oracle};
use crate::audit::recorded::{MinimalSet, Recorded};
use crate::audit::table::Table;
use crate::audit::{self, AuditRow, joint};
use crate::campaign::Way;
use crate::json;
use crate::plan::models;
use crate::{coverage, interrupt, litmus, package, print};
use crate::{note, out};
use pipe::Verdict;
use pipe::{Description, EngineName};

/// Judge every ordering: whether anything fails as the code is, and whether something
/// fails with each weaker ordering; report what stronger ones change.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A file of orderings has lines `SITE Ordering`; # begins a comment, and sites that are not named
are as in the code:

  TRY_UNIQUE   Relaxed
  RESET_STORE  Release

Exit codes: 0 every ordering is needed and none is missing, 1 otherwise, or not as recorded,
2 bad input, 3 cut off or interrupted, 4 tool failure")]
pub(super) struct Args {
    /// Judge the orderings in this file instead of the code's
    #[arg(long, value_name = "FILE")]
    orderings: Option<PathBuf>,

    /// Leave the joint view out: all minimal sets of orderings under which everything passes
    #[arg(long)]
    no_joint: bool,

    /// Bounds whose programs are run beside the litmus files
    #[arg(long, value_name = "THREADSxOPS", default_values = ["2x1", "2x2"], value_delimiter = ',')]
    bounds: Vec<Bound>,

    /// Bounds whose programs on two slots are run too, which takes minutes
    #[arg(long, value_name = "THREADSxOPS", value_delimiter = ',')]
    two_slots: Vec<Bound>,

    /// Keep the result in model-tests/audit.json, which the documents are generated from
    #[arg(long, conflicts_with_all = ["orderings", "no_joint", "json"])]
    record: bool,

    /// The explorer: rc11 or loom
    #[arg(long, value_name = "ENGINE", default_value = "rc11")]
    engine: EngineName,

    /// Worker processes; as many as cores by default
    #[arg(long, value_name = "N", value_parser = number::workers)]
    workers: Option<usize>,

    /// Print one JSON object for each ordering that was tried, then one for each minimal set
    #[arg(long)]
    json: bool,
}

/// The exit code when an ordering is too weak or too strong.
const NOT_EXACT: u8 = 1;

pub(super) fn run(args: &Args) -> Result<u8, Refusal> {
    refuse_many(&args.bounds, 1, false)?;
    refuse_many(&args.two_slots, 2, false)?;
    if args.record && package::chosen().is_some() {
        return Err(Refusal::input("only the audit of meta-core is kept"));
    }
    let way = super::campaign::way(args.engine)?;
    if let Way::Loom(_) = way {
        for bound in args.bounds.iter().chain(&args.two_slots) {
            super::campaign::fits_loom(*bound).map_err(Refusal::input)?;
        }
    }
    let subject = subject(args.engine);
    let mut described = subject.description().map_err(Refusal::tool)?;
    let corpus = litmus::corpus(&subject).map_err(Refusal::input)?;
    let mut pool = pool(args.engine, args.workers)?;
    let mut oracle = Oracle::new(
        &mut pool,
        way,
        &corpus,
        &args.bounds,
        &args.two_slots,
        described,
    );
    if oracle.cases() == 0 {
        return Err(Refusal::input(
            "the subject runs no program and no scenario",
        ));
    }
    if described.sites.is_empty() {
        described = oracle.find_sites(described).map_err(Refusal::tool)?;
        if described.sites.is_empty() {
            return Err(Refusal::input(
                "no run met an atomic access of the subject\n  hint: its files take them from \
                 `core`, and `extern crate facade as core;` stands in the crate's root",
            ));
        }
    }
    if !args.no_joint {
        joint::fits(described).map_err(Refusal::input)?;
    }
    let table = match &args.orderings {
        None => Table::of_code(described),
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|e| Refusal::input(format!("{}: {e}", path.display())))?;
            Table::parse(&text, described)
                .map_err(|e| Refusal::input(format!("{}: {e}", path.display())))?
        }
    };
    if !models(args.engine, &table.changes()) {
        return Err(Refusal::input(format!(
            "{} does not model SeqCst\n  hint: --engine rc11 does",
            args.engine
        )));
    }
    match audit(args, &mut oracle, &table, described) {
        Ok(true) => Ok(Verdict::Pass.exit_code()),
        Ok(false) => Ok(NOT_EXACT),
        Err(_) if interrupt::requested() => {
            note!("interrupted");
            Ok(Verdict::CutOff.exit_code())
        }
        Err(error) => Err(Refusal::tool(error)),
    }
}

/// Prints the audit, and says whether every ordering is needed and none is
/// missing.
fn audit(
    args: &Args,
    oracle: &mut Oracle<'_>,
    table: &Table,
    subject: &'static Description,
) -> Result<bool, String> {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(4));
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(std::time::Duration::from_millis(100));
    bar.set_message("everything as it is");

    let mut rows: Vec<AuditRow> = Vec::new();
    let take = |row: &AuditRow| {
        bar.set_message(format!("{} {}", row.site, row.to.unwrap_or("")));
        if args.json {
            // A row is plain data, which JSON can always say.
            let _ = json::line(row);
        }
    };
    let idle = oracle.idle_sites(coverage::sites(subject))?;
    let base = oracle.judge(table)?;
    let mut sound = table.clone();
    if base.kill.is_some() {
        let (mended, too_weak) = audit::mend(oracle, table, take)?;
        rows.extend(too_weak);
        sound = mended;
    }
    rows.extend(audit::rows(oracle, &sound, take)?);
    if !args.json {
        bar.suspend(|| as_it_is(&base, oracle.cases()));
        bar.suspend(|| out!("{}", print::audit::rows(&rows)));
    }
    let mut minimal = Vec::new();
    if !args.no_joint {
        let mut found = 0;
        minimal = joint::minimal_tables(oracle, subject, |_| {
            found += 1;
            bar.set_message(format!("minimal sets of orderings: {found} so far"));
        })?;
        if args.json {
            for set in MinimalSet::all(args.engine, &minimal) {
                json::line(&set)?;
            }
        } else {
            bar.suspend(|| {
                out!(
                    "\nminimal sets of orderings under which everything passes, {} in all (· is the \
                     weakest):\n{}",
                    minimal.len(),
                    print::audit::joint(&minimal)
                );
            });
        }
    }
    bar.finish_and_clear();
    let one_slot = args.bounds.iter().map(ToString::to_string);
    let two_slots = args
        .two_slots
        .iter()
        .map(|bound| format!("{bound} on 2 slots"));
    let bounds = one_slot.chain(two_slots).collect();
    let now = Recorded::new(args.engine, bounds, &rows, &minimal);
    let failed =
        !idle.is_empty() || base.kill.is_some() || rows.iter().any(|row| row.judged.fails());
    for site in &idle {
        note!("{site}: no code performs it, so that nothing is known of its orderings");
    }
    let not_here = |row: &&AuditRow| row.judged == audit::RowVerdict::NotNeededHere;
    let unneeded = rows.iter().filter(not_here).count();
    if !args.json {
        let failing = rows
            .iter()
            .filter(|row| row.judged.fails() || not_here(row));
        for row in failing {
            out!(
                "{}: {} is {}; {}",
                row.site,
                row.from,
                row.judged.as_str(),
                match row.judged {
                    audit::RowVerdict::TooWeak => format!(
                        "with it `{}` ends in {}, and {} is enough",
                        row.program.as_deref().unwrap_or("-"),
                        row.verdict,
                        row.to.unwrap_or("-")
                    ),
                    _ => format!("{} passes everything too", row.to.unwrap_or("-")),
                }
            );
        }
        out!(
            "{}",
            if failed {
                "verdict: not every ordering is needed, or one is missing, or a site is not performed"
            } else if unneeded > 0 {
                "verdict: no ordering is too weak for what was explored, which does not need all of \
                 them"
            } else {
                "verdict: every ordering is needed and none is missing"
            }
        );
    }
    let kept = is_kept(args, &now, failed)?;
    Ok(!failed && kept)
}

/// Keeps the result if asked to, and says whether it is the one that is kept.
fn is_kept(args: &Args, now: &Recorded, failed: bool) -> Result<bool, String> {
    if args.record {
        if failed {
            out!("not recorded: only an audit that passes is kept");
        } else {
            now.save()?;
            out!("recorded: {}", Recorded::path().display());
        }
        return Ok(!failed);
    }
    let recorded = match &args.orderings {
        None if package::chosen().is_none() => Recorded::load()?,
        _ => return Ok(true),
    };
    if recorded.bounds != now.bounds {
        return Ok(true);
    }
    let differences = recorded.differences(now);
    for difference in &differences {
        note!("not as recorded: {difference}");
    }
    if !differences.is_empty() {
        note!(
            "the documents show another result; if this one is meant, run `cargo run --release -- \
             audit --record`, then `cargo run --release \
             --package tools -- docs`"
        );
    }
    Ok(differences.is_empty())
}

fn as_it_is(base: &Answer, cases: usize) {
    match &base.kill {
        None => out!(
            "as it is: {} cases pass, {} executions, {}",
            print::count(cases as u64),
            print::count(base.executions),
            print::seconds(base.seconds)
        ),
        Some(kill) => out!(
            "as it is: {} in `{}`, execution {}",
            print::verdict(kill.verdict),
            kill.case,
            print::count(kill.executions)
        ),
    }
}
