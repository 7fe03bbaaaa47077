//! `mutants --planted`: bugs beyond the campaigns' bounds, and how soon a night finds
//! them.

use std::path::Path;
use std::time::Duration;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::mutants::Args;
use crate::mutants::{self, Mutant, Tree};
use crate::planted::{self, KeptSearch, Recorded, Search};
use crate::print;
use model_tests::campaign::Shard;
use model_tests::cli::Refusal;
use model_tests::nightly::{Draw, Way};
use model_tests::out;
use model_tests::workspace;
use model_tests::{interrupt, json};
use pipe::EngineName;
use pipe::Verdict;

/// The exit code when a bug was not found.
const NOT_FOUND: u8 = 1;

pub(super) fn run(args: &Args) -> Result<u8, Refusal> {
    let folder = workspace::package().join("planted");
    let mut bugs = mutants::load_all(&folder).map_err(Refusal::input)?;
    if let Some(unknown) = args
        .only
        .iter()
        .find(|n| !bugs.iter().any(|b| b.name == **n))
    {
        return Err(Refusal::input(format!(
            "there is no planted bug `{unknown}`"
        )));
    }
    bugs.retain(|bug| args.only.is_empty() || args.only.contains(&bug.name));
    interrupt::listen().map_err(Refusal::tool)?;
    let root = workspace::root();
    let target = root.join("target").join("planted");
    let tree = Tree::new(root, &target.join("tree"));

    let bar = progress_bar(bugs.len());
    let mut searches: Vec<Search> = Vec::new();
    let mut recorded = match args.record {
        true => Recorded::load().map_err(Refusal::tool)?,
        false => Recorded::default(),
    };
    for bug in &bugs {
        bar.set_message(format!("{}: build", bug.name));
        tree.mutate(&bug.patch).map_err(Refusal::tool)?;
        for engine in [EngineName::Shuttle, EngineName::Rc11] {
            let asked = |way: &Way| args.by.is_empty() || args.by.contains(way);
            let ways: Vec<_> = Way::ALL.into_iter().filter(asked).collect();
            let mut ways = ways.into_iter().filter(|w| w.engine() == engine).peekable();
            if ways.peek().is_none() {
                continue;
            }
            let worker = mutants::build_worker(tree.path(), &target, engine)
                .map_err(|e| Refusal::tool(format!("{}: {e}", bug.name)))?;
            for way in ways {
                bar.set_message(format!("{}: {}", bug.name, way.name()));
                let found = search_all(args, bug, &worker, way)?;
                recorded.replace(&bug.name, way, &found);
                searches.extend(found);
            }
        }
        // What is there is kept, whatever becomes of the rest.
        if args.record && !interrupt::requested() {
            recorded.save().map_err(Refusal::tool)?;
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    if !args.json {
        out!("{}", table(&bugs, &searches));
        out!(
            "median executions of {} searches; a search gives up after {}",
            args.seeds,
            print::count(args.executions)
        );
    }
    if interrupt::requested() {
        return Ok(Verdict::CutOff.exit_code());
    }
    let found = |bug: &Mutant| {
        let mut of_bug = searches.iter().filter(|s| s.bug == bug.name);
        of_bug.any(|s| s.verdict.is_failure())
    };
    if let Some(search) = searches
        .iter()
        .find(|s| s.verdict.is_failure() && !s.replays)
    {
        return Err(Refusal::tool(format!(
            "{}: found by {} with seed {}, and not found again by replay",
            search.bug, search.by, search.seed
        )));
    }
    Ok(if bugs.iter().all(found) { 0 } else { NOT_FOUND })
}

fn search_all(args: &Args, bug: &Mutant, worker: &Path, way: Way) -> Result<Vec<Search>, Refusal> {
    let mut searches = Vec::new();
    for seed in 1..=args.seeds {
        if interrupt::requested() {
            break;
        }
        let draw = Draw {
            seed,
            shard: Shard::WHOLE,
            litmus: vec!["unused: alloc | get".parse().map_err(Refusal::tool)?],
        };
        let found = planted::search(&bug.name, worker, way, &draw, args.executions)
            .map_err(Refusal::tool)?;
        if args.json {
            json::line(&found).map_err(Refusal::tool)?;
        }
        searches.push(found);
    }
    Ok(searches)
}

fn table(bugs: &[Mutant], searches: &[Search]) -> String {
    let mut table = Table::new();
    table
        .load_preset(presets::UTF8_BORDERS_ONLY)
        .set_content_arrangement(ContentArrangement::Disabled);
    let heads = ["planted bug", "found as"]
        .into_iter()
        .chain(Way::ALL.map(Way::name));
    table.set_header(heads);
    for bug in bugs {
        let of_bug = || searches.iter().filter(|s| s.bug == bug.name);
        let all: Vec<KeptSearch> = of_bug().map(KeptSearch::from).collect();
        let found = planted::verdict(&all);
        let mut row = vec![
            bug.name.clone(),
            found.map_or_else(|| "not found".to_owned(), |verdict| verdict.to_string()),
        ];
        row.extend(Way::ALL.map(|way| {
            let of_way = of_bug().filter(|s| s.by == way.name());
            planted::cell(&of_way.map(KeptSearch::from).collect::<Vec<_>>())
        }));
        table.add_row(row);
    }
    for column in 2..2 + Way::ALL.len() {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    model_tests::output::fitted(table)
}

fn progress_bar(bugs: usize) -> ProgressBar {
    let target = ProgressDrawTarget::stderr_with_hz(4);
    let bar = ProgressBar::with_draw_target(Some(bugs as u64), target);
    if let Ok(style) =
        ProgressStyle::with_template("{bar:30} {pos}/{len} bugs, {elapsed}, {wide_msg}")
    {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}
