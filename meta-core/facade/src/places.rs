//! Where accesses are, and how they are asked for.

use ::core::fmt;
use ::core::panic::Location;
use ::core::str::FromStr;
use ::core::sync::atomic::Ordering;
use std::borrow::{Cow, ToOwned};
use std::format;
use std::string::String;
use std::vec::Vec;

/// One access of the code.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Site {
    /// Its name, if the code gives it one.
    pub name: Option<&'static str>,
    /// Where it is.
    pub place: &'static Location<'static>,
    /// Whether it is the load of a compare-and-swap that fails.
    pub failing: bool,
}

impl Site {
    /// The access of the caller.
    #[inline]
    #[track_caller]
    pub fn here() -> Self {
        Site {
            name: None,
            place: Location::caller(),
            failing: false,
        }
    }

    /// The access of the caller, with a name.
    #[inline]
    #[track_caller]
    pub fn named(name: &'static str) -> Self {
        Site {
            name: Some(name),
            ..Site::here()
        }
    }

    /// The same for a compare-and-swap that fails.
    #[inline]
    pub fn failing(self) -> Self {
        Site {
            failing: true,
            ..self
        }
    }
}

/// The name, or `FILE:LINE:COLUMN[/fail]`.
impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name {
            Some(name) => f.pad(name),
            None => {
                let fail = if self.failing { "/fail" } else { "" };
                let (line, column) = (self.place.line(), self.place.column());
                write!(f, "{}:{line}:{column}{fail}", path(self.place.file()))
            }
        }
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What an access does. It limits the orderings it can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// A load.
    Load,
    /// A store.
    Store,
    /// A read-modify-write that always writes.
    Update,
    /// A compare-and-swap that succeeds.
    CasSuccess,
    /// The load of a compare-and-swap that fails.
    CasFailure,
    /// A fence.
    Fence,
}

impl Operation {
    /// Whether this operation can have `ordering`; `None` means no fence.
    pub const fn admits(self, ordering: Option<Ordering>) -> bool {
        use Ordering::{AcqRel, Acquire, Relaxed, Release};
        match self {
            Operation::Load | Operation::CasFailure => {
                !matches!(ordering, None | Some(Release | AcqRel))
            }
            Operation::Store => !matches!(ordering, None | Some(Acquire | AcqRel)),
            Operation::Update | Operation::CasSuccess => ordering.is_some(),
            Operation::Fence => !matches!(ordering, Some(Relaxed)),
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Operation::Load => "load",
            Operation::Store => "store",
            Operation::Update => "read-modify-write",
            Operation::CasSuccess => "CAS",
            Operation::CasFailure => "CAS, failing",
            Operation::Fence => "fence",
        })
    }
}

/// An access as it is asked for: by its name, or as
/// `PATH-END.rs:LINE[:COLUMN][/fail]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SiteSpec {
    /// By its name.
    Name(String),
    /// By its place.
    Place {
        /// The last components of the file's path.
        path_end: String,
        /// The line, counted from 1.
        line: u32,
        /// The column, counted from 1; any of the line if there is none.
        column: Option<u32>,
        /// Whether a compare-and-swap that fails is meant.
        failing: bool,
    },
}

impl FromStr for SiteSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const FORM: &str = "a place is PATH-END.rs:LINE[:COLUMN][/fail]";
        let Some(end) = text.find(".rs:").map(|at| at + 3) else {
            return match text.is_empty() || text.contains([':', '=', ' ']) {
                true => Err(format!("`{text}` is neither a name nor a place: {FORM}")),
                false => Ok(SiteSpec::Name(text.to_owned())),
            };
        };
        let (path_end, rest) = text.split_at(end);
        let (numbers, failing) = match rest.strip_suffix("/fail") {
            Some(numbers) => (numbers, true),
            None => (rest, false),
        };
        let mut numbers = numbers[1..].split(':').map(|number| {
            let number = number.parse().ok().filter(|number| *number > 0);
            number.ok_or_else(|| format!("`{text}`, column {}: not a number: {FORM}", end + 2))
        });
        let line = numbers.next().expect("a split text has a part")?;
        let column = numbers.next().transpose()?;
        match numbers.next() {
            Some(_) => Err(format!("`{text}`: too many numbers: {FORM}")),
            None => Ok(SiteSpec::Place {
                path_end: path_end.to_owned(),
                line,
                column,
                failing,
            }),
        }
    }
}

