//! The table of orderings.

use meta_core::ordering::{SITES, SiteInfo};

use super::markdown::{code, codes, table};
use crate::audit::RowVerdict;
use crate::audit::recorded::{Recorded, RecordedRow};

fn cells(site: &SiteInfo) -> Vec<String> {
    vec![
        code(site.name),
        site.operation.to_string(),
        site.step.to_owned(),
        format!("{:?}", site.ordering),
        codes(site.partner),
    ]
}

/// Each site with its reason.
pub(super) fn with_reason() -> String {
    let row = |site| {
        let mut row = cells(site);
        row.push(site.reason.to_owned());
        row
    };
    table(
        &["site", "access", "step", "ordering", "pairs with", "why"],
        &SITES.iter().map(row).collect::<Vec<_>>(),
    )
}

/// Each site with what happens when it is weaker.
pub(super) fn with_price(recorded: &Recorded) -> String {
    let row = |site| {
        let mut row = cells(site);
        row.push(price(site, recorded));
        row
    };
    table(
        &[
            "site",
            "access",
            "step",
            "ordering",
            "pairs with",
            "when it is weaker",
        ],
        &SITES.iter().map(row).collect::<Vec<_>>(),
    )
}

fn price(site: &SiteInfo, recorded: &Recorded) -> String {
    let mut rows = recorded.rows_of(site.name).peekable();
    if rows.peek().is_none() {
        return "outside the models".to_owned();
    }
    let tried = |row: &RecordedRow| match row.judged {
        RowVerdict::ChangesNothing | RowVerdict::Weakest => None,
        RowVerdict::Needed => {
            let to = row.to.as_deref().unwrap_or("-");
            Some(format!("{to}: {}", row.verdict))
        }
        judged => Some(format!("**{}**", judged.as_str())),
    };
    let prices: Vec<_> = rows.filter_map(tried).collect();
    if prices.is_empty() {
        "weakest already".to_owned()
    } else {
        prices.join(", ")
    }
}
