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
    /// The name of the subject, if it is not `meta-core`.
    pub name: Option<String>,
    /// The runs that were kept, oldest first.
    pub runs: Vec<Kept>,
    /// The failures that were saved, newest first.
    pub failures: Vec<Saved>,
    /// The code under test, which the stories of failures are about; needless
    /// without failures.
    pub subject: Option<&'static Description>,
    /// The audit that is kept with the code, if it is one of the subject.
    pub audit: Option<Recorded>,
    /// The files that all of this is from.
    pub files: Vec<Source>,
}

/// A file or folder that the page is drawn from.
#[derive(Clone, Debug)]
pub struct Source {
    /// Where it is.
    pub path: String,
    /// What it has, and what of that is not on the page.
    pub what: String,
    /// The commands that write it.
    pub written_by: &'static str,
}

/// The sections: anchor and title.
const SECTIONS: [(&str, &str); 8] = [
    ("attention", "Needs attention"),
    ("failures", "Failing executions"),
    ("outcomes", "Outcomes"),
    ("audit", "Orderings"),
    ("campaigns", "Campaigns"),
    ("coverage", "Transitions"),
    ("history", "History"),
    ("files", "Files"),
];

impl Page {
    /// The page, as HTML.
    pub fn html(&self) -> String {
        let last = runs::last(&self.runs);
        let body = |anchor: &str| match anchor {
            "attention" => runs::attention(&last, &self.failures, &self.commit),
            "failures" => failures::section(&self.failures, self.subject),
            "outcomes" => runs::outcomes(&last),
            "audit" => match &self.audit {
                Some(audit) => audit::matrix(audit),
                None => {
                    html! { p class="quiet" { "No audit is kept of this subject: it is printed by " code { "audit --subject PATH" } "." } }
                }
            },
            "campaigns" => runs::campaigns(&last),
            "coverage" => runs::coverage(&last),
            "history" => runs::history(&self.runs),
            _ => self.sources(),
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
                        p { (self.summary()) "." }
                        p class="quiet" {
                            @if let Some(name) = &self.name { "Subject " code { (name) } ", commit " } @else { "Commit " }
                            (self.commit.get(..12).unwrap_or(&self.commit))
                            @if self.commit.contains('+') { "+changes" }
                            ", " (runs::day(self.when)) ", from " a href="#files" { "these files" } "."
                        }
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
        let saved = match self.failures.len() {
            1 => "1 saved failure".to_owned(),
            n => format!("{n} saved failures"),
        };
        format!(
            "{} of {} did not pass; {saved}",
            last.len() - passed,
            runs::commands(last.len())
        )
    }

    /// Where all of this is from.
    fn sources(&self) -> Markup {
        scroll(
            "Files",
            html! {
                table {
                    thead { tr { th { "file" } th { "has" } th { "written by" } } }
                    tbody {
                        @for file in &self.files {
                            tr { td class="mono" { (file.path) } td { (file.what) } td { (file.written_by) } }
                        }
                    }
                }
            },
        )
    }
}

/// The class of a verdict, for its colour.
fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::CutOff | Verdict::ToolFailure => "open",
        _ => "fail",
    }
}

/// A verdict, coloured.
fn chip(verdict: Verdict) -> Markup {
    html! { span class=(class(verdict)) { (verdict) } }
}

/// Something wide, which scrolls on a narrow screen, also from the keyboard.
fn scroll(label: &str, inside: Markup) -> Markup {
    html! { div class="scroll" tabindex="0" role="region" aria-label=(label) { (inside) } }
}
