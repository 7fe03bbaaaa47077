//! Orderings as sets of halves: Acquire, Release, both or neither; and SeqCst, which
//! has both and more.

use pipe::{Operation, Ordering, OrderingChange, Site};

/// Which halves an ordering has. For a fence, neither is no fence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Halves {
    /// It acquires.
    pub acquire: bool,
    /// It releases.
    pub release: bool,
    /// It is in the one order of all that are sequentially consistent.
    pub seq_cst: bool,
}

impl Halves {
    /// Neither.
    pub const NONE: Halves = Halves::new(false, false);

    /// All but SeqCst, weakest first.
    const BUT_SEQ_CST: [Halves; 4] = [
        Halves::NONE,
        Halves::new(true, false),
        Halves::new(false, true),
        Halves::new(true, true),
    ];

    /// SeqCst.
    const SEQ_CST: Halves = Halves {
        acquire: true,
        release: true,
        seq_cst: true,
    };

    const fn new(acquire: bool, release: bool) -> Self {
        Halves {
            acquire,
            release,
            seq_cst: false,
        }
    }

    /// The halves of an ordering.
    pub fn of(ordering: Ordering) -> Self {
        Halves {
            acquire: ordering.acquires(),
            release: ordering.releases(),
            seq_cst: ordering == Ordering::SeqCst,
        }
    }

    /// The ordering with these halves, as `operation` spells it.
    pub fn ordering(self, operation: Operation) -> Ordering {
        if self.seq_cst {
            return Ordering::SeqCst;
        }
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
            seq_cst: self.seq_cst || other.seq_cst,
        }
    }

    /// Whether it has everything that `other` has.
    pub fn includes(self, other: Halves) -> bool {
        (self.acquire || !other.acquire)
            && (self.release || !other.release)
            && (self.seq_cst || !other.seq_cst)
    }
}

/// The orderings that a site's operation can have, but for SeqCst.
pub fn admitted(site: Site) -> impl Iterator<Item = Halves> {
    let admits = move |halves: &Halves| site.admits.contains(&halves.ordering(site.operation));
    Halves::BUT_SEQ_CST.into_iter().filter(admits)
}

/// The strongest ordering that a site's operation can have.
pub fn strongest(site: Site) -> Halves {
    admitted(site).fold(Halves::NONE, Halves::or)
}

/// The orderings that lack something `from` has: the weaker ones, and the other
/// half where one stands.
pub fn lacking(site: Site, from: Halves) -> impl Iterator<Item = Halves> {
    admitted(site).filter(move |to| !to.includes(from))
}

/// The orderings that have all that `from` has, and more; SeqCst last.
pub fn stronger(site: Site, from: Halves) -> impl Iterator<Item = Halves> {
    admitted(site)
        .chain([Halves::SEQ_CST])
        .filter(move |to| to.includes(from) && *to != from)
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
        assert_eq!(names(site, stronger(site, dec)), ["AcqRel", "SeqCst"]);
        let fence = Halves::of(Ordering::Acquire);
        let site = described().site("LAST_FENCE").unwrap();
        assert_eq!(names(site, lacking(site, fence)), ["none", "Release"]);
    }

    #[test]
    fn nothing_is_weaker_than_relaxed() {
        let relaxed = Halves::of(Ordering::Relaxed);
        for site in described().sites() {
            assert!(site.admits.contains(&Ordering::SeqCst), "{site}");
            if site.operation != Operation::Fence {
                assert_eq!(lacking(site, relaxed).count(), 0, "{site}");
            }
        }
    }
}
