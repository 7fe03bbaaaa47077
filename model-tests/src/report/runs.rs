//! The last run of each command, and how runs went over time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, UNIX_EPOCH};

use maud::{Markup, html};

use super::failures::{self, Saved};
use super::{chip, class, scroll};
use crate::archive::{Findings, Kept, Seen};
use crate::print::{count, seconds};
use pipe::{CLASSES, Transition, Verdict};

/// How many runs the history shows.
const HISTORY: usize = 60;

/// How many programs show their outcomes, and how many of them are not folded away.
const PROGRAMS: usize = 12;
const OPEN: usize = 2;

/// The last run of each command, newest first.
pub(super) fn last(runs: &[Kept]) -> Vec<&Kept> {
    let mut seen = BTreeSet::new();
    runs.iter()
        .rev()
        .filter(|run| seen.insert(&run.command))
        .collect()
}

pub(super) fn day(when: u64) -> String {
    let when = UNIX_EPOCH + Duration::from_secs(when);
    let text = humantime::format_rfc3339_seconds(when).to_string();
    format!("{} {} UTC", &text[..10], &text[11..16])
}

/// What did not pass when it ran last, the worst first, each with what to look at; and
/// the rest, folded away.
pub(super) fn attention(last: &[&Kept], failures: &[Saved], commit: &str) -> Markup {
    let (passed, mut others): (Vec<&Kept>, Vec<&Kept>) = last
        .iter()
        .copied()
        .partition(|run| run.verdict == Verdict::Pass);
    others.sort_by_key(|run| !run.verdict.is_failure());
    html! {
        @if last.is_empty() {
            p class="quiet" { "No run is kept yet. Any of explore, campaign, coverage and nightly makes one." }
        } @else if others.is_empty() {
            p { span class="pass" { "Nothing" } ": every command passed when it ran last." }
        }
        @if !others.is_empty() {
            ul class="attention" {
                @for run in &others {
                    li class=(format!("is-{}", class(run.verdict))) {
                        (chip(run.verdict)) " " code { (run.command) }
                        div class="quiet" { (facts(run, commit)) }
                        @if let Findings::Explore { program, changed, runs } = &run.found {
                            @for seen in runs.iter().filter(|seen| seen.verdict != Verdict::Pass) {
                                div { (seen.line) ": " (chip(seen.verdict)) }
                            }
                            @for (id, saved) in failures::of(failures, program, changed) {
                                div { a href=(format!("#failure-{id}")) { "its failing execution on " (saved.found.engine) } }
                            }
                        }
                    }
                }
            }
        }
        @if !passed.is_empty() {
            details {
                summary { (commands(passed.len())) " passed" }
                ul { @for run in &passed { li { code { (run.command) } " " span class="quiet" { (facts(run, commit)) } } } }
            }
        }
    }
}

fn facts(run: &Kept, commit: &str) -> String {
    let (executions, time) = (count(run.executions), seconds(run.seconds));
    let older = if run.commit == commit {
        ""
    } else {
        ", on another commit"
    };
    format!("{executions} executions, {time}, {}{older}", day(run.when))
}

/// So many commands.
pub(super) fn commands(n: usize) -> String {
    match n {
        1 => "1 command".to_owned(),
        n => format!("{n} commands"),
    }
}

pub(super) fn campaigns(last: &[&Kept]) -> Markup {
    let campaigns: Vec<_> = last
        .iter()
        .filter_map(|run| match &run.found {
            Findings::Campaign {
                done,
                of,
                outcomes,
                allowed,
            } => Some((run, *done, *of, *outcomes, *allowed)),
            _ => None,
        })
        .collect();
    html! {
        @if campaigns.is_empty() { p class="quiet" { "No campaign is kept." } }
        @else {
            (scroll("Campaigns", html! {
                table {
                    thead { tr { th { "campaign" } th { "runs" } th { "" } th { "outcomes" } th { "executions" } th { "verdict" } } }
                    tbody {
                        @for (run, done, of, outcomes, allowed) in campaigns {
                            tr {
                                td class="mono" { (run.command) }
                                td class="number" { (count(done)) " of " (count(of)) }
                                td style="min-width:8rem" { progress max=(of) value=(done) aria-label="runs done" {} }
                                td class="number" { (count(outcomes)) " of " (count(allowed)) }
                                td class="number" { (count(run.executions)) }
                                td class="nowrap" { (chip(run.verdict)) }
                            }
                        }
                    }
                }
            }))
        }
    }
}

