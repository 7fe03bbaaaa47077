//! The outcome table: what was seen, how often, and whether it had to be.

use std::collections::BTreeMap;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use super::count;
use crate::engine::{Exploration, Job};
use crate::verdict::Verdict;

/// The outcomes of several runs that end the same way, side by side.
pub fn table(runs: &[(&Job, &Exploration)]) -> String {
    let mut outcomes: BTreeMap<&str, Vec<Option<u64>>> = BTreeMap::new();
    for (column, (_, run)) in runs.iter().enumerate() {
        let seen = run.outcomes.iter().map(|(text, n)| (text, *n));
        let missing = run.missing.iter().map(|text| (text, 0));
        for (text, n) in seen.chain(missing) {
            outcomes
                .entry(text)
                .or_insert_with(|| vec![None; runs.len()])[column] = Some(n);
        }
    }
    let mut table = Table::new();
    table
        .load_preset(presets::UTF8_BORDERS_ONLY)
        .set_content_arrangement(ContentArrangement::Disabled);
    let mut header = vec!["outcome".to_owned()];
    header.extend(
        runs.iter()
            .map(|(job, run)| format!("{} {}", run.engine, job.probe)),
    );
    header.push("judged".to_owned());
    table.set_header(header);
    for (text, times) in &outcomes {
        let mut row = vec![(*text).to_owned()];
        row.extend(
            times
                .iter()
                .map(|n| n.map_or_else(|| "-".to_owned(), count)),
        );
        row.push(judged(text, runs).to_owned());
        table.add_row(row);
    }
    for column in 1..=runs.len() {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.to_string()
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
