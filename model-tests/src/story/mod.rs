//! The story of one recorded execution: who did what, which write each read
//! took its value from, what is ordered before what, and what went wrong.
//!
//! It is data, and knows nothing of how it is shown: the command line prints it
//! as a table, and as JSON it can be drawn.

mod order;
mod race;
mod rows;
mod source;
#[cfg(test)]
mod tests;
mod told;

use pipe::{Description, EngineName, Exploration, Job, Ordering, Step, Target, Verdict};
use programs::program::{Program, StartKind};
use serde::{Deserialize, Serialize};

use order::Strength;

pub use race::{Access, End, Missing, Race, Stale};

/// An execution, told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Story {
    /// The program.
    pub program: String,
    /// The engine.
    pub engine: EngineName,
    /// How the engine goes about it, in a word.
    pub manner: String,
    /// Orderings other than the code's, `SITE=Ordering`.
    pub changed: Vec<String>,
    /// The verdict on this execution.
    pub verdict: Verdict,
    /// What the engine said.
    pub message: String,
    /// How many threads there are.
    pub threads: usize,
    /// The state of each slot at the start, by name.
    pub start: Vec<String>,
    /// The operations that were begun, in the order of their first steps.
    pub operations: Vec<Operation>,
    /// The steps, in the order they were made; the first is number 1.
    pub rows: Vec<StoryStep>,
    /// Which steps synchronise with which.
    pub synchronises: Vec<Synchronises>,
    /// The two accesses that raced, of a data race.
    pub race: Option<Race>,
    /// Reads of old values that the code's orderings rule out, where the engine knows
    /// what is read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stale: Vec<Stale>,
    /// What is wrong, in sentences.
    pub told: Vec<String>,
}

/// An operation of the program, or a drop at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Operation {
    /// The thread, counted from 1.
    pub thread: usize,
    /// Its position in the thread, counted from 1.
    pub op: usize,
    /// What it is: `try_unique`, `drop at the end`.
    pub name: String,
    /// What came of it; nothing if the execution ended before it did.
    pub result: Option<String>,
    /// The number of the step before which it begins.
    pub before: usize,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StoryStep {
    /// Its number, counted from 1.
    pub number: usize,
    /// The thread, counted from 1.
    pub thread: usize,
    /// The operation it belongs to, as a position in the thread.
    pub op: usize,
    /// The slot, where the step touches one.
    pub slot: Option<usize>,
    /// Which memory, where the slot does not say: counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<usize>,
    /// What is done.
    pub what: What,
    /// Whether another thread made the step before this one.
    pub switched: bool,
    /// Whether the story needs it; the others are details.
    pub telling: bool,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum What {
    /// An atomic access.
    Atomic {
        /// The site.
        site: String,
        /// The ordering it was performed with.
        ordering: Ordering,
        /// The ordering in the code, if that is another one.
        in_the_code: Option<Ordering>,
        /// The state read, by name.
        read: Option<String>,
        /// Where it was read from.
        from: ReadFrom,
        /// Where the steps are not in modification order: the step, made before,
        /// that overwrites what is read or, of a step that writes, what is written.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        overwritten: Option<usize>,
        /// The state written, by name.
        written: Option<String>,
        /// A weak compare-and-swap that was made to fail.
        spurious: bool,
    },
    /// A fence.
    Fence {
        /// The site.
        site: String,
        /// The ordering it was performed with; `none` if it was removed.
        ordering: Ordering,
        /// The ordering in the code, if that is another one.
        in_the_code: Option<Ordering>,
    },
    /// An access to plain memory.
    Plain {
        /// The field.
        field: String,
        /// `init`, `read`, `write` or `take`.
        access: String,
        /// File and line; none where the operation itself reads or writes the metadata.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        location: Option<String>,
    },
    /// A step to the slot's mailbox.
    Mailbox {
        /// Into it, or out of it.
        give: bool,
        /// Whether a handle moved; if not, the mailbox was full or empty.
        ok: bool,
    },
}

/// Which step a value was read from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ReadFrom {
    /// Nothing is read.
    Nothing,
    /// The start state.
    Start,
    /// The step of this number.
    Step(usize),
    /// One of these steps, or the start state; the engine cannot tell.
    OneOf {
        /// Whether it may be the start state.
        start: bool,
        /// The numbers of the steps.
        steps: Vec<usize>,
    },
}

impl ReadFrom {
    /// In words; nothing if nothing is read.
    pub fn text(&self) -> Option<String> {
        match self {
            ReadFrom::Nothing => None,
            ReadFrom::Start => Some("from the start".to_owned()),
            ReadFrom::Step(step) => Some(format!("from {step}")),
            ReadFrom::OneOf { start, steps } => {
                let mut all: Vec<String> = steps.iter().map(ToString::to_string).collect();
                if *start {
                    all.insert(0, "the start".to_owned());
                }
                Some(match all.pop() {
                    None => "from an unknown step".to_owned(),
                    Some(last) if all.is_empty() => format!("from {last}"),
                    Some(last) => format!("from {} or {last}: not known", all.join(", ")),
                })
            }
        }
    }
}

/// A release and the acquire that synchronises with it: numbers of steps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Synchronises {
    /// The releasing access or fence.
    pub release: usize,
    /// The write that is read.
    pub write: usize,
    /// The read.
    pub read: usize,
    /// The acquiring access or fence.
    pub acquire: usize,
}