impl fmt::Display for SiteSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SiteSpec::Name(name) => f.write_str(name),
            SiteSpec::Place {
                path_end,
                line,
                column,
                failing,
            } => {
                write!(f, "{path_end}:{line}")?;
                if let Some(column) = column {
                    write!(f, ":{column}")?;
                }
                f.write_str(if *failing { "/fail" } else { "" })
            }
        }
    }
}

impl SiteSpec {
    /// Whether this is an access that is meant.
    pub fn matches(&self, site: &Site) -> bool {
        match self {
            SiteSpec::Name(name) => site.name == Some(name.as_str()),
            SiteSpec::Place {
                path_end,
                line,
                column,
                failing,
            } => {
                site.place.line() == *line
                    && site.failing == *failing
                    && column.is_none_or(|column| column == site.place.column())
                    && ends_with(site.place.file(), path_end)
            }
        }
    }

    /// The one access that is meant.
    ///
    /// # Errors
    ///
    /// If there is none, or more than one.
    pub fn resolve<'a>(
        &self,
        sites: impl IntoIterator<Item = &'a Site>,
    ) -> Result<Site, Unresolved> {
        let mut found: Vec<Site> = sites
            .into_iter()
            .filter(|site| self.matches(site))
            .copied()
            .collect();
        found.sort_unstable();
        found.dedup();
        match found[..] {
            [site] => Ok(site),
            // A name is one access, wherever it stands.
            [site, ..] if matches!(self, SiteSpec::Name(_)) => Ok(site),
            _ => Err(Unresolved {
                spec: self.clone(),
                candidates: found,
            }),
        }
    }
}

/// The path of a source file without `..`, which `#[path]` leaves in it.
fn path(file: &str) -> Cow<'_, str> {
    if !file.contains("..") {
        return Cow::Borrowed(file);
    }
    let mut parts = Vec::new();
    for part in file.split('/') {
        match (part, parts.last()) {
            ("..", Some(&last)) if !matches!(last, "" | "..") => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    Cow::Owned(parts.join("/"))
}

/// Whether the last components of a path are these; both may be spelled with `..`.
pub(crate) fn ends_with(file: &str, end: &str) -> bool {
    let (file, end) = (path(file), path(end));
    let end = end.trim_start_matches("../");
    let before = file.strip_suffix(end);
    before.is_some_and(|before| {
        before.is_empty() || end.starts_with('/') || before.ends_with(['/', '\\'])
    })
}

/// No access, or several, where one was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unresolved {
    /// What was asked for.
    pub spec: SiteSpec,
    /// The accesses that match.
    pub candidates: Vec<Site>,
}

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((first, others)) = self.candidates.split_first() else {
            return write!(f, "no atomic access is at `{}`", self.spec);
        };
        write!(f, "`{}` is ambiguous: {first}", self.spec)?;
        others.iter().try_for_each(|site| write!(f, ", {site}"))
    }
}

impl ::core::error::Error for Unresolved {}

/// Another ordering for one access: `SITE=Ordering`, and `SITE=none` for a fence that is left out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Change {
    /// Which access.
    pub site: SiteSpec,
    /// The ordering; none if the fence is left out.
    pub ordering: Option<Ordering>,
}

impl FromStr for Change {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (site, ordering) = text
            .split_once('=')
            .ok_or_else(|| format!("`{text}`: a change is SITE=Ordering"))?;
        let ordering = match ordering {
            "Relaxed" => Some(Ordering::Relaxed),
            "Acquire" => Some(Ordering::Acquire),
            "Release" => Some(Ordering::Release),
            "AcqRel" => Some(Ordering::AcqRel),
            "SeqCst" => Some(Ordering::SeqCst),
            "none" => None,
            other => {
                let hint = "Relaxed, Acquire, Release, AcqRel, SeqCst, or none for a fence";
                return Err(format!("`{other}` is no ordering: {hint}"));
            }
        };
        let site = site.parse()?;
        Ok(Change { site, ordering })
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    fn place(text: &str) -> SiteSpec {
        text.parse().unwrap()
    }

