//! Transition coverage: which cells of (state before, operation) x (result,
//! state after) the specification allows, and which an engine reached.

use std::collections::BTreeSet;

use programs::outcome::Ends;
use programs::program::Program;
use programs::spec::{self, Params};

use pipe::Transition;

/// What the specification allows to these programs on slots with this limit.
///
/// # Errors
///
/// If a program cannot start.
pub fn allowed(
    programs: &[(Program, Ends)],
    params: &Params,
) -> Result<BTreeSet<Transition>, String> {
    let mut cells = BTreeSet::new();
    for (program, ends) in programs {
        let mut visit = |transition: spec::Transition| {
            if Transition::moves_handles(transition.op.name) {
                return;
            }
            cells.insert(Transition::of_spec(params, &transition));
        };
        spec::allowed_with(program, *ends, params, &mut visit).map_err(|e| e.to_string())?;
    }
    Ok(cells)
}

/// Cells seen, against cells allowed.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// What the specification allows.
    pub allowed: BTreeSet<Transition>,
    /// What an engine reached.
    pub reached: BTreeSet<Transition>,
}

impl Coverage {
    /// Allowed, and reached by no engine: the harness did not look there.
    pub fn missing(&self) -> impl Iterator<Item = &Transition> {
        self.allowed.difference(&self.reached)
    }

    /// Reached, and not allowed.
    pub fn forbidden(&self) -> impl Iterator<Item = &Transition> {
        self.reached.difference(&self.allowed)
    }

    /// Whether both are the same.
    pub fn holds(&self) -> bool {
        self.allowed == self.reached
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coverage() -> Coverage {
        let programs = ["unused: alloc | get", "unique: share | get drop"]
            .map(|program| (program.parse().unwrap(), Ends::Dropped));
        let allowed = allowed(&programs, &Params::MODEL).unwrap();
        Coverage {
            reached: allowed.clone(),
            allowed,
        }
    }

    #[test]
    fn a_cell_that_nobody_reached_is_missing() {
        let mut coverage = coverage();
        assert!(coverage.holds() && !coverage.reached.is_empty());
        let lost = coverage.reached.pop_first().unwrap();
        assert_eq!(coverage.missing().collect::<Vec<_>>(), [&lost]);
        assert!(!coverage.holds());
    }

    #[test]
    fn a_cell_that_is_not_allowed_is_forbidden() {
        let mut coverage = coverage();
        let invented = Transition {
            before: "busy".to_owned(),
            op: "get".to_owned(),
            result: "ok".to_owned(),
            after: "shared(1)".to_owned(),
        };
        coverage.reached.insert(invented.clone());
        assert_eq!(coverage.forbidden().collect::<Vec<_>>(), [&invented]);
        assert!(!coverage.holds());
    }
}
