//! An execution as a table: one column a thread, one row a step.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use pipe::Ordering;

use super::columns::{Cell, Columns, Span};
use crate::output;
use crate::story::{Operation, Story, StoryStep, What, short};

/// The most columns that the table of two or three threads takes.
const WIDTH: usize = 100;

const HEADING: Style = Style::new().bold();
const SITE: Style = AnsiColor::Cyan.on_default();
const CHANGED: Style = AnsiColor::Yellow.on_default();
const RACED: Style = AnsiColor::Red.on_default().bold();
const QUIET: Style = Style::new().dimmed();
const PLAIN: Style = Style::new();

/// How much of an execution is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// The steps that the story needs.
    Story,
    /// Every step.
    Verbose,
}

/// The table, and after it what is wrong.
pub fn text(story: &Story, detail: Detail) -> String {
    let width = output::width().map_or(WIDTH, |width| width.min(WIDTH));
    text_within(story, detail, width)
}

/// The same, in so many columns as far as it can be.
pub fn text_within(story: &Story, detail: Detail, width: usize) -> String {
    let mut text = String::new();
    if !story.rows.is_empty() {
        text.push_str(&table(story, detail, width));
        text.push_str(&legend(story, detail, width));
    }
    if !story.rows.is_empty() && !story.told.is_empty() {
        text.push('\n');
    }
    for said in &story.told {
        for line in wrap(said, width) {
            let _ = writeln!(text, "{line}");
        }
    }
    text
}

/// What the table begins with, in a line.
fn start(story: &Story) -> String {
    let states: Vec<_> = story.start.iter().enumerate().collect();
    match states.as_slice() {
        [(_, only)] => format!("start: {only}"),
        all => {
            let all: Vec<_> = all.iter().map(|(n, s)| format!("@{n} {s}")).collect();
            format!("start: {}", all.join(", "))
        }
    }
}

fn table(story: &Story, detail: Detail, width: usize) -> String {
    let mut columns = Columns::new(story.threads, width);
    let mut operations = story.operations.iter().peekable();
    let mut last = None;
    for row in &story.rows {
        while let Some(operation) = operations.next_if(|op| op.before <= row.number) {
            columns.add(None, operation.thread, heading(operation));
        }
        if row.telling || detail == Detail::Verbose {
            let switched = last.is_some_and(|last| last != row.thread);
            last = Some(row.thread);
            columns.add(Some(row.number), row.thread, cell(story, row, switched));
        }
    }
    for operation in operations {
        columns.add(None, operation.thread, heading(operation));
    }
    if story.start.is_empty() {
        return columns.text();
    }
    format!("{}\n{}", start(story), columns.text())
}

fn heading(operation: &Operation) -> Cell {
    let result = match &operation.result {
        Some(result) => format!(": {result}"),
        None => " …".to_owned(),
    };
    Cell {
        marks: String::new(),
        parts: vec![vec![Span::new(
            format!("{}{result}", operation.name),
            HEADING,
        )]],
        style: PLAIN,
    }
}

fn raced(story: &Story, number: usize) -> bool {
    let race = story.race.as_ref();
    race.is_some_and(|race| race.first.step == number || race.second.step == number)
}

fn cell(story: &Story, row: &StoryStep, switched: bool) -> Cell {
    let raced = raced(story, row.number);
    let mut marks = String::new();
    marks.push(if switched { '▸' } else { ' ' });
    marks.push(if raced { '✗' } else { ' ' });
    marks.push(' ');
    let slot = match (row.slot, row.object) {
        (Some(slot), None) if story.start.len() > 1 => format!("@{slot}"),
        (_, Some(object)) => format!(" #{object}"),
        _ => String::new(),
    };
    let mut parts = Vec::new();
    match &row.what {
        What::Atomic {
            site,
            ordering,
            in_the_code,
            read,
            from,
            overwritten,
            written,
            spurious,
        } => {
            parts.push(site_spans(
                &format!("{}{slot}", short(site)),
                *ordering,
                *in_the_code,
            ));
            parts.push(vec![Span::new(
                match (read, written) {
                    (Some(read), Some(written)) => format!("{read} → {written}"),
                    (Some(read), None) => format!("reads {read}"),
                    (None, Some(written)) => format!("writes {written}"),
                    (None, None) => String::new(),
                },
                PLAIN,
            )]);
            if *spurious {
                parts.push(vec![Span::new("fails spuriously".to_owned(), CHANGED)]);
            }
            if let Some(from) = from.text() {
                parts.push(vec![Span::new(from, QUIET)]);
            }
            if let Some(later) = overwritten {
                let stands = match written {
                    None => format!("overwritten in {later}"),
                    Some(_) => format!("before {later} in modification order"),
                };
                parts.push(vec![Span::new(stands, CHANGED)]);
            }
        }
        What::Fence {
            site,
            ordering,
            in_the_code,
        } => parts.push(site_spans(short(site), *ordering, *in_the_code)),
        What::Plain {
            field,
            access,
            location,
        } => {
            let verb = crate::story::verb(access);
            parts.push(vec![Span::new(format!("{verb} {field}{slot}"), PLAIN)]);
            if let Some(location) = location {
                parts.push(vec![Span::new(short(location).to_owned(), QUIET)]);
            }
        }
        What::Mailbox { give, ok } => {
            let what = crate::story::moved(*give, *ok, "a handle");
            parts.push(vec![Span::new(format!("mailbox{slot}: {what}"), PLAIN)]);
        }
    }
    let mut with: Vec<String> = Vec::new();
    for edge in &story.synchronises {
        let release = edge.release.to_string();
        if edge.acquire == row.number && !with.contains(&release) {
            with.push(release);
        }
    }
    if !with.is_empty() {
        let with = format!("synchronises with {}", with.join(", "));
        parts.push(vec![Span::new(with, QUIET)]);
    }
    Cell {
        marks,
        parts,
        style: if raced { RACED } else { PLAIN },
    }
}

fn site_spans(site: &str, ordering: Ordering, in_the_code: Option<Ordering>) -> Vec<Span> {
    let ordering = if ordering == Ordering::None {
        "removed"
    } else {
        ordering.as_str()
    };
    let mut spans = vec![Span::new(site.to_owned(), SITE)];
    match in_the_code {
        None => spans.push(Span::new(format!(" {ordering}"), PLAIN)),
        Some(code) => spans.push(Span::new(format!(" {ordering} (code: {code})"), CHANGED)),
    }
    spans
}

fn legend(story: &Story, detail: Detail, width: usize) -> String {
    let mut notes = vec!["▸ another thread goes on"];
    if story.race.is_some() {
        notes.push("✗ the accesses that raced");
    }
    let hidden = story.rows.iter().filter(|row| !row.telling).count();
    let hidden = match (detail, hidden) {
        (Detail::Verbose, _) | (_, 0) => String::new(),
        (_, 1) => "; 1 step more: --verbose".to_owned(),
        (_, n) => format!("; {n} steps more: --verbose"),
    };
    let lines = wrap(&format!("{}{hidden}", notes.join(", ")), width);
    let styled = lines.iter().map(|line| format!("{QUIET}{line}{QUIET:#}\n"));
    styled.collect()
}

/// A sentence in lines of at most `width`.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}
