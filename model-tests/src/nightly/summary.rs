//! What a night showed, by engine, scheduler and family of programs.

use std::collections::{BTreeMap, BTreeSet};

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use super::BatchLine;
use crate::print::count;
use pipe::Transition;
use pipe::Verdict;

#[derive(Clone, Debug, Default)]
struct Cell {
    programs: u64,
    executions: u64,
    steps: u64,
    outcomes: u64,
    undecided: u64,
    failures: u64,
    transitions: BTreeSet<Transition>,
}

impl Cell {
    fn add(&mut self, run: &BatchLine) {
        self.programs += 1;
        self.executions += run.executions;
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
        let key = (
            format!("{} {}", line.engine, line.scheduler),
            line.family.clone(),
        );
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

    /// Executions so far.
    pub fn executions(&self) -> u64 {
        self.all.executions
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
                "engine",
                "programs from",
                "programs",
                "executions",
                "steps",
                "outcomes",
                "not judged",
                "transitions",
                "failures",
            ]);
        let mut row = |engine: &str, family: &str, cell: &Cell| {
            table.add_row([
                engine.to_owned(),
                family.to_owned(),
                count(cell.programs),
                count(cell.executions),
                count(cell.steps),
                count(cell.outcomes),
                count(cell.undecided),
                count(cell.transitions.len() as u64),
                count(cell.failures),
            ]);
        };
        for ((engine, family), cell) in &self.cells {
            row(engine, family, cell);
        }
        row("all", "all", &self.all);
        for column in 2..9 {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        crate::output::fitted(table)
    }
}
