//! The failures that were saved, each with its picture.

use std::collections::BTreeSet;

use maud::{Markup, html};
use pipe::Description;

use super::picture;
use crate::counterexample::Counterexample;
use crate::print::story::{Detail, text};
use crate::story::Story;

/// A saved failure.
#[derive(Debug)]
pub struct Saved {
    /// The file, as it is named on a command line.
    pub file: String,
    /// What it holds.
    pub found: Counterexample,
}

/// How many failures are not folded away.
const OPEN: usize = 3;

/// The newest failure of a program with these orderings on each engine, with its number on
/// the page.
pub(super) fn of<'a>(
    failures: &'a [Saved],
    program: &'a str,
    changed: &'a [String],
) -> impl Iterator<Item = (usize, &'a Saved)> {
    let mut seen = BTreeSet::new();
    failures
        .iter()
        .enumerate()
        .filter(move |(_, Saved { found, .. })| {
            let case = found.job.case.to_string();
            let orderings = found.job.orderings().iter().map(ToString::to_string);
            found.original.as_ref().unwrap_or(&case) == program
                && orderings.eq(changed.iter().cloned())
                && seen.insert(found.engine)
        })
}

/// The newest are open, the older ones folded away.
pub(super) fn section(failures: &[Saved], subject: Option<&'static Description>) -> Markup {
    html! {
        @if failures.is_empty() {
            p class="quiet" { "No failure is saved." }
        } @else {
            (picture::legend())
        }
        @for (id, saved) in failures.iter().enumerate() {
            (failure(saved, id, subject))
        }
    }
}

fn failure(saved: &Saved, id: usize, subject: Option<&'static Description>) -> Markup {
    let Saved { file, found } = saved;
    let story = subject.and_then(|subject| found.story(subject));
    let racing = story.as_ref().and_then(Story::racing);
    html! {
        article id=(format!("failure-{id}")) {
            details open[id < OPEN] {
                summary { span class="fail" { (found.verdict) } ": " code { (found.job.case) } }
                p class="quiet" {
                    "on " (found.engine) ", " (found.job.manner) ", execution " (found.execution)
                    @for change in found.job.orderings() { "; " code { (change) } }
                    @if let Some(original) = &found.original { "; smallest of " code { (original) } }
                }
                @if let Some(racing) = racing {
                    p { (prose(racing.to_string().as_str())) }
                } @else if story.as_ref().is_none_or(|story| story.told.is_empty()) {
                    p { (found.message) }
                }
                @if let Some(story) = &story { (told(story, id)) }
                p { "Again: " code { "cargo run --release -- replay " (file) } }
                p class="quiet" { "Saved on commit " (found.commit) "." }
            }
        }
    }
}

/// A sentence, what stands between backticks as code.
fn prose(text: &str) -> Markup {
    html! {
        @for (at, part) in text.split('`').enumerate() {
            @if at % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

fn told(story: &Story, id: usize) -> Markup {
    let plain = anstream::adapter::strip_str(&text(story, Detail::Verbose)).to_string();
    html! {
        @for said in &story.told { p { (prose(said)) } }
        @if !story.rows.is_empty() {
            figure class="scroll" style="margin:0" tabindex="0" aria-label="The failing execution" {
                (picture::picture(story, id))
            }
            details {
                summary { "Every step" }
                div class="scroll" tabindex="0" { pre { (plain) } }
            }
        }
    }
}
