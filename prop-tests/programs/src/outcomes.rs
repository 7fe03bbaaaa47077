//! What an engine saw, against what the specification allows.
//!
//! On one slot every outcome is one of an interleaving of atomic steps, for
//! coherence makes a single location sequentially consistent. Several slots
//! are weaker: a failing lookup is relaxed, and may miss what another thread
//! did to that slot before what it did to a slot this thread has seen. Each
//! slot alone is still coherent, so each slot is judged alone: the outcome is
//! *projected* on it and must be allowed to the projected program.
//!
//! Mailboxes make one slot weaker in the same way: `give` and `take` that fail
//! are relaxed too, and say nothing to the thread about the count. So the
//! outcome itself decides what operations on mailboxes come to, and what is
//! asked is whether the count can go along with that.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    outcome::{End, Ends, OpResult, Outcome, Writer},
    program::{Op, Program, Start, StartKind},
    spec::{self, Beside, Hand, Params, SpecError},
};

/// What the outcomes are outcomes of.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The program.
    pub program: &'a Program,
    /// What happens to handles at the end of a thread.
    pub ends: Ends,
    /// The constants of the build.
    pub params: &'a Params,
}

/// What should hold between outcomes seen and outcomes allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Relation {
    /// They are the same.
    Equal,
    /// What is seen is allowed; the engine need not look everywhere.
    Contained,
    /// What is allowed is seen, and what is seen is allowed to each slot
    /// alone.
    SlotWise,
}

/// What does not hold between outcomes seen and outcomes allowed.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Comparison {
    /// Seen, but not allowed.
    pub forbidden: Vec<Outcome>,
    /// Allowed and asked for, but not seen.
    pub missing: Vec<Outcome>,
}

impl Comparison {
    /// Whether there is nothing to report.
    pub fn holds(&self) -> bool {
        self.forbidden.is_empty() && self.missing.is_empty()
    }
}

/// Compares the outcomes that an engine saw with the `allowed` ones, which are
/// those of [`spec::allowed`] for the same case. Missing outcomes are judged
/// only when the exploration was `complete`.
pub fn compare(
    case: &Case<'_>,
    allowed: &BTreeSet<Outcome>,
    seen: &BTreeSet<Outcome>,
    relation: Relation,
    complete: bool,
) -> Result<Comparison, SpecError> {
    let mut comparison = Comparison::default();
    let mut alone = Alone::new(case);
    for outcome in seen.difference(allowed) {
        if relation != Relation::SlotWise || !alone.allows(outcome)? {
            comparison.forbidden.push(outcome.clone());
        }
    }
    if complete && relation != Relation::Contained {
        comparison.missing = allowed.difference(seen).cloned().collect();
    }
    Ok(comparison)
}

/// What is allowed to each slot alone, worked out when first asked for.
struct Alone<'a> {
    case: Case<'a>,
    programs: Vec<Program>,
    allowed: BTreeMap<(usize, Beside), BTreeSet<Outcome>>,
}

impl<'a> Alone<'a> {
    fn new(case: &Case<'a>) -> Self {
        let slots = spec::program_slots(case.program);
        Self {
            case: *case,
            programs: (0..slots)
                .map(|slot| project_program(case.program, slot))
                .collect(),
            allowed: BTreeMap::new(),
        }
    }

