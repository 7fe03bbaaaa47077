//! One table of every atomic access: where it is, its ordering, the access it
//! pairs with, and why.
//!
//! The code names its accesses by these sites, so the table cannot drift from
//! it; documents are generated from the table, this one among them:
//!
#![doc = include_str!("ordering/table.md")]

use core::fmt;
use core::sync::atomic::Ordering;

use crate::state::SlotState;

/// What an access does to its location. It limits the orderings it can have.
///
/// ```
/// use core::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
/// use meta_core::ordering::Operation;
///
/// assert!(Operation::Load.admits(Some(Acquire)) && !Operation::Load.admits(Some(Release)));
/// // Only a fence can be left out.
/// assert!(Operation::Fence.admits(None) && !Operation::Store.admits(None));
/// assert!(Operation::FetchAdd.admits(Some(SeqCst)));
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
    /// Whether this operation can have `ordering`; `None` stands for no fence. Each can
    /// have `SeqCst`, which no access needs.
    pub const fn admits(self, ordering: Option<Ordering>) -> bool {
        use Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
        match self {
            Operation::Load | Operation::CasFailure => {
                matches!(ordering, Some(Relaxed | Acquire | SeqCst))
            }
            Operation::Store => matches!(ordering, Some(Relaxed | Release | SeqCst)),
            Operation::CasSuccess | Operation::FetchAdd | Operation::FetchSub => {
                matches!(
                    ordering,
                    Some(Relaxed | Acquire | Release | AcqRel | SeqCst)
                )
            }
            Operation::Fence => {
                matches!(ordering, None | Some(Acquire | Release | AcqRel | SeqCst))
            }
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
/// for SiteInfo { name, operation, step, ordering, partner, reason, .. } in SITES {
///     println!("{name}: {operation}, {step}, {ordering:?} with {partner}: {reason}");
/// }
/// let weak: Vec<_> = SITES.iter().filter(|site| site.weak).map(|site| site.name).collect();
/// assert_eq!(weak, ["ACQUIRE_REF"]);
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
    /// Whether models explore it.
    pub modelled: bool,
    /// Whether it is a weak compare-and-swap, which may fail spuriously.
    pub weak: bool,
    /// The one state of the slot that the step starts from, if there is one.
    pub from: Option<SlotState>,
}

impl SiteInfo {
    /// The names of the sites it synchronises with.
    ///
    /// ```
    /// use meta_core::ordering::{DEC, INC};
    ///
    /// assert!(DEC.info().partners().eq(["LAST_FENCE", "TRY_UNIQUE"]));
    /// assert_eq!(INC.info().partners().count(), 0);
    /// ```
    pub fn partners(&self) -> impl Iterator<Item = &'static str> {
        self.partner.split(", ").filter(|name| *name != "-")
    }
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
    #[inline]
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
    (@modelled unmodelled) => { false };
    (@modelled $($flag:ident)?) => { true };
    (@weak weak) => { true };
    (@weak $($flag:ident)?) => { false };
    (@from) => { None };
    (@from $state:ident) => { Some(SlotState::$state) };
    (@from $state:ident $count:literal) => { Some(SlotState::$state($count)) };
    ($($name:ident: $operation:ident $([$flag:ident])?, $step:literal
        $(from $state:ident $(($count:literal))?)?, $ordering:ident, with $partner:literal, $reason:literal;)*) => {
        /// Every atomic access of the crate.
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
            modelled: sites!(@modelled $($flag)?),
            weak: sites!(@weak $($flag)?),
            from: sites!(@from $($state $($count)?)?),
        }),*];
        sites!(@consts 0; $($name)*);
    };
}

