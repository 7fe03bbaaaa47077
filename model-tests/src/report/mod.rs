//! One page of the last runs: a file that needs nothing else, for a screen, a
//! phone or paper, in light and dark.

mod audit;
mod failures;
mod picture;
mod runs;

use maud::{DOCTYPE, Markup, PreEscaped, html};

pub use failures::Saved;

use crate::archive::Kept;
use crate::audit::recorded::Recorded;
use pipe::{Description, Verdict};

/// What the page shows.
#[derive(Debug)]
pub struct Page {
    /// The commit that is checked out.
    pub commit: String,
    /// When the page is made, in seconds since 1970.
    pub when: u64,
    /// The runs that were kept, oldest first.
    pub runs: Vec<Kept>,
    /// The failures that were saved.
    pub failures: Vec<Saved>,
    /// The code under test, which the stories of failures are about; needless
    /// without failures.
    pub subject: Option<&'static Description>,
    /// The audit that is kept with the code.
    pub audit: Recorded,
}

/// The sections: anchor and title.
const SECTIONS: [(&str, &str); 7] = [
    ("verdicts", "Verdicts"),
    ("failures", "Failing executions"),
    ("outcomes", "Outcomes"),
    ("audit", "Orderings"),
    ("campaigns", "Campaigns"),
    ("coverage", "Transitions"),
    ("history", "History"),
];

impl Page {
    /// The page, as HTML.
    pub fn html(&self) -> String {
        let last = runs::last(&self.runs);
        let body = |anchor: &str| match anchor {
            "verdicts" => runs::tiles(&last),
            "failures" => failures::section(&self.failures, self.subject),
            "outcomes" => runs::outcomes(&last),
            "audit" => audit::matrix(&self.audit),
            "campaigns" => runs::campaigns(&last),
            "coverage" => runs::coverage(&last),
            _ => runs::history(&self.runs),
        };
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { "framecheck: " (self.summary()) }
                    style { (PreEscaped(include_str!("style.css"))) }
                }
                body {
                    a class="skip" href="#main" { "To the content" }
                    header {
                        h1 { "framecheck" }
                        p { (self.summary()) ". " span class="quiet" { "Commit " (self.commit) ", " (runs::day(self.when)) "." } }
                        nav aria-label="Sections" {
                            ul { @for (anchor, title) in SECTIONS { li { a href={ "#" (anchor) } { (title) } } } }
                        }
                    }
                    main id="main" {
                        @for (anchor, title) in SECTIONS {
                            section id=(anchor) aria-label=(title) { h2 { (title) } (body(anchor)) }
                        }
                    }
                }
            }
        };
        page.into_string()
    }

    fn summary(&self) -> String {
        let last = runs::last(&self.runs);
        let passed = last
            .iter()
            .filter(|run| run.verdict == Verdict::Pass)
            .count();
        format!(
            "{} commands, {passed} of them pass; {} saved failures",
            last.len(),
            self.failures.len()
        )
    }
}

/// A verdict, coloured.
fn chip(verdict: Verdict) -> Markup {
    let class = match verdict {
        Verdict::Pass => "pass",
        Verdict::CutOff | Verdict::ToolFailure => "open",
        _ => "fail",
    };
    html! { span class=(class) { (verdict) } }
}

/// Something wide, which scrolls on a narrow screen, also from the keyboard.
fn scroll(label: &str, inside: Markup) -> Markup {
    html! { div class="scroll" tabindex="0" role="region" aria-label=(label) { (inside) } }
}
