//! Transition coverage: which cells of (state before, operation) x (result,
//! state after) the specification allows, and which an engine reached; and which
//! sites of the table of orderings it performed.

use std::collections::BTreeSet;

use programs::outcome::Ends;
use programs::program::Program;
use programs::spec::{self, Params};

use pipe::{Description, Transition};
use serde::Serialize;

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
    /// The sites of the table that models explore.
    pub sites: BTreeSet<String>,
    /// The sites that an engine performed.
    pub performed: BTreeSet<String>,
}

/// The sites that engines have to perform, if the subject has a table of them.
pub fn sites(subject: &Description) -> BTreeSet<String> {
    let modelled = subject.sites.iter().filter(|site| site.modelled);
    modelled.map(|site| site.name.clone()).collect()
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

    /// In the table, and performed by no code.
    pub fn idle(&self) -> impl Iterator<Item = &String> {
        self.sites.difference(&self.performed)
    }

    /// Whether both are the same, and every site was performed. Where nothing is allowed,
    /// there was nothing to look at.
    pub fn holds(&self) -> bool {
        let same = self.allowed == self.reached && !self.allowed.is_empty();
        same && self.idle().next().is_none()
    }
}

/// What `--json` prints for a transition.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CoverageLine<'a> {
    /// The subject, if it is not `meta-core`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The transition.
    #[serde(flatten)]
    pub transition: &'a Transition,
    /// Whether the specification allows it.
    pub allowed: bool,
    /// Whether the engine reached it.
    pub reached: bool,
}

/// The same for a site.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SiteLine<'a> {
    /// The subject, if it is not `meta-core`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The name of the site.
    pub site: &'a str,
    /// Whether the code performs it.
    pub performed: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subject::tests::described;

    fn coverage() -> Coverage {
        let programs = ["unused: alloc | get", "unique: share | get drop"]
            .map(|program| (program.parse().unwrap(), Ends::Dropped));
        let allowed = allowed(&programs, &Params::MODEL).unwrap();
        Coverage {
            reached: allowed.clone(),
            allowed,
            sites: sites(described()),
            performed: sites(described()),
        }
    }

    #[test]
    fn a_site_that_no_code_performs_is_idle() {
        let mut coverage = coverage();
        assert!(coverage.performed.remove("RESET_STORE") && !coverage.holds());
        assert_eq!(coverage.idle().collect::<Vec<_>>(), ["RESET_STORE"]);
        // What models do not explore is not asked for.
        assert!(!coverage.sites.contains("PEEK") && coverage.sites.len() > 10);
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
    fn nothing_to_look_at_is_no_coverage() {
        assert!(!Coverage::default().holds());
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
