//! Steps as numbered rows, and the operations they belong to.

use super::source::Source;
use super::{Operation, ReadFrom, Run, Story, StoryStep, What};
use pipe::{Description, Ordering, Step, StepKind};

/// The rows of an execution.
pub(super) struct Table {
    pub rows: Vec<StoryStep>,
    pub operations: Vec<Operation>,
    /// The number of each step; of a begin or an end that of the next row.
    pub numbers: Vec<usize>,
}

impl Table {
    pub(super) fn new(
        run: &Run<'_>,
        steps: &[Step],
        (sources, overwritten): (&[Source], &[Option<usize>]),
        subject: &'static Description,
    ) -> Self {
        let numbers = numbers(steps);
        let mut table = Table {
            rows: Vec::new(),
            operations: Vec::new(),
            numbers,
        };
        // The operation each thread is in, and its place among the operations
        // once it is there: it comes when its first step does.
        let mut under_way: Vec<(usize, Option<usize>)> = vec![(0, None); run.threads];
        let mut last_thread = None;
        for (index, step) in steps.iter().enumerate() {
            let thread = step.thread;
            match &step.kind {
                StepKind::Begin { op } => {
                    under_way[thread - 1] = (*op, None);
                }
                StepKind::End { result } => {
                    let place = table.come(run, thread, &mut under_way[thread - 1], index);
                    if let Some(place) = place {
                        table.operations[place].result = Some(result.clone());
                    }
                }
                _ => {
                    table.come(run, thread, &mut under_way[thread - 1], index);
                    let overwritten = overwritten[index].map(|step| table.numbers[step]);
                    let source = (&sources[index], overwritten);
                    let what = what(step, source, &table.numbers, subject);
                    table.rows.push(StoryStep {
                        number: table.numbers[index],
                        thread,
                        op: under_way[thread - 1].0,
                        slot: step.slot,
                        object: step.object,
                        what,
                        switched: last_thread.is_some_and(|last| last != thread),
                        telling: true,
                    });
                    last_thread = Some(thread);
                }
            }
        }
        table
    }

    /// Adds the operation under way if it is not there yet, before the step at
    /// `index`.
    fn come(
        &mut self,
        run: &Run<'_>,
        thread: usize,
        under_way: &mut (usize, Option<usize>),
        index: usize,
    ) -> Option<usize> {
        let (op, place) = under_way;
        if place.is_none() && *op > 0 {
            *place = Some(self.operations.len());
            self.operations.push(Operation {
                thread,
                op: *op,
                name: run.operation(thread, *op),
                result: None,
                before: self.numbers[index],
            });
        }
        *place
    }
}

/// Numbers the steps that are rows.
fn numbers(steps: &[Step]) -> Vec<usize> {
    let mut next = 1;
    let number = |step: &Step| {
        let number = next;
        next += usize::from(!matches!(
            step.kind,
            StepKind::Begin { .. } | StepKind::End { .. }
        ));
        number
    };
    steps.iter().map(number).collect()
}

fn what(
    step: &Step,
    (source, overwritten): (&Source, Option<usize>),
    numbers: &[usize],
    subject: &'static Description,
) -> What {
    let name = |raw| subject.value(step.slot, raw);
    match &step.kind {
        StepKind::Atomic {
            site,
            ordering,
            read: None,
            written: None,
            ..
        } => What::Fence {
            site: site.clone(),
            ordering: *ordering,
            in_the_code: in_the_code(site, *ordering, subject),
        },
        StepKind::Atomic {
            site,
            ordering,
            read,
            written,
            spurious,
            ..
        } => What::Atomic {
            site: site.clone(),
            ordering: *ordering,
            in_the_code: in_the_code(site, *ordering, subject),
            read: read.map(name),
            from: match source {
                Source::None => ReadFrom::Nothing,
                Source::Start => ReadFrom::Start,
                Source::Step(step) => ReadFrom::Step(numbers[*step]),
                Source::OneOf { start, steps } => ReadFrom::OneOf {
                    start: *start,
                    steps: steps.iter().map(|step| numbers[*step]).collect(),
                },
            },
            overwritten,
            written: written.map(name),
            spurious: *spurious,
        },
        StepKind::Plain {
            field,
            access,
            location,
        } => What::Plain {
            field: field.clone(),
            access: access.as_str().to_owned(),
            location: location.clone(),
        },
        StepKind::Mailbox { give, ok } => What::Mailbox {
            give: *give,
            ok: *ok,
        },
        StepKind::Begin { .. } | StepKind::End { .. } => {
            unreachable!("an operation's begin and end are no rows")
        }
    }
}

/// The ordering in the code, if it is not `ordering`.
fn in_the_code(site: &str, ordering: Ordering, subject: &'static Description) -> Option<Ordering> {
    let code = subject.site(site)?.ordering;
    (code != ordering).then_some(code)
}

/// Decides which rows the story needs.
///
/// Not needed are: accesses to the vtable word, which go along with those to
/// the metadata; loads that a compare-and-swap of the same operation checks
/// again; and where two accesses raced, all other plain accesses and what
/// happens to other slots.
pub(super) fn mark_telling(story: &mut Story) {
    let raced = |race: &super::Race| [race.first.step, race.second.step];
    let racing = story.race.as_ref().map(raced);
    let slot = racing.and_then(|[_, second]| story.rows.get(second - 1)?.slot);
    let checked_again: Vec<bool> = story
        .rows
        .iter()
        .enumerate()
        .map(|(index, row)| {
            let is_load = matches!(
                &row.what,
                What::Atomic {
                    read: Some(_),
                    written: None,
                    spurious: false,
                    ..
                }
            );
            let same = |later: &&StoryStep| (later.thread, later.op) == (row.thread, row.op);
            let again = |later: &StoryStep| matches!(later.what, What::Atomic { .. });
            is_load && story.rows[index + 1..].iter().filter(same).any(again)
        })
        .collect();
    for (row, checked_again) in story.rows.iter_mut().zip(checked_again) {
        let plain = matches!(row.what, What::Plain { .. });
        let vtable = matches!(&row.what, What::Plain { field, .. } if field == "vtable_ptr");
        row.telling = match racing {
            Some(racing) => {
                racing.contains(&row.number)
                    || !plain && !checked_again && (row.slot.is_none() || row.slot == slot)
            }
            None => !vtable && !checked_again,
        };
    }
}