    #[test]
    fn texts_come_back() {
        for text in [
            "CLAIM",
            "queue.rs:3",
            "src/queue.rs:3:14",
            "a/b.rs:3/fail",
            "b.rs:3:1/fail",
        ] {
            assert_eq!(place(text).to_string(), text);
        }
        assert_eq!(place("CLAIM"), SiteSpec::Name("CLAIM".to_owned()));
        let change: Change = "queue.rs:3:14/fail=Relaxed".parse().unwrap();
        assert_eq!(change.site, place("queue.rs:3:14/fail"));
        assert_eq!(change.ordering, Some(Ordering::Relaxed));
        assert_eq!("f.rs:1=none".parse::<Change>().unwrap().ordering, None);
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "queue.rs:",
            "queue.rs:x",
            "queue.rs:0",
            "queue.rs:1:2:3",
            "queue:3",
            "q.rs:1/fial",
        ] {
            assert!(text.parse::<SiteSpec>().is_err(), "{text}");
        }
        for text in ["CLAIM", "CLAIM=relaxed", "=Relaxed"] {
            assert!(text.parse::<Change>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_ambiguous_is_refused_with_the_candidates() {
        #[rustfmt::skip]
        let (first, second) = (Site::here(), Site::here());
        let (line, column) = (first.place.line(), second.place.column());
        let all = [
            first,
            second,
            first.failing(),
            Site::here(),
            Site::named("CLAIM"),
        ];
        let at = |text: &str| place(&format!("places.rs:{line}{text}")).resolve(&all);

        let refused = at("").unwrap_err();
        assert_eq!(refused.candidates, [first, second]);
        let message = refused.to_string();
        assert!(
            message.contains("is ambiguous: ") && message.contains(&second.to_string()),
            "{message}"
        );

        assert_eq!(at(&format!(":{column}")), Ok(second));
        assert_eq!(at("/fail"), Ok(first.failing()));
        assert_eq!(place("CLAIM").resolve(&all), Ok(all[4]));
        assert!(place("CLAIM_FAIL").resolve(&all).is_err());

        // Whole components of the path, and the right line.
        let none = place(&format!("laces.rs:{line}"))
            .resolve(&all)
            .unwrap_err();
        assert!(none.candidates.is_empty());
        assert_eq!(
            none.to_string(),
            format!("no atomic access is at `laces.rs:{line}`")
        );
        let path = place(&format!("src/places.rs:{line}:{column}"));
        assert_eq!(path.resolve(&all), Ok(second));
    }

    #[test]
    fn both_spellings_of_a_path_are_one_file() {
        let file = "subjects/kernel/src/../tree/src/slot.rs";
        assert_eq!(path(file), "subjects/kernel/tree/src/slot.rs");
        assert_eq!(path("/a/b/../../c.rs"), "/c.rs");
        assert_eq!(path("../../c.rs"), "../../c.rs");
        for end in [
            file,
            "subjects/kernel/tree/src/slot.rs",
            "kernel/src/../tree/src/slot.rs",
            "../tree/src/slot.rs",
            "slot.rs",
        ] {
            assert!(ends_with(file, end), "{end}");
        }
        assert!(!ends_with(file, "kernel/src/slot.rs"));
    }

    #[test]
    fn operations_admit_what_core_does() {
        use Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
        let all = [Relaxed, Acquire, Release, AcqRel, SeqCst].map(Some);
        let admitted = |operation: Operation| all.map(|order| operation.admits(order));
        assert_eq!(admitted(Operation::Load), [true, true, false, false, true]);
        assert_eq!(
            admitted(Operation::CasFailure),
            [true, true, false, false, true]
        );
        assert_eq!(admitted(Operation::Store), [true, false, true, false, true]);
        assert_eq!(admitted(Operation::Update), [true; 5]);
        assert_eq!(admitted(Operation::CasSuccess), [true; 5]);
        assert_eq!(admitted(Operation::Fence), [false, true, true, true, true]);
        assert!(Operation::Fence.admits(None) && !Operation::Update.admits(None));
    }
}
