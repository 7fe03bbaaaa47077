//! A failing execution as a picture: a lane for each thread, time downwards,
//! and arrows from what is read, or synchronised with, to who reads.

use maud::{Markup, PreEscaped, html};

use crate::story::{ReadFrom, Story, StoryStep, What, moved, short, verb};

const LANE: usize = 300;
const LEFT: usize = 40;
const TOP: usize = 56;
const BOX: (usize, usize) = (236, 44);
const ROW: usize = 62;

/// The picture, which says in words what it shows to those who do not see it.
pub(super) fn picture(story: &Story, id: usize) -> Markup {
    let rows: Vec<&StoryStep> = story.rows.iter().filter(|row| row.telling).collect();
    let width = LEFT + LANE * story.threads + 10;
    let height = TOP + ROW * rows.len() + 10;
    let place = |number: usize| {
        let at = rows.iter().position(|row| row.number == number)?;
        Some((rows[at].thread, TOP + ROW * at + BOX.1 / 2))
    };
    html! {
        svg viewBox=(format!("0 0 {width} {height}")) role="img" aria-labelledby=(format!("picture-{id}")) {
            title id=(format!("picture-{id}")) { (said(story)) }
            defs {
                @for kind in ["reads", "syncs", "missing"] {
                    marker id=(format!("{kind}-{id}")) viewBox="0 0 8 8" refX="7" refY="4"
                        markerWidth="7" markerHeight="7" orient="auto-start-reverse" {
                        path class=(format!("{kind}-head")) d="M0 0 L8 4 L0 8 z" {}
                    }
                }
            }
            @for thread in 1..=story.threads {
                @let x = LEFT + LANE * (thread - 1) + BOX.0 / 2;
                line class="lane" x1=(x) x2=(x) y1="36" y2=(height) {}
                text class="head" x=(x) y="24" text-anchor="middle" { "Thread " (thread) }
            }
            @for (at, row) in rows.iter().enumerate() {
                (step(story, row, TOP + ROW * at))
            }
            @for (kind, from, to) in arrows(story) {
                @if let (Some(from), Some(to)) = (place(from), place(to)) {
                    (arrow(kind, id, from, to))
                }
            }
        }
    }
}

/// What is drawn between steps: reads-from, synchronises-with, what is missing.
fn arrows(story: &Story) -> Vec<(&'static str, usize, usize)> {
    let mut arrows = Vec::new();
    for row in &story.rows {
        if let What::Atomic {
            from: ReadFrom::Step(source),
            ..
        } = &row.what
        {
            arrows.push(("reads", *source, row.number));
        }
    }
    for edge in &story.synchronises {
        arrows.push(("syncs", edge.release, edge.acquire));
    }
    if let Some(race) = &story.race {
        match &race.missing {
            Some(missing) => arrows.push(("missing", missing.release.step, missing.acquire.step)),
            None => arrows.push(("missing", race.first.step, race.second.step)),
        }
    }
    arrows
}

fn arrow(kind: &str, id: usize, from: (usize, usize), to: (usize, usize)) -> Markup {
    let ((from_lane, from_y), (to_lane, to_y)) = (from, to);
    // Arrows of a kind leave and arrive a little apart from the others.
    let shift = match kind {
        "reads" => 0,
        "syncs" => 10,
        _ => 20,
    };
    let (y1, y2) = (from_y + shift - 10, to_y + shift - 10);
    let x = |lane: usize| LEFT + LANE * (lane - 1);
    let (x1, x2, bend1, bend2) = if from_lane == to_lane {
        let edge = x(from_lane) + BOX.0;
        (edge, edge, edge + 40, edge + 40)
    } else if from_lane < to_lane {
        let (out, into) = (x(from_lane) + BOX.0, x(to_lane));
        (out, into, out + 50, into - 50)
    } else {
        let (out, into) = (x(from_lane), x(to_lane) + BOX.0);
        (out, into, out - 50, into + 50)
    };
    html! {
        path class=(kind) marker-end=(format!("url(#{kind}-{id})"))
            d=(format!("M{x1} {y1} C{bend1} {y1} {bend2} {y2} {x2} {y2}")) {}
    }
}

fn step(story: &Story, row: &StoryStep, y: usize) -> Markup {
    let x = LEFT + LANE * (row.thread - 1);
    let raced = story
        .race
        .as_ref()
        .is_some_and(|race| [race.first.step, race.second.step].contains(&row.number));
    let (name, detail, changed) = words(&row.what);
    let class = match (raced, changed) {
        (true, _) => "step raced",
        (_, true) => "step changed",
        _ => "step",
    };
    html! {
        rect class=(class) x=(x) y=(y) width=(BOX.0) height=(BOX.1) rx="5" {}
        text x=(x + 10) y=(y + 18) { (row.number) ". " @if raced { "✗ " } (name) }
        text class="detail" x=(x + 10) y=(y + 35) { (detail) }
    }
}

/// What a step is, what it does, and whether its ordering is another one than
/// the code's.
fn words(what: &What) -> (String, String, bool) {
    match what {
        What::Atomic {
            site,
            ordering,
            in_the_code,
            read,
            written,
            spurious,
            ..
        } => {
            let detail = match (read, written) {
                _ if *spurious => "fails spuriously".to_owned(),
                (Some(read), Some(written)) => format!("{read} → {written}"),
                (Some(read), None) => format!("reads {read}"),
                (None, Some(written)) => format!("writes {written}"),
                (None, None) => String::new(),
            };
            (
                format!("{} {ordering}", short(site)),
                detail,
                in_the_code.is_some(),
            )
        }
        What::Fence {
            site,
            ordering,
            in_the_code,
        } => {
            let detail = in_the_code
                .as_ref()
                .map(|code| format!("{code} in the code"));
            (
                format!("{} {ordering}", short(site)),
                detail.unwrap_or_else(|| "fence".to_owned()),
                in_the_code.is_some(),
            )
        }
        What::Plain {
            field,
            access,
            location,
        } => {
            let at = location.as_deref().map_or("", short).to_owned();
            (format!("{} {field}", verb(access)), at, false)
        }
        What::Mailbox { give, ok } => {
            let detail = moved(*give, *ok, "a handle");
            ("mailbox".to_owned(), detail, false)
        }
    }
}

/// The picture in words.
fn said(story: &Story) -> String {
    let told = story.told.join(" ");
    format!(
        "{} of {}: {} steps by {} threads. {told}",
        story.verdict,
        story.program,
        story.rows.len(),
        story.threads
    )
}

/// What the lines mean.
pub(super) fn legend() -> Markup {
    let line = |class: &str| {
        PreEscaped(format!(
            "<svg viewBox=\"0 0 40 8\" style=\"display:inline;min-width:0;width:2.5rem\" \
             aria-hidden=\"true\"><path class=\"{class}\" d=\"M0 4 L40 4\"/></svg>"
        ))
    };
    html! {
        p class="quiet" {
            (line("reads")) " is read by  " (line("syncs")) " synchronises with  "
            (line("missing")) " should synchronise with, and does not; ✗ the accesses that raced"
        }
    }
}
