//! The outcome table: what was seen, how often, and whether it had to be.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use programs::outcome::{Ends, Outcome, OutcomePattern};
use programs::spec::{MemoryModel, Params};

use super::count;
use pipe::{AllowedBy, Exploration, Job, Target};

/// What outcomes of a program are judged by.
#[derive(Debug)]
pub struct Allowed {
    case: Target,
    requires: Vec<OutcomePattern>,
}

impl Allowed {
    /// What the specification allows; `requires` are the outcomes that a litmus file
    /// asks for.
    pub fn new(case: &Target, requires: Vec<OutcomePattern>) -> Self {
        Allowed {
            case: case.clone(),
            requires,
        }
    }

    /// What is allowed to any of the runs, all of which end the same way; nothing of
    /// programs that are too large.
    fn of(&self, runs: &[(&Job, &Exploration)]) -> BTreeSet<String> {
        let models: HashSet<_> = runs
            .iter()
            .map(|(job, _)| (job.memory(), job.ends))
            .collect();
        // The runs of a scenario say themselves what they miss.
        let Target::Program(program) = &self.case else {
            return BTreeSet::new();
        };
        let of = |(memory, ends): (MemoryModel, Ends)| {
            let allowed = memory.allowed(program, ends, &Params::MODEL);
            allowed.ok().flatten().unwrap_or_default()
        };
        let allowed = models.into_iter().flat_map(of);
        allowed.map(|outcome| outcome.to_string()).collect()
    }

    fn requires(&self, text: &str) -> bool {
        let outcome: Option<Outcome> = text.parse().ok();
        outcome.is_some_and(|outcome| self.requires.iter().any(|p| p.matches(&outcome)))
    }
}

/// The outcomes of a program's interleavings, which are sequentially consistent. `None` where weak
/// memory adds none, on one slot, and of programs that are too large.
fn interleaved(job: &Job, run: &Exploration) -> Option<BTreeSet<String>> {
    let program = job.case.program()?;
    let weak = program.slots() > 1 || program.uses_mailboxes();
    let small = run.allowed_by == AllowedBy::Specification;
    let model = MemoryModel::Interleaved;
    let allowed = (weak && small).then(|| model.allowed(program, job.ends, &Params::MODEL))?;
    Some(allowed.ok()??.iter().map(Outcome::to_string).collect())
}

/// The outcome of a run that is not allowed, if it is among those that were seen.
fn forbidden(run: &Exploration) -> Option<&str> {
    let outcome = run.failure.as_ref()?.reason.outcome()?;
    run.outcomes.contains_key(outcome).then_some(outcome)
}

/// How many of the allowed outcomes a run saw, and how many of these no interleaving has, where it
/// is known.
pub(super) fn seen(job: &Job, run: &Exploration) -> (usize, Option<usize>) {
    let forbidden = forbidden(run);
    let seen = run.seen.max(run.outcomes.len());
    // Not every job asks for the texts.
    let texts = run.outcomes.len() == seen;
    let allowed = || {
        run.outcomes
            .keys()
            .filter(|text| Some(&***text) != forbidden)
    };
    let sc = texts.then(|| interleaved(job, run)).flatten();
    let beyond = sc.map(|sc| allowed().filter(|o| !sc.contains(*o)).count());
    (seen - usize::from(forbidden.is_some()), beyond)
}

