//! One table of every atomic access: where it is, its ordering, the access it
//! pairs with, and why.
//!
//! The code names its accesses by these sites, so the table cannot drift from
//! it; documents are generated from the table, this one among them:
//!
#![doc = include_str!("ordering/table.md")]

use core::fmt;
use core::sync::atomic::Ordering;

/// What an access does to its location. It limits the orderings it can have.
///
/// ```
/// use core::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
/// use meta_core::ordering::Operation;
///
/// assert!(Operation::Load.admits(Some(Acquire)) && !Operation::Load.admits(Some(Release)));
/// // Only a fence can be left out.
/// assert!(Operation::Fence.admits(None) && !Operation::Store.admits(None));
/// assert!(!Operation::FetchAdd.admits(Some(SeqCst)));
/// assert_eq!(Operation::CasFailure.to_string(), "CAS, failing");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// An atomic load.
    Load,
    /// An atomic store.
    Store,
    /// A compare-and-swap that succeeds.
    CasSuccess,
    /// The load of a compare-and-swap that fails.
    CasFailure,
    /// An atomic addition.
    FetchAdd,
    /// An atomic subtraction.
    FetchSub,
    /// A fence.
    Fence,
}

impl Operation {
    /// Whether this operation can have `ordering`; `None` stands for no fence.
    ///
    /// `SeqCst` is left out everywhere: no access needs it, and no engine
    /// models it faithfully.
    pub const fn admits(self, ordering: Option<Ordering>) -> bool {
        use Ordering::{AcqRel, Acquire, Relaxed, Release};
        match self {
            Operation::Load | Operation::CasFailure => {
                matches!(ordering, Some(Relaxed | Acquire))
            }
            Operation::Store => matches!(ordering, Some(Relaxed | Release)),
            Operation::CasSuccess | Operation::FetchAdd | Operation::FetchSub => {
                matches!(ordering, Some(Relaxed | Acquire | Release | AcqRel))
            }
            Operation::Fence => matches!(ordering, None | Some(Acquire | Release | AcqRel)),
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Operation::Load => "load",
            Operation::Store => "store",
            Operation::CasSuccess => "CAS",
            Operation::CasFailure => "CAS, failing",
            Operation::FetchAdd => "fetch_add",
            Operation::FetchSub => "fetch_sub",
            Operation::Fence => "fence",
        })
    }
}

/// One atomic access of the protocol.
///
/// ```
/// use meta_core::ordering::{SITES, SiteInfo};
///
/// for SiteInfo { name, operation, step, ordering, partner, reason } in SITES {
///     println!("{name}: {operation}, {step}, {ordering:?} with {partner}: {reason}");
/// }
/// ```
#[derive(Debug)]
pub struct SiteInfo {
    /// The name used in code, documents, traces and on the command line.
    pub name: &'static str,
    /// What the access does.
    pub operation: Operation,
    /// The transition or value, in words.
    pub step: &'static str,
    /// The ordering in the code.
    pub ordering: Ordering,
    /// The sites it synchronises with, or `-`.
    pub partner: &'static str,
    /// Why this ordering suffices, and why it is needed.
    pub reason: &'static str,
}

/// A row of the [table](SITES).
///
/// ```
/// use core::sync::atomic::Ordering;
/// use meta_core::ordering::{self, SITES, Site};
///
/// let site = Site::find("TRY_UNIQUE").expect("a site of the protocol");
/// assert_eq!(site, ordering::TRY_UNIQUE);
/// assert_eq!((site.name(), site.ordering()), ("TRY_UNIQUE", Ordering::Acquire));
/// assert_eq!(site.info().partner, "DEC");
/// assert_eq!(SITES[site.index()].step, site.info().step);
/// assert_eq!(Site::all().count(), SITES.len());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Site(u8);

