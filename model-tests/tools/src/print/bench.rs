//! Figures, and what they were measured on.

use std::time::{Duration, UNIX_EPOCH};

use comfy_table::{CellAlignment, ContentArrangement, Table as Cells, presets};

use crate::bench::Results;
use crate::bench::tables::Table;

/// A table with its title.
pub fn table(table: &Table) -> String {
    let mut cells = Cells::new();
    cells
        .load_preset(presets::UTF8_BORDERS_ONLY)
        .set_content_arrangement(ContentArrangement::Disabled);
    cells.set_header(table.header.clone());
    for row in &table.rows {
        cells.add_row(row);
    }
    for column in table.words..table.header.len() {
        if let Some(column) = cells.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    format!("{}. {}\n{cells}", table.title, table.note)
}

/// Where and when a run was.
pub fn origin(results: &Results) -> String {
    let machine = &results.machine;
    let when = UNIX_EPOCH + Duration::from_secs(results.when);
    let date = humantime::format_rfc3339_seconds(when).to_string();
    let date = date.split('T').next().unwrap_or_default().to_owned();
    format!(
        "{date}, {} cores of {} ({}), {} GiB, {}, {}; load before: {:.2}",
        machine.cores,
        machine.processor,
        machine.architecture,
        machine.memory,
        machine.system,
        machine.compiler,
        machine.load,
    )
}
