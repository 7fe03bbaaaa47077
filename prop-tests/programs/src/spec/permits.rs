//! Whether one outcome is allowed, without enumerating all of them: programs
//! too large for [`allowed`](super::allowed) are judged so.

use rustc_hash::FxHashSet;

use super::{Machine, Params, SpecError};
use crate::outcome::{Ends, Outcome};
use crate::program::Program;

/// Searches for an interleaving that shows `outcome`, following only those that
/// agree with it so far. `None` if `budget` states did not decide it.
pub fn permits(
    program: &Program,
    ends: Ends,
    params: &Params,
    outcome: &Outcome,
    budget: usize,
) -> Result<Option<bool>, SpecError> {
    let start = Machine::start(program, ends, params)?;
    let mut seen = FxHashSet::default();
    let mut open = vec![start];
    while let Some(machine) = open.pop() {
        if machine.outcome().is_some_and(|reached| reached == *outcome) {
            return Ok(Some(true));
        }
        let next: Vec<_> = machine
            .enabled()
            .filter_map(|thread| {
                let mut next = machine.clone();
                agrees(&mut next, thread, outcome).then_some(next)
            })
            .collect();
        for machine in next {
            if seen.len() >= budget {
                return Ok(None);
            }
            if seen.insert(machine.clone()) {
                open.push(machine);
            }
        }
    }
    Ok(Some(false))
}

/// Steps a thread, and says whether what it finished is what the outcome says.
fn agrees(machine: &mut Machine, thread: usize, outcome: &Outcome) -> bool {
    let Some((position, _)) = machine.current(thread) else {
        return false;
    };
    let Some(finished) = machine.step(thread) else {
        return true;
    };
    let results = &outcome.results[thread];
    match results.get(position) {
        Some(result) => *result == finished.result,
        // A final drop is compared at the end.
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::allowed;

    const BUDGET: usize = 100_000;

    fn permitted(program: &str, ends: Ends, outcome: &Outcome) -> Option<bool> {
        let program: Program = program.parse().unwrap();
        permits(&program, ends, &Params::MODEL, outcome, BUDGET).unwrap()
    }

    #[test]
    fn every_allowed_outcome_is_permitted_and_no_other() {
        let programs = [
            "unused: alloc get | get drop",
            "shared*2: drop alloc | get try_unique",
            "shared+14: clone get | clone | get",
            "shared*2: give take | give get",
        ];
        for ends in [Ends::Dropped, Ends::Left] {
            let sets = programs.map(|program| {
                (
                    program,
                    allowed(&program.parse().unwrap(), ends, &Params::MODEL).unwrap(),
                )
            });
            for (program, set) in &sets {
                for outcome in set {
                    assert_eq!(permitted(program, ends, outcome), Some(true), "{program}");
                }
            }
            let (first, others) = sets.split_first().unwrap();
            for outcome in others.iter().take(1).flat_map(|(_, set)| set) {
                let same_shape = outcome.results.len() == 2;
                if same_shape && !first.1.contains(outcome) {
                    assert_eq!(permitted(first.0, ends, outcome), Some(false));
                }
            }
        }
    }

    #[test]
    fn a_small_budget_decides_nothing() {
        let program: Program = "unused: get alloc get | alloc get drop".parse().unwrap();
        let all = allowed(&program, Ends::Left, &Params::MODEL).unwrap();
        let outcome = all.iter().next_back().unwrap();
        let decided = permits(&program, Ends::Left, &Params::MODEL, outcome, 1).unwrap();
        assert_eq!(decided, None);
    }
}