/// The outcomes of several runs that end the same way, side by side, and those
/// that only the specification has. What weak memory adds to the sequentially consistent outcomes has
/// a column, if there is some. Runs of the same engine that share a
/// manner, and all that draw schedules, are one column.
pub fn table(runs: &[(&Job, &Exploration)], allowed: &Allowed) -> String {
    let mut columns: Vec<String> = Vec::new();
    let mut outcomes: BTreeMap<&str, BTreeMap<usize, u64>> = BTreeMap::new();
    let of_runs = allowed.of(runs);
    for text in &of_runs {
        outcomes.entry(text).or_default();
    }
    for (job, run) in runs {
        let title = title(job, run);
        let column = columns.iter().position(|c| *c == title).unwrap_or_else(|| {
            columns.push(title);
            columns.len() - 1
        });
        let seen = run.outcomes.iter().map(|(text, n)| (text, *n));
        let missing = run.missing.iter().map(|text| (text, 0));
        for (text, n) in seen.chain(missing) {
            *outcomes.entry(text).or_default().entry(column).or_default() += n;
        }
    }
    let mut table = Table::new();
    table
        .load_preset(presets::UTF8_BORDERS_ONLY)
        .set_content_arrangement(ContentArrangement::Disabled);
    let mut header = vec!["outcome".to_owned()];
    header.extend(columns.iter().cloned());
    let sc = runs.iter().find_map(|(job, run)| interleaved(job, run));
    let beyond = |text: &str| sc.as_ref().is_some_and(|sc| !sc.contains(text));
    let any_beyond = outcomes.keys().any(|text| beyond(text));
    header.extend(any_beyond.then(|| "beyond SC".to_owned()));
    header.push("judged".to_owned());
    table.set_header(header);
    for (text, times) in &outcomes {
        let mut row = vec![(*text).to_owned()];
        let cell = |column| {
            times
                .get(&column)
                .map_or_else(|| "-".to_owned(), |n| count(*n))
        };
        row.extend((0..columns.len()).map(cell));
        row.extend(any_beyond.then(|| if beyond(text) { "yes" } else { "" }.to_owned()));
        let seen = times.values().any(|n| *n > 0);
        row.push(judged(text, seen, runs, allowed).to_owned());
        table.add_row(row);
    }
    for column in 1..=columns.len() {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    crate::output::fitted(table)
}

fn title(job: &Job, run: &Exploration) -> String {
    if job.samples() {
        format!("{} sampled", run.engine)
    } else {
        format!("{} {}", run.engine, job.manner)
    }
}

fn judged(
    text: &str,
    seen: bool,
    runs: &[(&Job, &Exploration)],
    allowed: &Allowed,
) -> &'static str {
    if runs
        .iter()
        .any(|(_, run)| run.missing.iter().any(|m| m == text))
    {
        return "MISSING";
    }
    let forbidden = runs.iter().any(|(_, run)| {
        let outcome = run.failure.as_ref().and_then(|f| f.reason.outcome());
        outcome == Some(text)
    });
    let given = runs
        .iter()
        .any(|(_, run)| run.allowed_by != AllowedBy::Nobody);
    match (forbidden, seen) {
        (false, true) if !given => "seen",
        (true, _) => "FORBIDDEN",
        _ if allowed.requires(text) => "required",
        (false, true) => "allowed",
        (false, false) => "by the specification only",
    }
}

#[cfg(test)]
mod tests {
    use pipe::{EngineName, Reason};

    use super::super::line;
    use super::*;

    /// A run of rc11 that saw these outcomes.
    fn run(program: &str, outcomes: &BTreeSet<Outcome>) -> (Job, Exploration) {
        let job = Job::rc11(
            program.parse::<programs::program::Program>().unwrap(),
            Ends::Left,
        );
        let run = Exploration {
            outcomes: outcomes.iter().map(|o| (o.to_string(), 1)).collect(),
            allowed: outcomes.len(),
            complete: true,
            threads_run: 1,
            ..Exploration::new(EngineName::Rc11)
        };
        (job, run)
    }

    fn allowed(program: &str) -> BTreeSet<Outcome> {
        let program = program.parse().unwrap();
        let allowed = MemoryModel::Rc11.allowed(&program, Ends::Left, &Params::MODEL);
        allowed.unwrap().unwrap()
    }

    #[test]
    fn what_weak_memory_adds_has_a_column_and_a_number_of_its_own() {
        // Store buffering.
        let program = "unused: alloc get@1 | alloc@1 get";
        let (job, run) = run(program, &allowed(program));
        let table = table(&[(&job, &run)], &Allowed::new(&job.case, Vec::new()));
        assert!(
            table.lines().nth(1).unwrap().contains("beyond SC"),
            "{table}"
        );
        let beyond: Vec<_> = table
            .lines()
            .filter(|line| line.contains(" yes "))
            .collect();
        assert!(
            beyond
                .iter()
                .any(|line| line.contains("ok unused | ok unused")),
            "{table}"
        );
        assert!(
            !beyond.iter().any(|line| line.contains("ok ok | ok ")),
            "{table}"
        );
        let (seen, all) = (run.outcomes.len(), beyond.len());
        let said = format!(" {seen} of {seen} outcomes, {all} beyond SC  complete");
        let line = line::text(&job, &run);
        assert!(line.contains(&said), "{line}\n{said}");
    }

    #[test]
    fn on_one_slot_nothing_is_beyond_and_a_forbidden_outcome_is_none_of_the_allowed() {
        let program = "unused: alloc | get";
        let (job, mut run) = run(program, &allowed(program));
        let seen = run.outcomes.len();
        let outcome = "ok | ok => unused".to_owned();
        run.outcomes.insert(outcome.clone(), 1);
        run.failure = Some(Reason::Forbidden { outcome }.into());
        let table = table(&[(&job, &run)], &Allowed::new(&job.case, Vec::new()));
        assert!(
            !table.contains("beyond SC") && table.contains("FORBIDDEN"),
            "{table}"
        );
        let line = line::text(&job, &run);
        assert!(
            line.contains(&format!(" {seen} of {seen} outcomes  ")),
            "{line}"
        );
    }
}
