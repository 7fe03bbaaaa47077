//! The two accesses that raced, and the happens-before edge that is missing.

use serde::{Deserialize, Serialize};

use super::order::{Edge, Order, Strength, order};
use super::source::Source;
use pipe::{Description, Ordering, Step, StepKind};

/// Two plain accesses to the same memory, at least one of them a write, without
/// happens-before between them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Race {
    /// The earlier access.
    pub first: Access,
    /// The later one, at which the engine stopped.
    pub second: Access,
    /// The edge that would have ordered them; none if no site makes one.
    pub missing: Option<Missing>,
    /// Whether the code's own orderings have that edge. If not, it takes
    /// stronger ones than the code's.
    pub in_the_code: bool,
}

/// An access that raced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Access {
    /// The number of the step.
    pub step: usize,
    /// The thread, counted from 1.
    pub thread: usize,
    /// The slot.
    pub slot: Option<usize>,
    /// The field.
    pub field: String,
    /// `init`, `read`, `write` or `take`.
    pub access: String,
    /// File and line; none where the operation itself reads or writes the metadata.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
}

/// An edge that the orderings of the execution do not make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Missing {
    /// The end that should release.
    pub release: End,
    /// The write that was read: `release`, or a read-modify-write after it.
    pub write: usize,
    /// The read, an atomic access.
    pub read: End,
    /// The end that should acquire: `read`, or a fence after it.
    pub acquire: End,
}

/// One end of an edge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct End {
    /// The number of the step.
    pub step: usize,
    /// The thread, counted from 1.
    pub thread: usize,
    /// The site.
    pub site: String,
    /// The ordering it was performed with; `none` for a removed fence.
    pub ordering: Ordering,
    /// The ordering it would need, if it is too weak.
    pub needs: Option<Ordering>,
}

/// The race that the last plain access makes, if it makes one.
///
/// Among the accesses it races with, the latest whose missing edge is known is
/// the one to tell of; one under way when the engine stopped comes first.
pub(super) fn find(
    steps: &[Step],
    sources: &[Source],
    as_run: &Order,
    numbers: &[usize],
    subject: &'static Description,
) -> Option<Race> {
    let is_plain = |step: &Step| matches!(step.kind, StepKind::Plain { .. });
    let second = steps.iter().rposition(is_plain)?;
    let racing: Vec<usize> = (0..second)
        .rev()
        .filter(|first| conflict(&steps[*first], &steps[second]))
        .filter(|first| !as_run.before(*first, second))
        .collect();
    // Nothing of its thread comes after an access that overlaps.
    let open = |first: &usize| {
        let thread = steps[*first].thread;
        steps[first + 1..].iter().all(|step| step.thread != thread)
    };
    let mut candidates: Vec<usize> = racing.iter().copied().filter(open).collect();
    candidates.extend(racing.iter().copied().filter(|first| !open(first)));
    let first = *candidates.first()?;
    let mut race = Race {
        first: access(steps, first, numbers),
        second: access(steps, second, numbers),
        missing: None,
        in_the_code: false,
    };
    for (strength, in_the_code) in [(Strength::AsInTheCode, true), (Strength::Strongest, false)] {
        let stronger = order(steps, sources, strength, subject);
        for &first in &candidates {
            if let Some(edge) = lacks(steps, as_run, &stronger, first, second) {
                race.first = access(steps, first, numbers);
                race.missing = Some(missing(steps, numbers, edge, strength, subject));
                race.in_the_code = in_the_code;
                return Some(race);
            }
        }
    }
    Some(race)
}

/// The first edge of a stronger order that this one lacks on the way from one step to a
/// later one.
fn lacks(
    steps: &[Step],
    as_run: &Order,
    stronger: &Order,
    first: usize,
    second: usize,
) -> Option<Edge> {
    let path = path(steps, &stronger.edges, first, second)?;
    path.into_iter().find(|edge| !as_run.edges.contains(edge))
}

