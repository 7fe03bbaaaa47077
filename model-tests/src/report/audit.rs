//! The audit that is kept with the code, as a matrix.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::scroll;
use crate::audit::RowVerdict;
use crate::audit::recorded::{Recorded, RecordedRow};

const ORDERINGS: [&str; 6] = ["none", "Relaxed", "Acquire", "Release", "AcqRel", "SeqCst"];

pub(super) fn matrix(audit: &Recorded) -> Markup {
    let mut sites: Vec<&str> = audit.rows.iter().map(|row| row.site.as_str()).collect();
    sites.dedup();
    let tried: BTreeMap<(&str, &str), &RecordedRow> = audit
        .rows
        .iter()
        .filter_map(|row| Some(((row.site.as_str(), row.to.as_deref()?), row)))
        .collect();
    let of_code = |site: &str| {
        let row = audit.rows.iter().find(|row| row.site == site);
        row.map_or("", |row| row.from.as_str())
    };
    html! {
        p { "Each ordering of the code, and what happens with another one, over " (audit.bounds.join(", ")) ", the litmus files and the scenarios." }
        (scroll("Audit", html! {
            table {
                thead { tr { th { "site" } @for ordering in ORDERINGS { th { (ordering) } } } }
                tbody {
                    @for site in sites {
                        tr {
                            td class="mono" { (site) }
                            @for ordering in ORDERINGS {
                                td class="tried" {
                                    @if of_code(site) == ordering { b { "in the code" } }
                                    @else if let Some(row) = tried.get(&(site, ordering)) { (cell(row)) }
                                    @else { span class="quiet" { "·" } }
                                }
                            }
                        }
                    }
                }
            }
        }))
        h3 { "Minimal tables" }
        p { "Sites that cannot be at their weakest, in each set of orderings under which everything passes:" }
        ul {
            @for table in &audit.minimal {
                li { @for (site, ordering) in table { code { (site) "=" (ordering) } " " } }
            }
        }
    }
}

fn cell(row: &RecordedRow) -> Markup {
    html! {
        @match (&row.program, row.judged) {
            // It passes what it should, and no failure of the audit.
            (Some(program), RowVerdict::ForbidsOutcomes) => { span class="open" { (row.judged.as_str()) } br; code { (program) } },
            (Some(program), _) => { span class="fail" { (row.verdict) } br; code { (program) } },
            (None, _) => span class="quiet" { (row.judged.as_str()) },
        }
    }
}
