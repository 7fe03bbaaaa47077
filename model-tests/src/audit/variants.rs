//! Orderings as sets of halves: Acquire, Release, both or neither.

use pipe::{Operation, Ordering, OrderingChange, Site};

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
    pub fn of(ordering: Ordering) -> Self {
        Halves {
            acquire: ordering.acquires(),
            release: ordering.releases(),
        }
    }

    /// The ordering with these halves, as `operation` spells it.
    pub fn ordering(self, operation: Operation) -> Ordering {
        match (self.acquire, self.release) {
            (true, true) => Ordering::AcqRel,
            (true, false) => Ordering::Acquire,
            (false, true) => Ordering::Release,
            (false, false) if operation == Operation::Fence => Ordering::None,
            (false, false) => Ordering::Relaxed,
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
    Halves::ALL
        .into_iter()
        .filter(move |halves| site.admits.contains(&halves.ordering(site.operation)))
}

/// The strongest ordering that a site's operation can have.
pub fn strongest(site: Site) -> Halves {
    let none = Halves::ALL[0];
    admitted(site).fold(none, Halves::or)
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
        site: site.name.clone(),
        ordering: to.ordering(site.operation),
    }
}

/// The spelling of these halves at a site.
pub fn name(site: Site, halves: Halves) -> &'static str {
    halves.ordering(site.operation).as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subject::tests::described;

    fn names(site: Site, halves: impl Iterator<Item = Halves>) -> Vec<&'static str> {
        halves.map(|h| name(site, h)).collect()
    }

    #[test]
    fn half_orders_are_weakenings_too() {
        let site = described().site("DEC").unwrap();
        let dec = Halves::of(Ordering::Release);
        assert_eq!(names(site, lacking(site, dec)), ["Relaxed", "Acquire"]);
        assert_eq!(names(site, stronger(site, dec)), ["AcqRel"]);
        let fence = Halves::of(Ordering::Acquire);
        let site = described().site("LAST_FENCE").unwrap();
        assert_eq!(names(site, lacking(site, fence)), ["none", "Release"]);
    }

    #[test]
    fn nothing_is_weaker_than_relaxed() {
        let relaxed = Halves::of(Ordering::Relaxed);
        for site in described().sites() {
            if site.operation != Operation::Fence {
                assert_eq!(lacking(site, relaxed).count(), 0, "{site}");
            }
        }
    }
}
