//! The joint view: all minimal sets of orderings under which everything passes.
//!
//! An ordering is a set of halves, a table a set of such features. More features
//! never break anything, so the passing tables are closed upwards, and their
//! minimal elements tell everything. They are found as minimal hitting sets:
//! each maximal failing table says that one of the features it lacks is needed
//! (the method known as MARCO).

use pipe::{Description, Site};

use super::oracle::Oracle;
use super::table::Table;
use super::variants::{self, Halves};

/// One half of one site's ordering.
type Feature = (Site, Half);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Half {
    Acquire,
    Release,
}

/// The features, and sets of them as bits.
struct Features {
    all: Vec<Feature>,
    of_code: Table,
}

impl Features {
    fn new(subject: &'static Description) -> Self {
        let mut features = Vec::new();
        for site in subject.modelled_sites() {
            if variants::admitted(site).any(|h| h.acquire) {
                features.push((site, Half::Acquire));
            }
            if variants::admitted(site).any(|h| h.release) {
                features.push((site, Half::Release));
            }
        }
        Features {
            all: features,
            of_code: Table::of_code(subject),
        }
    }

    fn everything(&self) -> u64 {
        (1 << self.all.len()) - 1
    }

    fn table(&self, set: u64) -> Table {
        let start = self.of_code.clone();
        let mut table = start
            .sites()
            .fold(start.clone(), |table, site| table.with(site, Halves::NONE));
        for (bit, (site, half)) in self.all.iter().enumerate() {
            if set & (1 << bit) != 0 {
                let mut halves = table.get(*site);
                match half {
                    Half::Acquire => halves.acquire = true,
                    Half::Release => halves.release = true,
                }
                table = table.with(*site, halves);
            }
        }
        table
    }
}

/// Whether the joint view has room for the sites.
///
/// # Errors
///
/// If they have more halves than fit into a set.
pub fn fits(subject: &'static Description) -> Result<(), String> {
    const MOST: usize = u64::BITS as usize - 1;
    match Features::new(subject).all.len() {
        ..=MOST => Ok(()),
        halves => Err(format!(
            "the joint view takes at most {MOST} halves of orderings, and the sites have {halves}\n  \
             hint: --no-joint leaves it out"
        )),
    }
}

/// Finds all minimal passing tables, calling `found` with each.
///
/// # Errors
///
/// If the oracle fails, or the sites do not [fit](fits).
pub fn minimal_tables(
    oracle: &mut Oracle<'_>,
    subject: &'static Description,
    mut found: impl FnMut(&Table),
) -> Result<Vec<Table>, String> {
    fits(subject)?;
    let features = Features::new(subject);
    // Each clause: at least one of these features is needed.
    let mut clauses: Vec<u64> = Vec::new();
    let mut minimal: Vec<u64> = Vec::new();
    while let Some(candidate) = hitting_set(&clauses, &minimal) {
        let table = features.table(candidate);
        if oracle.passes(&table)? {
            // It hits every clause and none of its parts does, or it would
            // have been tried: shrink all the same, for clauses yet unknown
            // cannot make it larger.
            let smallest = shrink(oracle, &features, candidate)?;
            minimal.push(smallest);
            found(&features.table(smallest));
        } else {
            let largest = grow(oracle, &features, candidate)?;
            clauses.push(features.everything() & !largest);
        }
    }
    Ok(minimal.into_iter().map(|set| features.table(set)).collect())
}

/// A set that hits every clause and contains no known minimal set.
fn hitting_set(clauses: &[u64], minimal: &[u64]) -> Option<u64> {
    fn search(clauses: &[u64], minimal: &[u64], set: u64) -> Option<u64> {
        if minimal.iter().any(|m| m & !set == 0) {
            return None;
        }
        let Some(clause) = clauses.iter().find(|clause| *clause & set == 0) else {
            return Some(set);
        };
        let mut rest = *clause;
        while rest != 0 {
            let bit = rest & rest.wrapping_neg();
            rest ^= bit;
            if let Some(found) = search(clauses, minimal, set | bit) {
                return Some(found);
            }
        }
        None
    }
    search(clauses, minimal, 0)
}

/// A minimal passing set within a passing one.
fn shrink(oracle: &mut Oracle<'_>, features: &Features, mut set: u64) -> Result<u64, String> {
    for bit in 0..features.all.len() {
        let without = set & !(1 << bit);
        if without != set && oracle.passes(&features.table(without))? {
            set = without;
        }
    }
    Ok(set)
}

/// A maximal failing set around a failing one.
fn grow(oracle: &mut Oracle<'_>, features: &Features, mut set: u64) -> Result<u64, String> {
    for bit in 0..features.all.len() {
        let with = set | (1 << bit);
        if with != set && !oracle.passes(&features.table(with))? {
            set = with;
        }
    }
    Ok(set)
}

#[cfg(test)]
mod tests {
    use super::{fits, hitting_set};
    use crate::subject::tests::described;
    use pipe::{Description, SiteInfo};

    #[test]
    fn more_halves_than_a_set_has_room_for_are_refused() {
        let of_own = described();
        assert_eq!(fits(of_own), Ok(()));
        let dec = of_own.site("DEC").unwrap();
        let site = |n: usize| SiteInfo {
            name: format!("lock.rs:{n}:1"),
            ..dec.info().clone()
        };
        // Each can acquire and release.
        let many = |sites: usize| Description {
            sites: (0..sites).map(site).collect(),
            ..of_own.clone()
        };
        assert_eq!(fits(Box::leak(Box::new(many(31)))), Ok(()));
        let refused = fits(Box::leak(Box::new(many(32)))).unwrap_err();
        assert!(
            refused.contains("at most 63") && refused.contains("have 64"),
            "{refused}"
        );
    }

    #[test]
    fn a_hitting_set_meets_every_clause() {
        let clauses = [0b0011, 0b0110, 0b1000];
        let set = hitting_set(&clauses, &[]).unwrap();
        assert!(clauses.iter().all(|clause| clause & set != 0));
    }

    #[test]
    fn known_minimal_sets_are_not_found_again() {
        let clauses = [0b0011];
        assert_eq!(hitting_set(&clauses, &[0b0001]), Some(0b0010));
        assert_eq!(hitting_set(&clauses, &[0b0001, 0b0010]), None);
    }
}
