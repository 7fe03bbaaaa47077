//! The table of mutants.

use comfy_table::{CellAlignment, ContentArrangement, Table as Cells, presets};

use super::{count, seconds};
use crate::mutants::{Fate, JudgedMutant};

/// One row for each mutant; where all judges were asked, one more for each of
/// the others that kill it.
pub fn rows(rows: &[JudgedMutant]) -> String {
    let mut table = Cells::new();
    table
        .load_preset(presets::UTF8_BORDERS_ONLY)
        .set_content_arrangement(ContentArrangement::Disabled);
    table.set_header([
        "mutant",
        "fate",
        "judge",
        "by",
        "verdict",
        "after",
        "executions",
        "time",
    ]);
    for row in rows {
        let name = [row.mutant.as_str(), row.fate.as_str()];
        let time = seconds(row.seconds);
        if row.kills.is_empty() {
            table.add_row([name[0], name[1], "-", "-", "-", "-", "-", &time]);
        }
        for (position, kill) in row.kills.iter().enumerate() {
            let first = position == 0;
            table.add_row([
                if first { name[0] } else { "" },
                if first { name[1] } else { "" },
                &kill.judge.to_string(),
                &kill.by,
                &kill.verdict,
                &count(kill.after as u64),
                &count(kill.executions),
                if first { &time } else { "" },
            ]);
        }
    }
    for column in 5..8 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    model_tests::output::fitted(table)
}

/// What there is to say of the mutants that no judge killed, and of those that
/// are not as they must be.
pub fn notes(rows: &[JudgedMutant]) -> String {
    let mut notes = String::new();
    for row in rows {
        let note = match (&row.fate, &row.message) {
            (Fate::Killed, _) => continue,
            (Fate::Survived, _) => {
                "write a test or a litmus file that tells it from the original, or an \
                 `equivalent:` line that says why none can"
            }
            (Fate::NotEquivalent, _) => "its `equivalent:` line is wrong",
            (_, Some(message)) => message,
            (_, None) => "",
        };
        let fate = row.fate.as_str();
        notes.push_str(&format!("{}: {} {fate}: {note}\n", row.mutant, row.what));
    }
    notes
}

/// How many of each fate, in words.
pub fn sum(rows: &[JudgedMutant]) -> String {
    let fates = [
        Fate::Killed,
        Fate::Equivalent,
        Fate::Survived,
        Fate::NotEquivalent,
        Fate::ToolFailure,
    ];
    let of = |fate| rows.iter().filter(|row| row.fate == fate).count();
    let sums: Vec<_> = fates
        .into_iter()
        .filter(|fate| of(*fate) > 0)
        .map(|fate| format!("{} {}", of(fate), fate.as_str()))
        .collect();
    format!("{} mutants: {}", rows.len(), sums.join(", "))
}