/// A read of an old value that the code's orderings rule out: with them the step that
/// had overwritten it would happen before the read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Stale {
    /// The number of the step that reads.
    pub read: usize,
    /// The number of the step that had overwritten the value.
    pub overwritten: usize,
    /// The edge that would have ordered them.
    pub missing: Missing,
}

/// The reads of old values that the code's orderings rule out; `overwritten` says for
/// each step that reads one which step had overwritten it.
pub(super) fn stale(
    steps: &[Step],
    sources: &[Source],
    (as_run, overwritten): (&Order, &[Option<usize>]),
    numbers: &[usize],
    subject: &'static Description,
) -> Vec<Stale> {
    let strength = Strength::AsInTheCode;
    let stronger = order(steps, sources, strength, subject);
    let of_read = |read: usize| {
        let first = overwritten[read].filter(|_| sources[read] != Source::None)?;
        let edge = lacks(steps, as_run, &stronger, first, read)?;
        Some(Stale {
            read: numbers[read],
            overwritten: numbers[first],
            missing: missing(steps, numbers, edge, strength, subject),
        })
    };
    (0..steps.len()).filter_map(of_read).collect()
}

impl Stale {
    /// The read in sentences.
    pub(super) fn told(&self) -> Vec<String> {
        let (read, overwritten) = (self.read, self.overwritten);
        vec![
            format!(
                "missing: no happens-before from step {overwritten} to step {read}, which reads \
                 what that had overwritten."
            ),
            self.missing.told(true),
        ]
    }
}

fn conflict(a: &Step, b: &Step) -> bool {
    match (&a.kind, &b.kind) {
        (
            StepKind::Plain {
                field: one,
                access: first,
                ..
            },
            StepKind::Plain {
                field: other,
                access: second,
                ..
            },
        ) => {
            let both_read = *first == pipe::Access::Read && first == second;
            let same = (a.slot, a.object, one) == (b.slot, b.object, other);
            a.thread != b.thread && same && !both_read
        }
        _ => false,
    }
}

/// The edges of a shortest way from one step to a later one, by program order
/// and `edges`.
fn path(steps: &[Step], edges: &[Edge], from: usize, to: usize) -> Option<Vec<Edge>> {
    // Edges go forward, so that one pass in the order of the acquires sees each
    // release's own way first.
    let mut best: Vec<Option<Vec<Edge>>> = vec![None; steps.len()];
    best[from] = Some(Vec::new());
    let shorter = |new: &Vec<Edge>, old: &Option<Vec<Edge>>| {
        old.as_ref().is_none_or(|old| new.len() < old.len())
    };
    for step in from..=to {
        let before = (from..step)
            .rev()
            .find(|other| steps[*other].thread == steps[step].thread);
        if let Some(way) = before.and_then(|before| best[before].clone())
            && shorter(&way, &best[step])
        {
            best[step] = Some(way);
        }
        for edge in edges.iter().filter(|edge| edge.acquire == step) {
            if let Some(mut way) = best[edge.release].clone() {
                way.push(*edge);
                if shorter(&way, &best[step]) {
                    best[step] = Some(way);
                }
            }
        }
    }
    best.swap_remove(to)
}

fn access(steps: &[Step], index: usize, numbers: &[usize]) -> Access {
    let step = &steps[index];
    let StepKind::Plain {
        field,
        access,
        location,
    } = &step.kind
    else {
        unreachable!("plain accesses race");
    };
    Access {
        step: numbers[index],
        thread: step.thread,
        slot: step.slot,
        field: field.clone(),
        access: access.as_str().to_owned(),
        location: location.clone(),
    }
}