sites! {
    MAX_PADDR: Load [unmodelled], "the end of physical memory", Relaxed, with "-",
        "Stored once, before other processors start; starting them orders it.";
    MAX_PADDR_STORE: Store [unmodelled], "the end of physical memory, set", Relaxed, with "-",
        "Before other processors start: starting them hands it on.";
    CLAIM: CasSuccess, "UNUSED -> BUSY" from Unused, Acquire, with "RETIRE",
        "The last generation's destructor must happen before this one's writes.";
    CLAIM_FAIL: CasFailure, "claim refused", Relaxed, with "-",
        "Only names the error; nothing behind the value is touched.";
    PUBLISH_SHARED: Store, "BUSY -> SHARED(1)" from Busy, Release, with "ACQUIRE_REF",
        "The new metadata must be visible to whoever looks the frame up.";
    PUBLISH_UNIQUE: Store, "BUSY -> UNIQUE" from Busy, Relaxed, with "-",
        "No lookup succeeds on UNIQUE; a later SHARE publishes the metadata.";
    PROBE: Load, "the value before a lookup's CAS", Relaxed, with "-",
        "Only a guess: ACQUIRE_REF checks it again and does the acquiring.";
    ACQUIRE_REF: CasSuccess [weak], "SHARED(n) -> SHARED(n+1)", Acquire, with "PUBLISH_SHARED, SHARE",
        "A lookup comes with no handle, so this is what orders its reads after the metadata was written.";
    ACQUIRE_REF_FAIL: CasFailure, "lookup tries again", Relaxed, with "-",
        "The value is thrown away and probed again.";
    INC: FetchAdd, "SHARED(n) -> SHARED(n+1)", Relaxed, with "-",
        "The caller's own handle already makes the metadata visible and keeps it alive.";
    DEC: FetchSub, "SHARED(n) -> SHARED(n-1) or BUSY", Release, with "LAST_FENCE, TRY_UNIQUE",
        "This handle's reads must happen before whoever ends up alone destroys or rewrites the metadata.";
    LAST_FENCE: Fence, "after the last decrement", Acquire, with "DEC",
        "Every other handle's reads must happen before the destructor; only the last decrement pays for it.";
    RETIRE: Store, "BUSY -> UNUSED" from Busy, Release, with "CLAIM",
        "The destructor must happen before the next generation's writes.";
    UNIQUE_RESET: Store, "UNIQUE -> BUSY" from Unique, Relaxed, with "-",
        "The owner already has the metadata to itself; RETIRE releases what follows.";
    RESET_STORE: Store, "UNIQUE -> BUSY" from Unique, Relaxed, with "-",
        "As UNIQUE_RESET: the owner has the metadata to itself, and RETIRE releases what follows.";
    SHARE: Store, "UNIQUE -> SHARED(1)" from Unique, Release, with "ACQUIRE_REF",
        "What the owner wrote must be visible to whoever looks the frame up.";
    TRY_UNIQUE: CasSuccess, "SHARED(1) -> UNIQUE" from Shared(1), Acquire, with "DEC",
        "Reads through handles dropped since must happen before the new owner's writes.";
    TRY_UNIQUE_FAIL: CasFailure, "others still share", Relaxed, with "-",
        "The handle comes back; nothing is touched.";
    COUNT: Load, "the number of handles", Relaxed, with "-",
        "A number that may be old when it is used; nothing is inferred from it.";
    PEEK: Load [unmodelled], "a state, for assertions and diagnostics", Relaxed, with "-",
        "It takes no part in the protocol: nothing behind the value is touched.";
    LIST_ID: Load, "the list that holds the frame", Relaxed, with "-",
        "Changed only under exclusive access to the list whose id is compared.";
    LIST_ID_STORE: Store, "a list takes the frame in, or gives it up", Relaxed, with "-",
        "Whatever hands the list to another thread orders it.";
    LIST_ID_ALLOC: FetchAdd, "a fresh list id", Relaxed, with "-",
        "Only uniqueness matters, and an addition gives it in any ordering.";
    PAGE_READ: Load, "a word of a page is read", Relaxed, with "-",
        "Bytes that others may change meanwhile: atomic, so that this is no data race, and nothing follows from them.";
    PAGE_WRITE: Store, "a word of a page is written", Relaxed, with "-",
        "Whoever hands the page on orders it.";
    PAGE_PROBE: Load, "a word of a page, before some of its bytes are written", Relaxed, with "-",
        "Only a guess: PAGE_PATCH checks it again.";
    PAGE_PATCH: CasSuccess, "some bytes of a word are written", Relaxed, with "-",
        "As PAGE_WRITE; the other bytes of the word stay what they are.";
    PAGE_PATCH_FAIL: CasFailure, "the word of a page has changed", Relaxed, with "-",
        "The value is used for the next attempt alone.";
}

#[cfg(test)]
mod tests {
    extern crate std;

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
            for partner in site.info().partners() {
                let partner = Site::find(partner).expect("a partner is a site");
                assert!(
                    partner.info().partners().any(|p| p == site.name()),
                    "{partner} does not name {site}"
                );
            }
        }
    }

    #[test]
    fn a_step_that_starts_from_one_state_says_so() {
        for site in SITES {
            if let Some(from) = site.from {
                let start = std::format!("{from} -> ");
                assert!(site.step.starts_with(&start), "{}", site.name);
            } else {
                // A store does not read the state that it starts from.
                let changes_state = site.step.contains(" -> ");
                assert!(
                    !changes_state || site.operation != Operation::Store,
                    "{}",
                    site.name
                );
            }
        }
    }

    #[test]
    fn constants_name_their_own_row() {
        assert_eq!(CLAIM.name(), "CLAIM");
        assert_eq!(PAGE_PATCH_FAIL.name(), "PAGE_PATCH_FAIL");
        assert_eq!(PAGE_PATCH_FAIL.index() + 1, SITES.len());
    }
}