impl Site {
    /// The row.
    #[inline(always)]
    pub const fn info(self) -> &'static SiteInfo {
        &SITES[self.0 as usize]
    }

    /// The position of the row in the table.
    #[inline(always)]
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// The ordering in the code.
    #[inline(always)]
    pub const fn ordering(self) -> Ordering {
        self.info().ordering
    }

    /// The name.
    pub const fn name(self) -> &'static str {
        self.info().name
    }

    /// All sites, in the order of the table.
    pub fn all() -> impl Iterator<Item = Site> {
        (0..SITES.len() as u8).map(Site)
    }

    /// The site with this name.
    pub fn find(name: &str) -> Option<Site> {
        Site::all().find(|site| site.name() == name)
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

macro_rules! sites {
    (@consts $index:expr;) => {};
    (@consts $index:expr; $name:ident $($rest:ident)*) => {
        #[doc = concat!("The site `", stringify!($name), "`; see its row in [`SITES`].")]
        pub const $name: Site = Site($index);
        sites!(@consts $index + 1; $($rest)*);
    };
    ($($name:ident: $operation:ident, $step:literal, $ordering:ident, with $partner:literal, $reason:literal;)*) => {
        /// Every atomic access of the protocol.
        ///
        /// A constant, not a static: the crate that compiles a handle then
        /// knows each ordering, and chooses no instruction at run time.
        pub const SITES: &[SiteInfo] = &[$(SiteInfo {
            name: stringify!($name),
            operation: Operation::$operation,
            step: $step,
            ordering: Ordering::$ordering,
            partner: $partner,
            reason: $reason,
        }),*];
        sites!(@consts 0; $($name)*);
    };
}

sites! {
    MAX_PADDR: Load, "the end of physical memory", Relaxed, with "-",
        "Stored once, before other processors start; starting them orders it.";
    CLAIM: CasSuccess, "UNUSED -> BUSY", Acquire, with "RETIRE",
        "The last generation's destructor must happen before this one's writes.";
    CLAIM_FAIL: CasFailure, "claim refused", Relaxed, with "-",
        "Only names the error; nothing behind the value is touched.";
    PUBLISH_SHARED: Store, "BUSY -> SHARED(1)", Release, with "ACQUIRE_REF",
        "The new metadata must be visible to whoever looks the frame up.";
    PUBLISH_UNIQUE: Store, "BUSY -> UNIQUE", Relaxed, with "-",
        "No lookup succeeds on UNIQUE; a later SHARE publishes the metadata.";
    PROBE: Load, "the value before a lookup's CAS", Relaxed, with "-",
        "Only a guess: ACQUIRE_REF checks it again and does the acquiring.";
    ACQUIRE_REF: CasSuccess, "SHARED(n) -> SHARED(n+1)", Acquire, with "PUBLISH_SHARED, SHARE",
        "A lookup comes with no handle, so this is what orders its reads after the metadata was written.";
    ACQUIRE_REF_FAIL: CasFailure, "lookup tries again", Relaxed, with "-",
        "The value is thrown away and probed again.";
    INC: FetchAdd, "SHARED(n) -> SHARED(n+1)", Relaxed, with "-",
        "The caller's own handle already makes the metadata visible and keeps it alive.";
    DEC: FetchSub, "SHARED(n) -> SHARED(n-1) or BUSY", Release, with "LAST_FENCE, TRY_UNIQUE",
        "This handle's reads must happen before whoever ends up alone destroys or rewrites the metadata.";
    LAST_FENCE: Fence, "after the last decrement", Acquire, with "DEC",
        "Every other handle's reads must happen before the destructor; only the last decrement pays for it.";
    RETIRE: Store, "BUSY -> UNUSED", Release, with "CLAIM",
        "The destructor must happen before the next generation's writes.";
    UNIQUE_RESET: Store, "UNIQUE -> BUSY", Relaxed, with "-",
        "The owner already has the metadata to itself; RETIRE releases what follows.";
    RESET_STORE: Store, "UNIQUE -> BUSY", Relaxed, with "-",
        "As UNIQUE_RESET: the owner has the metadata to itself, and RETIRE releases what follows.";
    SHARE: Store, "UNIQUE -> SHARED(1)", Release, with "ACQUIRE_REF",
        "What the owner wrote must be visible to whoever looks the frame up.";
    TRY_UNIQUE: CasSuccess, "SHARED(1) -> UNIQUE", Acquire, with "DEC",
        "Reads through handles dropped since must happen before the new owner's writes.";
    TRY_UNIQUE_FAIL: CasFailure, "others still share", Relaxed, with "-",
        "The handle comes back; nothing is touched.";
    COUNT: Load, "the number of handles", Relaxed, with "-",
        "A number that may be old when it is used; nothing is inferred from it.";
    LIST_ID: Load, "the list that holds the frame", Relaxed, with "-",
        "Changed only under exclusive access to the list whose id is compared.";
    LIST_ID_ALLOC: FetchAdd, "a fresh list id", Relaxed, with "-",
        "Only uniqueness matters, and an addition gives it in any ordering.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_site_has_an_ordering_its_operation_admits() {
        for site in SITES {
            assert!(site.operation.admits(Some(site.ordering)), "{}", site.name);
        }
    }

    #[test]
    fn partners_are_mutual() {
        for site in Site::all() {
            for partner in site.info().partner.split(", ").filter(|p| *p != "-") {
                let partner = Site::find(partner).expect("a partner is a site");
                assert!(
                    partner.info().partner.split(", ").any(|p| p == site.name()),
                    "{partner} does not name {site}"
                );
            }
        }
    }

    #[test]
    fn constants_name_their_own_row() {
        assert_eq!(CLAIM.name(), "CLAIM");
        assert_eq!(LIST_ID_ALLOC.name(), "LIST_ID_ALLOC");
        assert_eq!(LIST_ID_ALLOC.index() + 1, SITES.len());
    }
}