fn missing(
    steps: &[Step],
    numbers: &[usize],
    edge: Edge,
    strength: Strength,
    subject: &'static Description,
) -> Missing {
    let end = |index: usize, part: Option<Ordering>| {
        let (site, ordering) = match &steps[index].kind {
            StepKind::Atomic { site, ordering, .. } => (site.as_str(), *ordering),
            _ => ("mailbox", Ordering::AcqRel),
        };
        End {
            step: numbers[index],
            thread: steps[index].thread,
            site: site.to_owned(),
            ordering,
            needs: part.and_then(|part| needed(site, ordering, part, strength, subject)),
        }
    };
    Missing {
        release: end(edge.release, Some(Ordering::Release)),
        write: numbers[edge.write],
        read: end(edge.read, None),
        acquire: end(edge.acquire, Some(Ordering::Acquire)),
    }
}

/// The ordering that a site would need to be `part`: `Release` or `Acquire`.
fn needed(
    site: &str,
    ordering: Ordering,
    part: Ordering,
    strength: Strength,
    subject: &'static Description,
) -> Option<Ordering> {
    if ordering == part || ordering == Ordering::AcqRel {
        return None;
    }
    match strength {
        Strength::AsInTheCode => subject.site(site).map(|site| site.ordering),
        // As much as is missing, on top of what there is.
        _ if matches!(ordering, Ordering::Relaxed | Ordering::None) => Some(part),
        _ => Some(Ordering::AcqRel),
    }
}

impl Race {
    /// The race in sentences.
    pub(super) fn told(&self, threads_say: &dyn Fn(usize) -> String) -> Vec<String> {
        let (first, second) = (&self.first, &self.second);
        let mut said = vec![format!(
            "missing: no happens-before from step {} ({} {}) to step {} ({} {}).",
            first.step,
            threads_say(first.thread),
            first.verb(),
            second.step,
            threads_say(second.thread),
            second.verb()
        )];
        match &self.missing {
            Some(missing) => said.push(missing.told(self.in_the_code)),
            None => said.push(
                "No site could make one: whatever the orderings, no step after the first is read \
                 before the second."
                    .to_owned(),
            ),
        }
        said
    }
}

impl super::Story {
    /// The accesses that raced, in a line: each at its place in the code under test, or in
    /// the operation of the program that makes it.
    pub fn racing(&self) -> Option<String> {
        let access = |access: &Access| {
            let place = match &access.location {
                Some(location) => format!("at {location}"),
                None => format!("in `{}`", self.operation_of(access.step)?.name),
            };
            Some(format!("T{} {} {place}", access.thread, access.verb()))
        };
        let race = self.race.as_ref()?;
        Some(format!(
            "{}, {}",
            access(&race.first)?,
            access(&race.second)?
        ))
    }
}

impl Access {
    fn verb(&self) -> String {
        format!("{} {}", super::verb(&self.access), self.field)
    }
}

impl Missing {
    fn told(&self, in_the_code: bool) -> String {
        let (release, read, acquire) = (&self.release, &self.read, &self.acquire);
        let mut said = format!("{} is ", release.text());
        if self.write == release.step {
            said.push_str("read by ");
        } else {
            said.push_str(&format!(
                "followed by the read-modify-write of step {}, which is read by ",
                self.write
            ));
        }
        said.push_str(&read.text());
        if acquire.step != read.step {
            if acquire.ordering == Ordering::None {
                said.push_str(&format!(
                    ", and {} is removed from step {}",
                    acquire.site, acquire.step
                ));
            } else {
                said.push_str(&format!(", and {} follows", acquire.text()));
            }
        }
        said.push_str(": ");
        let needs = |end: &End| {
            let needs = end.needs?;
            Some(format!("with {needs} in {}", end.site))
        };
        let needed: Vec<_> = [needs(release), needs(acquire)]
            .into_iter()
            .flatten()
            .collect();
        said.push_str(&needed.join(" and "));
        said.push_str(if in_the_code {
            ", as in the code, the one would synchronise with the other."
        } else {
            ", which is more than the code has, the one would synchronise with the other."
        });
        said
    }
}

impl End {
    fn text(&self) -> String {
        format!("{} ({}) in step {}", self.site, self.ordering, self.step)
    }
}
