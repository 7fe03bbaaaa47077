//! The tables of the audit.

use comfy_table::{CellAlignment, ContentArrangement, Table as Cells, presets};

use super::{count, seconds};
use crate::audit::AuditRow;
use crate::audit::table::Table;
use crate::audit::variants;

/// One row for each ordering that was tried.
pub fn rows(rows: &[AuditRow]) -> String {
    let mut table = cells();
    table.set_header([
        "site",
        "from",
        "to",
        "judged",
        "verdict",
        "smallest program",
        "executions",
        "runs",
        "time",
    ]);
    for row in rows {
        table.add_row([
            row.site.to_owned(),
            row.from.to_owned(),
            row.to.unwrap_or("-").to_owned(),
            row.judged.as_str().to_owned(),
            if row.to.is_some() {
                row.verdict.to_string()
            } else {
                "-".to_owned()
            },
            row.program.clone().unwrap_or_else(|| "-".to_owned()),
            count(row.executions),
            count(row.runs),
            seconds(row.seconds),
        ]);
    }
    for column in 6..9 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    crate::output::fitted(table)
}

/// One column for each minimal table; sites that are at their weakest in all of
/// them are left out.
pub fn joint(tables: &[Table]) -> String {
    let mut table = cells();
    let mut header = vec!["site".to_owned()];
    header.extend((1..=tables.len()).map(|n| n.to_string()));
    table.set_header(header);
    for site in tables.iter().take(1).flat_map(Table::sites) {
        let weakest = |t: &Table| variants::lacking(site, t.get(site)).next().is_none();
        if !tables.iter().all(weakest) {
            let mut row = vec![site.name.clone()];
            row.extend(tables.iter().map(|t| {
                if weakest(t) {
                    "·".to_owned()
                } else {
                    variants::name(site, t.get(site)).to_owned()
                }
            }));
            table.add_row(row);
        }
    }
    crate::output::fitted(table)
}

fn cells() -> Cells {
    let mut table = Cells::new();
    table
        .load_preset(presets::UTF8_BORDERS_ONLY)
        .set_content_arrangement(ContentArrangement::Disabled);
    table
}
