//! The table of planted bugs.

use model_tests::nightly::Way;

use super::markdown::table as markdown_table;
use crate::planted::{KeptSearch, Recorded, cell, verdict};

/// A row for each bug: how it was found, and after how many executions in each way.
pub(super) fn table(recorded: &Recorded) -> String {
    let header: Vec<_> = (["planted bug", "found as"].into_iter())
        .chain(Way::ALL.map(Way::name))
        .collect();
    let rows = recorded.bugs.iter().map(|(bug, ways)| {
        let of = |way: Way| ways.get(way.name()).map_or(&[][..], Vec::as_slice);
        let all: Vec<KeptSearch> = Way::ALL.into_iter().flat_map(of).copied().collect();
        let found = verdict(&all).map_or_else(|| "not found".to_owned(), |v| v.to_string());
        let cells = Way::ALL.map(|way| cell(of(way)));
        [vec![bug.clone(), found], cells.to_vec()].concat()
    });
    markdown_table(&header, &rows.collect::<Vec<_>>())
}
