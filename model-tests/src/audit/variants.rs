//! Orderings as sets of halves: Acquire, Release, both or neither.

use std::sync::atomic::Ordering;

use meta_core::ordering::{Operation, Site};

use crate::engine::OrderingChange;
use crate::ordering_name;

/// Which halves an ordering has. For a fence, neither is no fence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Halves {
    /// It acquires.
    pub acquire: bool,
    /// It releases.
    pub release: bool,
}

impl Halves {
    /// All of them, weakest first.
    pub const ALL: [Halves; 4] = [
        Halves {
            acquire: false,
            release: false,
        },
        Halves {
            acquire: true,
            release: false,
        },
        Halves {
            acquire: false,
            release: true,
        },
        Halves {
            acquire: true,
            release: true,
        },
    ];

    /// The halves of an ordering.
    pub fn of(ordering: Option<Ordering>) -> Self {
        Halves {
            acquire: matches!(ordering, Some(Ordering::Acquire | Ordering::AcqRel)),
            release: matches!(ordering, Some(Ordering::Release | Ordering::AcqRel)),
        }
    }

    /// The ordering with these halves, as `operation` spells it.
    pub fn ordering(self, operation: Operation) -> Option<Ordering> {
        match (self.acquire, self.release) {
            (true, true) => Some(Ordering::AcqRel),
            (true, false) => Some(Ordering::Acquire),
            (false, true) => Some(Ordering::Release),
            (false, false) if operation == Operation::Fence => None,
            (false, false) => Some(Ordering::Relaxed),
        }
    }

    /// Everything that either has.
    #[must_use]
    pub fn or(self, other: Halves) -> Self {
        Halves {
            acquire: self.acquire || other.acquire,
            release: self.release || other.release,
        }
    }

    /// Whether it has everything that `other` has.
    pub fn includes(self, other: Halves) -> bool {
        (self.acquire || !other.acquire) && (self.release || !other.release)
    }
}

/// The orderings that a site's operation can have.
pub fn admitted(site: Site) -> impl Iterator<Item = Halves> {
    let operation = site.info().operation;
    Halves::ALL
        .into_iter()
        .filter(move |h| operation.admits(h.ordering(operation)))
}

/// The orderings that lack something `from` has: the weaker ones, and the other
/// half where one stands.
pub fn lacking(site: Site, from: Halves) -> impl Iterator<Item = Halves> {
    admitted(site).filter(move |to| !to.includes(from))
}

/// The orderings that have all that `from` has, and more.
pub fn stronger(site: Site, from: Halves) -> impl Iterator<Item = Halves> {
    admitted(site).filter(move |to| to.includes(from) && *to != from)
}

/// The change that gives a site these halves.
pub fn change(site: Site, to: Halves) -> OrderingChange {
    OrderingChange {
        site: site.name().to_owned(),
        ordering: name(site, to).to_owned(),
    }
}

/// The spelling of these halves at a site.
pub fn name(site: Site, halves: Halves) -> &'static str {
    ordering_name::name(halves.ordering(site.info().operation))
}

#[cfg(test)]
mod tests {
    use super::*;
    use meta_core::ordering;

    fn names(site: Site, halves: impl Iterator<Item = Halves>) -> Vec<&'static str> {
        halves.map(|h| name(site, h)).collect()
    }

    #[test]
    fn half_orders_are_weakenings_too() {
        let dec = Halves::of(Some(Ordering::Release));
        assert_eq!(
            names(ordering::DEC, lacking(ordering::DEC, dec)),
            ["Relaxed", "Acquire"]
        );
        assert_eq!(
            names(ordering::DEC, stronger(ordering::DEC, dec)),
            ["AcqRel"]
        );
        let fence = Halves::of(Some(Ordering::Acquire));
        let site = ordering::LAST_FENCE;
        assert_eq!(names(site, lacking(site, fence)), ["none", "Release"]);
    }

    #[test]
    fn nothing_is_weaker_than_relaxed() {
        let relaxed = Halves::of(Some(Ordering::Relaxed));
        for site in Site::all() {
            if site.info().operation != Operation::Fence {
                assert_eq!(lacking(site, relaxed).count(), 0, "{site}");
            }
        }
    }
}