pub(super) fn outcomes(last: &[&Kept]) -> Markup {
    let mut programs: Vec<_> = last
        .iter()
        .filter_map(|run| match &run.found {
            Findings::Explore {
                program,
                changed,
                runs,
            } => Some((run, program, changed, runs)),
            _ => None,
        })
        .collect();
    // What did not pass comes first, and is not what is left out.
    programs.sort_by_key(|(run, ..)| run.verdict == Verdict::Pass);
    programs.truncate(PROGRAMS);
    html! {
        @if programs.is_empty() { p class="quiet" { "No program is kept." } }
        @for (at, (run, program, changed, runs)) in programs.into_iter().enumerate() {
            article {
                details open[at < OPEN] {
                    summary { (chip(run.verdict)) ": " code { (program) } @for change in changed { " " code { (change) } } }
                    (scroll("Outcomes", outcome_table(runs)))
                }
            }
        }
    }
}

fn outcome_table(runs: &[Seen]) -> Markup {
    let all: BTreeSet<&String> = runs.iter().flat_map(|run| run.outcomes.keys()).collect();
    html! {
        table {
            thead { tr { th { "outcome" } @for run in runs { th { (run.line) @if !run.complete { " (not complete)" } } } } }
            tbody {
                @for outcome in all {
                    tr {
                        td class="mono" { (outcome) }
                        @for run in runs {
                            td class="number" {
                                @match run.outcomes.get(outcome) {
                                    None => "·",
                                    Some(0) => span class="fail" { "missing" },
                                    Some(times) => (count(*times)),
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn coverage(last: &[&Kept]) -> Markup {
    let found = last.iter().find_map(|run| match &run.found {
        Findings::Coverage { allowed, reached } => Some((allowed, reached)),
        _ => None,
    });
    let Some((allowed, reached)) = found else {
        return html! { p class="quiet" { "No coverage is kept." } };
    };
    let mut rows: BTreeMap<&str, BTreeMap<&str, Vec<&Transition>>> = BTreeMap::new();
    for cell in allowed.union(reached) {
        let row = rows.entry(&cell.op).or_default();
        row.entry(&cell.before).or_default().push(cell);
    }
    html! {
        p { (allowed.len()) " transitions are allowed, " (reached.len()) " were reached." }
        (scroll("Transitions", html! {
            table {
                thead { tr { th { "operation" } @for class in CLASSES { th { (class) } } } }
                tbody {
                    @for (op, cells) in &rows {
                        tr {
                            td class="mono" { (op) }
                            @for class in CLASSES {
                                td class="nowrap" {
                                    @for cell in cells.get(class).into_iter().flatten() {
                                        (cell.result) @if cell.before != cell.after { " → " (cell.after) }
                                        @if !reached.contains(cell) { " " span class="fail" { "not reached" } }
                                        @if !allowed.contains(cell) { " " span class="fail" { "forbidden" } }
                                        br;
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }))
    }
}

/// The runs over time, newest first, with their sizes as bars.
pub(super) fn history(runs: &[Kept]) -> Markup {
    let shown: Vec<&Kept> = runs.iter().rev().take(HISTORY).collect();
    let most = shown.iter().map(|run| run.executions).max().unwrap_or(1);
    let longest = shown.iter().map(|run| run.seconds).fold(1e-9, f64::max);
    html! {
        details {
        summary { "Runs: " (runs.len()) "; the last " (shown.len()) }
        p class="quiet" { "Bars are relative to the largest." }
        (scroll("History", html! {
            table {
                thead { tr { th { "when" } th { "command" } th { "commit" } th { "verdict" } th { "executions" } th { "" } th { "time" } th { "" } } }
                tbody {
                    @for run in shown {
                        tr {
                            td class="nowrap" { (day(run.when)) }
                            td class="mono" { (run.command) }
                            td class="mono" { (run.commit.chars().take(8).collect::<String>()) @if run.commit.contains('+') { "+" } }
                            td class="nowrap" { (chip(run.verdict)) }
                            td class="number" { (count(run.executions)) }
                            td style="min-width:6rem" { meter max=(most.max(1)) value=(run.executions) style="width:100%" {} }
                            td class="number" { (seconds(run.seconds)) }
                            td style="min-width:6rem" { meter max=(longest) value=(run.seconds) style="width:100%" {} }
                        }
                    }
                }
            }
        }))
        }
    }
}
