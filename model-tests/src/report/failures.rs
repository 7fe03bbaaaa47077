//! The failures that were saved, each with its picture.

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
    html! {
        article {
            h3 { span class="fail" { (found.verdict) } ": " code { (found.job.case) } }
            p class="quiet" {
                "on " (found.engine) ", " (found.job.manner) ", execution " (found.execution)
                @for change in found.job.orderings() { "; " code { (change) } }
                @if let Some(original) = &found.original { "; smallest of " code { (original) } }
            }
            @match &story {
                Some(story) => (told(story, id)),
                None => p { (found.message) },
            }
            p { "Again: " code { "cargo run --release -- replay " (file) } }
            p class="quiet" { "Saved on commit " (found.commit) "." }
        }
    }
}

fn told(story: &Story, id: usize) -> Markup {
    let plain = anstream::adapter::strip_str(&text(story, Detail::Verbose)).to_string();
    html! {
        @for said in &story.told { p { (said) } }
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