    fn allows(&mut self, outcome: &Outcome) -> Result<bool, SpecError> {
        let Case { ends, params, .. } = self.case;
        for (slot, program) in self.programs.iter().enumerate() {
            let Some(projection) = project_outcome(self.case.program, outcome, slot) else {
                return Ok(false);
            };
            let Projection { outcome, stops } = projection;
            let given = mailbox_results(program, &outcome);
            let key = (slot, Beside { stops, given });
            if !self.allowed.contains_key(&key) {
                let allowed = spec::allowed_beside(program, ends, params, &key.1)?;
                self.allowed.insert(key.clone(), allowed);
            }
            if !self.allowed[&key].contains(&outcome) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// What the operations on mailboxes came to.
fn mailbox_results(program: &Program, outcome: &Outcome) -> Vec<Vec<Option<OpResult>>> {
    if !program.uses_mailboxes() {
        return Vec::new();
    }
    let of_thread = |(ops, results): (&Vec<Op>, &Vec<OpResult>)| {
        let ops = ops.iter().zip(results);
        ops.map(|(op, result)| op.name.is_mailbox().then_some(*result))
            .collect()
    };
    let threads = program.threads.iter().zip(&outcome.results);
    threads.map(of_thread).collect()
}

/// A program with only the operations on one slot, which becomes slot 0. A
/// thread may be left with none.
pub fn project_program(program: &Program, slot: usize) -> Program {
    let unused = Start {
        kind: StartKind::Unused,
        forgotten: 0,
    };
    let project = |ops: &Vec<Op>| {
        let ops = ops.iter().filter(|op| op.slot == slot);
        ops.map(|op| Op { slot: 0, ..*op }).collect()
    };
    Program {
        start: if slot == 0 { program.start } else { unused },
        threads: program.threads.iter().map(project).collect(),
    }
}

/// What an outcome says about one slot.
///
/// A thread that aborts in one slot stops in all of them. A slot beside the one
/// it aborted in sees the thread stop: it does nothing more and forgets what
/// it holds, though none of its operations on this slot aborted. The outcome
/// alone says where that was, so the projection names the place, and the
/// projected program is asked for the outcomes in which the thread stops right
/// there. The end is not judged in any slot then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Projection {
    /// The outcome of the projected program.
    pub outcome: Outcome,
    /// For each thread that aborted in another slot, before which operation of
    /// the projected program that was.
    pub stops: Vec<Option<usize>>,
}

/// Projects an outcome of a program on one slot; `None` if it does not have
/// the shape of an outcome of this program, or has a result that its
/// operation cannot give.
///
/// Final drops do not name their slot. They need not: the results of a thread
/// say what it holds at its end, and it drops that lowest slot first.
pub fn project_outcome(program: &Program, outcome: &Outcome, slot: usize) -> Option<Projection> {
    let threads = program.threads.len();
    let slots = spec::program_slots(program);
    let dropped = !outcome.drops.is_empty();
    if slot >= slots
        || outcome.results.len() != threads
        || dropped && outcome.drops.len() != threads
    {
        return None;
    }
    let mut projection = Projection {
        outcome: Outcome {
            results: Vec::with_capacity(threads),
            drops: Vec::new(),
            end: match &outcome.end {
                End::NotJudged => End::NotJudged,
                End::Slots(ends) if ends.len() == slots => End::Slots(vec![*ends.get(slot)?]),
                End::Slots(_) => return None,
            },
        },
        stops: Vec::with_capacity(threads),
    };
    for thread in 0..threads {
        let of_thread = project_thread(program, thread, &outcome.results[thread], slot)?;
        // However many hands are possible, they are equally many handles.
        let handles = |hands: &BTreeSet<Hand>| hands.first().map_or(0, |hand| hand.handles());
        let held: Vec<usize> = of_thread.hands.iter().map(handles).collect();
        if dropped {
            let drops = &outcome.drops[thread];
            if drops.len() != held.iter().sum() {
                return None;
            }
            let first = held[..slot].iter().sum();
            let drops = &drops[first..first + held[slot]];
            projection.outcome.drops.push(drops.to_vec());
        }
        projection.outcome.results.push(of_thread.results);
        projection.stops.push(of_thread.stop);
    }
    Some(projection)
}

struct ProjectedThread {
    results: Vec<OpResult>,
    stop: Option<usize>,
    /// What the thread may hold at its end, by slot.
    hands: Vec<BTreeSet<Hand>>,
}

fn project_thread(
    program: &Program,
    thread: usize,
    results: &[OpResult],
    slot: usize,
) -> Option<ProjectedThread> {
    let ops = &program.threads[thread];
    if results.len() != ops.len() {
        return None;
    }
    // What a handle that was taken can do is seen only later.
    let mut hands = vec![BTreeSet::from([Hand::Empty]); spec::program_slots(program)];
    hands[0] = BTreeSet::from([spec::start_hand(program.start, thread)]);
    let mut projected = Vec::new();
    let mut aborted = false;
    let mut stop = None;
    for (op, &result) in ops.iter().zip(results) {
        let possible = &mut hands[op.slot];
        if result == OpResult::Skipped {
            possible.retain(|hand| aborted || !hand.applies(op.name));
        } else if aborted {
            return None;
        } else {
            let after = possible.iter().flat_map(|hand| hand.after(op.name, result));
            *possible = after.collect();
        }
        if possible.is_empty() {
            return None;
        }
        if result == OpResult::Abort {
            aborted = true;
            if op.slot != slot {
                stop = Some(projected.len());
            }
        }
        if op.slot == slot {
            projected.push(project_result(program, result, slot)?);
        }
    }
    if aborted {
        hands.fill(BTreeSet::from([Hand::Empty]));
    }
    Some(ProjectedThread {
        results: projected,
        stop,
        hands,
    })
}

/// Numbers the writer that was read as the projected program does.
fn project_result(program: &Program, result: OpResult, slot: usize) -> Option<OpResult> {
    let OpResult::Read(Writer::Op { thread, op }) = result else {
        return Some(result);
    };
    let (thread, op) = (usize::from(thread), usize::from(op));
    let ops = program.threads.get(thread.checked_sub(1)?)?;
    let before = ops.get(..op.checked_sub(1)?)?;
    if ops.get(op - 1)?.slot != slot {
        return None;
    }
    let op = 1 + before.iter().filter(|op| op.slot == slot).count();
    Some(OpResult::Read(Writer::op(thread, op)))
}