/// The story of the failing execution of a run, if its steps were recorded.
/// Runs that miss an outcome have a story without steps.
pub fn of_failure(job: &Job, run: &Exploration, subject: &'static Description) -> Option<Story> {
    let failure = match &run.failure {
        Some(failure) if !failure.verdict().is_failure() => return None,
        None if run.missing.is_empty() => return None,
        failure => failure.as_ref(),
    };
    let steps = failure.map_or(&[][..], |failure| &failure.steps);
    let mut story = of_steps(job, steps, subject)?;
    story.verdict = failure.map_or(Verdict::MissingOutcome, |failure| failure.verdict());
    story.message = failure.map_or_else(String::new, |failure| failure.reason.to_string());
    told::failure(&mut story, job, run, subject);
    Some(story)
}

/// The story of an execution that failed nowhere.
pub fn of_example(job: &Job, steps: &[Step], subject: &'static Description) -> Option<Story> {
    of_steps(job, steps, subject)
}

impl Story {
    /// The operation that the step of this number belongs to.
    fn operation_of(&self, step: usize) -> Option<&Operation> {
        let row = self.rows.get(step.checked_sub(1)?)?;
        let is = |of: &&Operation| (of.thread, of.op) == (row.thread, row.op);
        self.operations.iter().find(is)
    }
}

fn of_steps(job: &Job, steps: &[Step], subject: &'static Description) -> Option<Story> {
    let run = Run::of(job, subject)?;
    let fits = |step: &Step| (1..=run.threads).contains(&step.thread);
    if !steps.iter().all(fits) {
        return None;
    }
    let starts = &run.starts;
    let sources = source::sources(steps, starts, job.reads_newest(), subject);
    let order = order::order(steps, &sources, Strength::AsRun, subject);
    let overwritten = source::overwritten(steps);
    let table = rows::Table::new(&run, steps, (&sources, &overwritten), subject);
    let number = |step: usize| table.numbers[step];
    let mut synchronises: Vec<_> = order
        .edges
        .iter()
        .map(|edge| Synchronises {
            release: number(edge.release),
            write: number(edge.write),
            read: number(edge.read),
            acquire: number(edge.acquire),
        })
        .collect();
    synchronises.dedup();
    let race = race::find(steps, &sources, &order, &table.numbers, subject);
    let read = (&order, &overwritten[..]);
    let stale = race::stale(steps, &sources, read, &table.numbers, subject);
    let mut story = Story {
        program: job.case.to_string(),
        engine: job.engine(),
        manner: job.manner.to_string(),
        changed: job.orderings().iter().map(ToString::to_string).collect(),
        verdict: Verdict::Pass,
        message: String::new(),
        threads: run.threads,
        start: starts
            .iter()
            .map(|raw| subject.value(Some(0), *raw))
            .collect(),
        operations: table.operations,
        rows: table.rows,
        synchronises,
        race,
        stale,
        told: Vec::new(),
    };
    rows::mark_telling(&mut story);
    Some(story)
}

/// What ran, as far as the rows have to know it.
struct Run<'a> {
    threads: usize,
    /// Nothing of a scenario.
    program: Option<&'a Program>,
    /// The values of the slots' words at the start, where that is known.
    starts: Vec<u64>,
}

impl<'a> Run<'a> {
    fn of(job: &'a Job, subject: &Description) -> Option<Self> {
        let program = job.case.program();
        let threads = match &job.case {
            Target::Program(program) => program.threads.len(),
            Target::Scenario(name) => subject.scenario(name)?.threads,
        };
        let slots = match program {
            Some(program) => program.slots(),
            None => 0,
        };
        Some(Run {
            threads,
            program,
            starts: starts(program, slots, subject),
        })
    }

    /// The name of an operation.
    fn operation(&self, thread: usize, op: usize) -> String {
        match self.program {
            None => format!("operation {op}"),
            Some(program) => (program.threads[thread - 1].get(op - 1))
                .map_or_else(|| "drop at the end".to_owned(), ToString::to_string),
        }
    }
}

/// The values of `ref_count` in the start state.
fn starts(program: Option<&Program>, slots: usize, subject: &Description) -> Vec<u64> {
    let (Some(program), Some(known)) = (program, &subject.ref_counts) else {
        return Vec::new();
    };
    let mut starts = vec![known.unused; slots];
    starts[0] = match program.start.kind {
        StartKind::Unused => known.unused,
        StartKind::Shared | StartKind::SharedTwice => program.start_count(),
        StartKind::Unique => known.unique,
    };
    starts
}

/// A place without its folders; a name as it is.
pub fn short(place: &str) -> &str {
    // What a compare-and-swap that fails is called ends in `/fail`.
    let whole = place.strip_suffix("/fail").unwrap_or(place);
    &place[whole.rfind('/').map_or(0, |at| at + 1)..]
}

/// What an access to plain memory does, in a word.
pub fn verb(access: &str) -> &str {
    match access {
        "init" => "initialises",
        "read" => "reads",
        "write" => "writes",
        "take" => "drops",
        other => other,
    }
}

/// What comes of a step to a mailbox, where `cargo` is what it passes on.
pub fn moved(give: bool, ok: bool, cargo: &str) -> String {
    match (give, ok) {
        (true, true) => format!("{cargo} goes in"),
        (true, false) => "full".to_owned(),
        (false, true) => format!("{cargo} comes out"),
        (false, false) => "empty".to_owned(),
    }
}
