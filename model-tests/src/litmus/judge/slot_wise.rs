//! Outcomes that each slot alone allows: with several slots, lookups that fail
//! may be stale.

use std::collections::BTreeSet;

use programs::outcome::{End, Ends, OpResult, Outcome, OutcomePattern, Writer};
use programs::outcomes::project_program;
use programs::program::Program;
use programs::spec::{self, Params, SpecError};

/// Whether each slot alone allows its part of some outcome that matches.
///
/// Outcomes with an abort are left out: a thread that aborts in one slot stops
/// in all of them.
pub(super) fn allows(
    program: &Program,
    ends: Ends,
    pattern: &OutcomePattern,
) -> Result<bool, SpecError> {
    let mut slots = Vec::new();
    for slot in 0..program.slots() {
        let allowed = spec::allowed(&project_program(program, slot), ends, &Params::MODEL)?;
        let fits = |outcome: &Outcome| Part { program, slot }.fits(outcome, pattern);
        let fitting = allowed.into_iter().filter(fits);
        // Only the drops of an outcome can make a difference from here on.
        let drops: BTreeSet<_> = fitting.map(|outcome| outcome.drops).collect();
        slots.push(drops);
    }
    let none_yet = vec![0; program.threads.len()];
    Ok(drops_fit(&slots, &none_yet, pattern))
}

/// One slot's part of a program.
struct Part<'a> {
    program: &'a Program,
    slot: usize,
}

impl Part<'_> {
    /// Whether results and end of an outcome of this part are as the pattern
    /// asks.
    fn fits(&self, outcome: &Outcome, pattern: &OutcomePattern) -> bool {
        let End::Slots(ends) = &outcome.end else {
            return false;
        };
        let end_fits = pattern.end.as_ref().is_none_or(|end| match &end.end {
            End::NotJudged => false,
            End::Slots(all) => {
                end.drops.is_empty() == outcome.drops.is_empty()
                    && all.get(self.slot) == ends.first()
            }
        });
        let mut threads = pattern.results.iter().zip(&outcome.results).enumerate();
        end_fits
            && threads.all(|(thread, (patterns, results))| {
                let positions = self.positions(thread);
                positions
                    .zip(results)
                    .all(|(at, result)| patterns[at].matches(self.of_whole(*result)))
            })
    }

    /// Where the operations of this part are in a thread of the program.
    fn positions(&self, thread: usize) -> impl Iterator<Item = usize> + '_ {
        let ops = self.program.threads[thread].iter().enumerate();
        ops.filter(|(_, op)| op.slot == self.slot).map(|(at, _)| at)
    }

    /// A result of this part as the program has it: writers are numbered
    /// otherwise.
    fn of_whole(&self, result: OpResult) -> OpResult {
        let OpResult::Read(Writer::Op { thread, op }) = result else {
            return result;
        };
        let thread = usize::from(thread);
        let at = self.positions(thread - 1).nth(usize::from(op) - 1);
        let op = at.expect("a writer is an operation of its slot") + 1;
        OpResult::Read(Writer::op(thread, op))
    }
}

/// Whether some choice of drops, one for each slot, is what the pattern asks
/// for: each thread drops its lowest slot first. `before` counts the drops of
/// each thread in the slots before these.
fn drops_fit(
    slots: &[BTreeSet<Vec<Vec<OpResult>>>],
    before: &[usize],
    pattern: &OutcomePattern,
) -> bool {
    let asked = pattern.end.as_ref().map(|end| &end.drops);
    let asked = asked.filter(|drops| !drops.is_empty());
    let Some((first, rest)) = slots.split_first() else {
        // All drops that are asked for happened.
        return asked.is_none_or(|asked| asked.iter().map(Vec::len).eq(before.iter().copied()));
    };
    first.iter().any(|drops| {
        let mut after = before.to_vec();
        for (thread, results) in drops.iter().enumerate() {
            if let Some(asked) = asked {
                let Some(patterns) =
                    asked[thread].get(after[thread]..after[thread] + results.len())
                else {
                    return false;
                };
                if !patterns.iter().zip(results).all(|(p, r)| p.matches(*r)) {
                    return false;
                }
            }
            after[thread] += results.len();
        }
        drops_fit(rest, &after, pattern)
    })
}
