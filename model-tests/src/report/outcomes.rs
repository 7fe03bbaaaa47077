//! The outcome table: what was seen, how often, and whether it had to be.

use std::collections::BTreeMap;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use super::count;
use crate::engine::{Exploration, Job, Scheduler};
use crate::verdict::Verdict;

/// The outcomes of several runs that end the same way, side by side. Runs of
/// the same engine that share a manner, and all that draw schedules, are one
/// column.
pub fn table(runs: &[(&Job, &Exploration)]) -> String {
    let mut columns: Vec<String> = Vec::new();
    let mut outcomes: BTreeMap<&str, BTreeMap<usize, u64>> = BTreeMap::new();
    for (job, run) in runs {
        let title = title(job, run);
        let column = columns.iter().position(|c| *c == title).unwrap_or_else(|| {
            columns.push(title);
            columns.len() - 1
        });
        let seen = run.outcomes.iter().map(|(text, n)| (text, *n));
        let missing = run.missing.iter().map(|text| (text, 0));
        for (text, n) in seen.chain(missing) {
            *outcomes.entry(text).or_default().entry(column).or_default() += n;
        }
    }
    let mut table = Table::new();
    table
        .load_preset(presets::UTF8_BORDERS_ONLY)
        .set_content_arrangement(ContentArrangement::Disabled);
    let mut header = vec!["outcome".to_owned()];
    header.extend(columns.iter().cloned());
    header.push("judged".to_owned());
    table.set_header(header);
    for (text, times) in &outcomes {
        let mut row = vec![(*text).to_owned()];
        let cell = |column| {
            times
                .get(&column)
                .map_or_else(|| "-".to_owned(), |n| count(*n))
        };
        row.extend((0..columns.len()).map(cell));
        row.push(judged(text, runs).to_owned());
        table.add_row(row);
    }
    for column in 1..=columns.len() {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.to_string()
}

fn title(job: &Job, run: &Exploration) -> String {
    let samples = job.scheduler.as_ref().is_some_and(Scheduler::samples);
    if samples {
        format!("{} sampled", run.engine)
    } else {
        format!("{} {}", run.engine, job.manner())
    }
}

fn judged(text: &str, runs: &[(&Job, &Exploration)]) -> &'static str {
    if runs
        .iter()
        .any(|(_, run)| run.missing.iter().any(|m| m == text))
    {
        return "MISSING";
    }
    let forbidden = runs.iter().any(|(_, run)| {
        run.failure.as_ref().is_some_and(|f| {
            matches!(f.verdict, Verdict::ForbiddenOutcome | Verdict::Abort) && f.message == text
        })
    });
    if forbidden { "FORBIDDEN" } else { "allowed" }
}
