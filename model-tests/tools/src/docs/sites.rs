//! The table of orderings.

use pipe::{Description, SiteInfo};

use super::markdown::{code, codes, table};
use model_tests::audit::RowVerdict;
use model_tests::audit::recorded::{Recorded, RecordedRow};

fn cells(site: &SiteInfo) -> Vec<String> {
    vec![
        code(&site.name),
        site.operation.to_string(),
        site.step.clone(),
        site.ordering.to_string(),
        codes(&site.partners),
    ]
}

/// Each site with its reason.
pub(super) fn with_reason(subject: &Description) -> String {
    let row = |site: &SiteInfo| {
        let mut row = cells(site);
        row.push(site.reason.clone());
        row
    };
    table(
        &["site", "access", "step", "ordering", "pairs with", "why"],
        &subject.sites.iter().map(row).collect::<Vec<_>>(),
    )
}

/// Each site with what happens when it is weaker.
pub(super) fn with_price(subject: &Description, recorded: &Recorded) -> String {
    let row = |site: &SiteInfo| {
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
        &subject.sites.iter().map(row).collect::<Vec<_>>(),
    )
}

fn price(site: &SiteInfo, recorded: &Recorded) -> String {
    if !site.modelled {
        return "outside the models".to_owned();
    }
    let rows = recorded.rows_of(&site.name);
    let tried = |row: &RecordedRow| match row.judged {
        RowVerdict::ChangesNothing | RowVerdict::ForbidsOutcomes | RowVerdict::Weakest => None,
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
