//! The outcome table: what was seen, how often, and whether it had to be.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use programs::outcome::{Ends, Outcome, OutcomePattern};
use programs::spec::{MemoryModel, Params};

use super::count;
use pipe::{AllowedBy, Exploration, Job, Target};

/// What outcomes of a program are judged by.
#[derive(Debug)]
pub struct Allowed {
    case: Target,
    requires: Vec<OutcomePattern>,
}

impl Allowed {
    /// What the specification allows; `requires` are the outcomes that a litmus file
    /// asks for.
    pub fn new(case: &Target, requires: Vec<OutcomePattern>) -> Self {
        Allowed {
            case: case.clone(),
            requires,
        }
    }

    /// What is allowed to any of the runs, all of which end the same way; nothing of
    /// programs that are too large.
    fn of(&self, runs: &[(&Job, &Exploration)]) -> BTreeSet<String> {
        let models: HashSet<_> = runs
            .iter()
            .map(|(job, _)| (job.memory(), job.ends))
            .collect();
        // The runs of a scenario say themselves what they miss.
        let Target::Program(program) = &self.case else {
            return BTreeSet::new();
        };
        let of = |(memory, ends): (MemoryModel, Ends)| {
            let allowed = memory.allowed(program, ends, &Params::MODEL);
            allowed.ok().flatten().unwrap_or_default()
        };
        let allowed = models.into_iter().flat_map(of);
        allowed.map(|outcome| outcome.to_string()).collect()
    }

    fn requires(&self, text: &str) -> bool {
        let outcome: Option<Outcome> = text.parse().ok();
        outcome.is_some_and(|outcome| self.requires.iter().any(|p| p.matches(&outcome)))
    }
}

/// The outcomes of several runs that end the same way, side by side, and those
/// that only the specification has. Runs of the same engine that share a
/// manner, and all that draw schedules, are one column.
pub fn table(runs: &[(&Job, &Exploration)], allowed: &Allowed) -> String {
    let mut columns: Vec<String> = Vec::new();
    let mut outcomes: BTreeMap<&str, BTreeMap<usize, u64>> = BTreeMap::new();
    let of_runs = allowed.of(runs);
    for text in &of_runs {
        outcomes.entry(text).or_default();
    }
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
        let seen = times.values().any(|n| *n > 0);
        row.push(judged(text, seen, runs, allowed).to_owned());
        table.add_row(row);
    }
    for column in 1..=columns.len() {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    crate::output::fitted(table)
}

fn title(job: &Job, run: &Exploration) -> String {
    if job.samples() {
        format!("{} sampled", run.engine)
    } else {
        format!("{} {}", run.engine, job.manner)
    }
}

fn judged(
    text: &str,
    seen: bool,
    runs: &[(&Job, &Exploration)],
    allowed: &Allowed,
) -> &'static str {
    if runs
        .iter()
        .any(|(_, run)| run.missing.iter().any(|m| m == text))
    {
        return "MISSING";
    }
    let forbidden = runs.iter().any(|(_, run)| {
        let outcome = run.failure.as_ref().and_then(|f| f.reason.outcome());
        outcome == Some(text)
    });
    let given = runs
        .iter()
        .any(|(_, run)| run.allowed_by != AllowedBy::Nobody);
    match (forbidden, seen) {
        (false, true) if !given => "seen",
        (true, _) => "FORBIDDEN",
        _ if allowed.requires(text) => "required",
        (false, true) => "allowed",
        (false, false) => "by the specification only",
    }
}
