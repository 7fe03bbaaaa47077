//! What a night showed, by scheduler and family of programs.

use std::collections::{BTreeMap, BTreeSet};

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use super::BatchLine;
use crate::print::count;
use pipe::Transition;
use pipe::Verdict;

#[derive(Clone, Debug, Default)]
struct Cell {
    programs: u64,
    schedules: u64,
    steps: u64,
    outcomes: u64,
    undecided: u64,
    failures: u64,
    transitions: BTreeSet<Transition>,
}

impl Cell {
    fn add(&mut self, run: &BatchLine) {
        self.programs += 1;
        self.schedules += run.executions;
        self.steps += run.steps;
        self.outcomes += run.outcomes as u64;
        self.undecided += run.undecided;
        self.failures += u64::from(run.verdict != Verdict::Pass);
        self.transitions.extend(run.transitions.iter().cloned());
    }
}

/// The sums of a night.
#[derive(Clone, Debug, Default)]
pub struct NightSummary {
    cells: BTreeMap<(String, String), Cell>,
    all: Cell,
    verdict: Option<Verdict>,
}

impl NightSummary {
    /// Adds a batch.
    pub fn add(&mut self, line: &BatchLine) {
        let key = (line.scheduler.clone(), line.family.clone());
        self.cells.entry(key).or_default().add(line);
        self.all.add(line);
        self.verdict = Some(self.verdict().and(line.verdict));
    }

    /// The verdict over all batches; nothing run is cut off.
    pub fn verdict(&self) -> Verdict {
        self.verdict.unwrap_or(Verdict::Pass)
    }

    /// Batches so far.
    pub fn batches(&self) -> u64 {
        self.all.programs
    }

    /// Schedules so far.
    pub fn schedules(&self) -> u64 {
        self.all.schedules
    }

    /// Batches that did not pass.
    pub fn failures(&self) -> u64 {
        self.all.failures
    }

    /// For people.
    pub fn text(&self) -> String {
        let mut table = Table::new();
        table
            .load_preset(presets::UTF8_BORDERS_ONLY)
            .set_content_arrangement(ContentArrangement::Disabled)
            .set_header([
                "scheduler",
                "programs from",
                "programs",
                "schedules",
                "steps",
                "outcomes",
                "not judged",
                "transitions",
                "failures",
            ]);
        let mut row = |scheduler: &str, family: &str, cell: &Cell| {
            table.add_row([
                scheduler.to_owned(),
                family.to_owned(),
                count(cell.programs),
                count(cell.schedules),
                count(cell.steps),
                count(cell.outcomes),
                count(cell.undecided),
                count(cell.transitions.len() as u64),
                count(cell.failures),
            ]);
        };
        for ((scheduler, family), cell) in &self.cells {
            row(scheduler, family, cell);
        }
        row("all", "all", &self.all);
        for column in 2..9 {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table.to_string()
    }
}
