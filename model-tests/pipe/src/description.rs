//! What a worker says of the code under test: its atomic accesses, the values
//! of its word, and the scenarios.

use std::cmp;
use std::fmt;
use std::ops::Deref;

use programs::program::{Program, Start};
use programs::spec::Params;
use serde::{Deserialize, Serialize};

use crate::{Inject, Ordering, OrderingChange, Verdict};

/// The code under test, as far as commands have to know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// The atomic accesses, in the order of the table.
    pub sites: Vec<SiteInfo>,
    /// The values of a slot's word, where it has such words.
    pub ref_counts: Option<RefCounts>,
    /// What programs it can run, if it runs any.
    pub programs: Option<Programs>,
    /// The scenarios.
    pub scenarios: Vec<Scenario>,
}

/// What programs a subject can run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Programs {
    /// The highest count that a slot may be shared by.
    pub ref_count_max: u64,
    /// The start states that it cannot make.
    pub refused: Vec<Refused>,
}

impl Programs {
    /// Why a program cannot be run, or `None` if it can.
    pub fn refuses(&self, program: &Program) -> Option<&str> {
        let start = program.start;
        let refused = self.refused.iter().find(|refused| refused.start == start);
        refused.map(|refused| &*refused.why)
    }

    /// Whether programs reach the limit of the count.
    pub fn reaches_limit(&self) -> bool {
        self.ref_count_max <= Params::MODEL.ref_count_max
    }
}

/// A start state that a subject cannot make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The start state.
    #[serde(with = "start_text")]
    pub start: Start,
    /// Why.
    pub why: String,
}

/// A start state as the start of a program is written.
mod start_text {
    use programs::program::{Program, Start};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(start: &Start, to: S) -> Result<S::Ok, S::Error> {
        let program = Program {
            start: *start,
            threads: Vec::new(),
        };
        to.serialize_str(program.to_string().trim_end_matches([' ', ':']))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Start, D::Error> {
        let text = String::deserialize(from)?;
        let program: Program = format!("{text}: get | get")
            .parse()
            .map_err(D::Error::custom)?;
        Ok(program.start)
    }
}

/// What an access does to its location.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Operation {
    /// An atomic load.
    #[serde(rename = "load")]
    Load,
    /// An atomic store.
    #[serde(rename = "store")]
    Store,
    /// A compare-and-swap that succeeds.
    #[serde(rename = "CAS")]
    CasSuccess,
    /// The load of a compare-and-swap that fails.
    #[serde(rename = "CAS, failing")]
    CasFailure,
    /// An atomic addition.
    #[serde(rename = "fetch_add")]
    FetchAdd,
    /// An atomic subtraction.
    #[serde(rename = "fetch_sub")]
    FetchSub,
    /// Another read-modify-write that always writes.
    #[serde(rename = "update")]
    Update,
    /// A fence.
    #[serde(rename = "fence")]
    Fence,
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
            Operation::Update => "read-modify-write",
            Operation::Fence => "fence",
        })
    }
}

/// An atomic access of the protocol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SiteInfo {
    /// The name.
    pub name: String,
    /// What the access does.
    pub operation: Operation,
    /// The transition or value, in words.
    pub step: String,
    /// The ordering in the code.
    pub ordering: Ordering,
    /// The orderings that the operation can have.
    pub admits: Vec<Ordering>,
    /// The sites that it synchronises with.
    pub partners: Vec<String>,
    /// Why this ordering suffices, and why it is needed.
    pub reason: String,
    /// Whether programs reach it in a model.
    pub modelled: bool,
    /// Whether it is a weak compare-and-swap, which may fail spuriously.
    pub weak: bool,
}

/// The values of a slot's word in a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefCounts {
    /// Unused.
    pub unused: u64,
    /// Uniquely owned.
    pub unique: u64,
    /// Being built or torn down.
    pub busy: u64,
    /// The highest count that a slot may be shared by.
    pub max: u64,
}

impl RefCounts {
    /// The state that a value stands for.
    pub fn name(&self, raw: u64) -> String {
        match raw {
            raw if raw == self.unused => "UNUSED".to_owned(),
            raw if raw == self.unique => "UNIQUE".to_owned(),
            raw if raw == self.busy => "BUSY".to_owned(),
            n if n <= self.max => format!("SHARED({n})"),
            n => format!("OVERFLOW({n})"),
        }
    }
}

/// A scenario, as far as commands have to know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// How many threads it has.
    pub threads: usize,
    /// How it must fail, if it is broken on purpose.
    pub broken: Option<Broken>,
}

/// How a control must fail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broken {
    /// The verdict under weak memory: rc11 and loom.
    pub loom: Verdict,
    /// The verdict under shuttle, if it can tell.
    pub shuttle: Option<Verdict>,
    /// The ordering that breaks it; without one it is what the threads do.
    pub weaken: Option<OrderingChange>,
}

/// A row of a described table.
#[derive(Clone, Copy)]
pub struct Site {
    index: usize,
    info: &'static SiteInfo,
}

impl Site {
    /// The row.
    pub const fn info(self) -> &'static SiteInfo {
        self.info
    }
}

impl Site {
    /// Whether both are what a compare-and-swap may do.
    fn at_one_place(self, other: Site) -> bool {
        let place = |site: Site| site.info.name.trim_end_matches(FAIL);
        place(self) == place(other)
    }
}

/// What ends the place of a compare-and-swap that fails.
const FAIL: &str = "/fail";

/// A place in the source, `PATH-END.rs:LINE[:COLUMN][/fail]`, which stands for an
/// access without a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place<'a> {
    path: &'a str,
    line: u32,
    column: Option<u32>,
    failing: bool,
}

impl<'a> Place<'a> {
    /// Nothing of what is no place.
    fn parse(text: &'a str) -> Option<Self> {
        let (text, failing) = match text.strip_suffix(FAIL) {
            Some(text) => (text, true),
            None => (text, false),
        };
        let (path, rest) = text.split_at(text.find(".rs:")? + ".rs".len());
        let (line, column) = match rest[1..].split_once(':') {
            Some((line, column)) => (line, Some(column.parse().ok()?)),
            None => (&rest[1..], None),
        };
        Some(Place {
            path,
            line: line.parse().ok()?,
            column,
            failing,
        })
    }

    /// Whether it is in the file of `own`, whose path is whole.
    fn is_file(&self, own: &Place<'_>) -> bool {
        let asked = crate::path(self.path);
        let rest = own.path.strip_suffix(asked.trim_start_matches("../"));
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
    }

    fn is(&self, own: &Place<'_>) -> bool {
        let column = self.column.is_none_or(|column| own.column == Some(column));
        self.is_file(own) && self.line == own.line && column && (!self.failing || own.failing)
    }
}

impl Deref for Site {
    type Target = SiteInfo;

    fn deref(&self) -> &SiteInfo {
        self.info
    }
}

impl PartialEq for Site {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index
    }
}

impl Eq for Site {}

impl PartialOrd for Site {
    fn partial_cmp(&self, other: &Self) -> Option<cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Site {
    fn cmp(&self, other: &Self) -> cmp::Ordering {
        self.index.cmp(&other.index)
    }
}

impl std::hash::Hash for Site {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.index.hash(state);
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name)
    }
}

impl Description {
    /// A value that an access to this slot, or to none, read or wrote.
    pub fn value(&self, slot: Option<usize>, raw: u64) -> String {
        match (slot, &self.ref_counts) {
            (Some(_), Some(known)) => known.name(raw),
            _ => raw.to_string(),
        }
    }

    /// The scenario of this name.
    pub fn scenario(&self, name: &str) -> Option<&Scenario> {
        self.scenarios.iter().find(|scenario| scenario.name == name)
    }

    /// All sites, in the order of the table. A process has one description, and
    /// keeps it.
    pub fn sites(&'static self) -> impl Iterator<Item = Site> + Clone {
        let site = |(index, info)| Site { index, info };
        self.sites.iter().enumerate().map(site)
    }

    /// The sites that programs reach in a model.
    pub fn modelled_sites(&'static self) -> impl Iterator<Item = Site> + Clone {
        self.sites().filter(|site| site.modelled)
    }

    /// The site of this name.
    pub fn site(&'static self, name: &str) -> Option<Site> {
        self.sites().find(|site| site.name == name)
    }

    /// The site that a person names.
    ///
    /// # Errors
    ///
    /// If there is none, with the nearest.
    pub fn find_site(&'static self, name: &str) -> Result<Site, String> {
        if let Some(place) = Place::parse(name) {
            return self.site_at(name, &place);
        }
        self.site(name).ok_or_else(|| {
            let near = |site: Site| {
                let distance = strsim::damerau_levenshtein(&site.name, &name.to_uppercase());
                (distance, site)
            };
            let nearest = self
                .sites()
                .map(near)
                .min_by_key(|(distance, _)| *distance)
                .filter(|(distance, _)| *distance <= 3);
            match nearest {
                Some((_, site)) => format!("no site is called `{name}`; did you mean `{site}`?"),
                None => {
                    let names: Vec<_> = self.sites.iter().map(|site| &*site.name).collect();
                    let names = names.join(", ");
                    format!("no site is called `{name}`; the sites are {names}")
                }
            }
        })
    }

    /// The site without a name of its own that a person names by its place.
    fn site_at(&'static self, text: &str, asked: &Place<'_>) -> Result<Site, String> {
        let place = |site: &Site| Place::parse(&site.info.name);
        let here = self
            .sites()
            .filter(|site| place(site).is_some_and(|own| asked.is(&own)));
        let here: Vec<Site> = here.collect();
        match here[..] {
            [only] => return Ok(only),
            // A compare-and-swap has two sites at one place: the one that succeeds is
            // meant unless the other is asked for.
            [one, other] if !asked.failing && one.at_one_place(other) => {
                return Ok(if one.name.ends_with(FAIL) { other } else { one });
            }
            _ => {}
        }
        let names = |sites: &[Site]| {
            let names: Vec<_> = sites.iter().map(|site| &*site.info.name).collect();
            names.join(", ")
        };
        if !here.is_empty() {
            let names = names(&here);
            return Err(format!(
                "`{text}` may be any of {names}: give the column too"
            ));
        }
        let in_file = |site: &Site| place(site).is_some_and(|own| asked.is_file(&own));
        let in_file: Vec<Site> = self.sites().filter(in_file).collect();
        Err(match in_file.is_empty() {
            true if self.sites.is_empty() => format!("no access is at `{text}`, as none was made"),
            true => format!(
                "no access is at `{text}`; there are {}",
                names(&self.sites().collect::<Vec<_>>())
            ),
            false => format!(
                "no access is at `{text}`; in that file are {}",
                names(&in_file)
            ),
        })
    }

    /// The site and ordering that a person names.
    ///
    /// # Errors
    ///
    /// If there is no such site or ordering, or the site's operation cannot have
    /// it; the message names what there is.
    pub fn resolve(&'static self, site: &str, ordering: &str) -> Result<(Site, Ordering), String> {
        let site = self.find_site(site)?;
        let admitted: Vec<_> = site.admits.iter().map(|o| o.as_str()).collect();
        let admitted = admitted.join(", ");
        let Some(ordering) = ordering
            .parse()
            .ok()
            .filter(|o| *o != Ordering::None || site.admits.contains(o))
        else {
            return Err(format!(
                "`{ordering}` is no ordering that {site} can have; it can have {admitted}"
            ));
        };
        if !site.admits.contains(&ordering) {
            let operation = site.operation;
            let article = if operation == Operation::FetchAdd {
                "an atomic add"
            } else {
                "this operation"
            };
            return Err(format!(
                "{site} ({operation}) cannot be {ordering}: {article} can have {admitted}"
            ));
        }
        if !site.modelled {
            return Err(format!(
                "{site} is not part of the slot protocol, and no model explores its ordering"
            ));
        }
        Ok((site, ordering))
    }

    /// The change that `SITE=Ordering` names.
    ///
    /// # Errors
    ///
    /// As [`resolve`](Self::resolve), or if it is not of this form.
    pub fn change(&'static self, text: &str) -> Result<OrderingChange, String> {
        let (site, ordering) = text
            .split_once('=')
            .ok_or_else(|| format!("`{text}` is not SITE=Ordering, such as SHARE=Relaxed"))?;
        let (site, ordering) = self.resolve(site.trim(), ordering.trim())?;
        Ok(OrderingChange {
            site: site.name.clone(),
            ordering,
        })
    }

    /// The changes that each `SITE=Ordering` names.
    ///
    /// # Errors
    ///
    /// As [`change`](Self::change), or if a site is named twice.
    pub fn changes(
        &'static self,
        texts: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<Vec<OrderingChange>, String> {
        let mut changes: Vec<OrderingChange> = Vec::new();
        for text in texts {
            let change = self.change(text.as_ref())?;
            if let Some(first) = changes.iter().find(|other| other.site == change.site) {
                return Err(format!(
                    "a site has one ordering, and {} is given {} and {}",
                    change.site, first.ordering, change.ordering
                ));
            }
            changes.push(change);
        }
        Ok(changes)
    }

    /// The weak compare-and-swap that `SITE#n` names, and which of them fails.
    ///
    /// # Errors
    ///
    /// If it is not of this form, or the site is no weak compare-and-swap.
    pub fn inject(&'static self, text: &str) -> Result<Inject, String> {
        let form = || format!("`{text}` is not SITE#n, such as ACQUIRE_REF#1");
        let (site, n) = text.split_once('#').ok_or_else(form)?;
        let site = self.find_site(site.trim())?;
        if !site.weak {
            let weak: Vec<_> = self.weak_sites().map(|site| &*site.info.name).collect();
            return Err(format!(
                "{site} cannot fail spuriously: the only weak compare-and-swap is {}",
                weak.join(", ")
            ));
        }
        match n.trim().parse() {
            Ok(n) if n > 0 => Ok(Inject {
                site: site.name.clone(),
                n,
            }),
            _ => Err(form()),
        }
    }

    /// The weak compare-and-swaps.
    pub fn weak_sites(&'static self) -> impl Iterator<Item = Site> {
        self.sites().filter(|site| site.weak)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(places: &[&str]) -> &'static Description {
        let site = |name: &&str| SiteInfo {
            name: (*name).to_owned(),
            operation: Operation::Store,
            step: String::new(),
            ordering: Ordering::Release,
            admits: vec![Ordering::Relaxed, Ordering::Release],
            partners: Vec::new(),
            reason: String::new(),
            modelled: true,
            weak: false,
        };
        Box::leak(Box::new(Description {
            sites: places.iter().map(site).collect(),
            ref_counts: None,
            programs: None,
            scenarios: Vec::new(),
        }))
    }

    #[test]
    fn an_access_without_a_name_is_found_by_the_end_of_its_place() {
        let known = described(&[
            "kernel/src/spin.rs:7:9",
            "kernel/src/other_spin.rs:7:9",
            "kernel/src/spin.rs:9:9",
            "kernel/src/spin.rs:9:9/fail",
            "kernel/src/spin.rs:11:9",
            "kernel/src/spin.rs:11:40",
            "boot/spin.rs:13:5",
        ]);
        let find = |text: &str| known.find_site(text).map(|site| site.name.clone());
        assert_eq!(find("spin.rs:7").unwrap(), "kernel/src/spin.rs:7:9");
        assert_eq!(find("src/spin.rs:9").unwrap(), "kernel/src/spin.rs:9:9");
        assert_eq!(
            find("spin.rs:9/fail").unwrap(),
            "kernel/src/spin.rs:9:9/fail"
        );
        assert_eq!(find("spin.rs:11:40").unwrap(), "kernel/src/spin.rs:11:40");
        let ambiguous = find("spin.rs:11").unwrap_err();
        assert!(
            ambiguous.contains("spin.rs:11:9, kernel/src/spin.rs:11:40"),
            "{ambiguous}"
        );
        let elsewhere = find("boot/spin.rs:7").unwrap_err();
        assert!(
            elsewhere.ends_with("in that file are boot/spin.rs:13:5"),
            "{elsewhere}"
        );
        assert!(find("pin.rs:7").is_err());
        let change = known.change("spin.rs:7=relaxed").unwrap();
        assert_eq!(change.to_string(), "kernel/src/spin.rs:7:9=Relaxed");
        assert!(known.change("spin.rs:7=Acquire").is_err());
    }

    #[test]
    fn a_start_that_is_refused_survives_its_text() {
        let refused = Refused {
            start: "shared+3: get | get".parse::<Program>().unwrap().start,
            why: "it cannot be made".to_owned(),
        };
        let text = serde_json::to_string(&refused).unwrap();
        assert!(text.contains("\"shared+3\""), "{text}");
        assert_eq!(serde_json::from_str::<Refused>(&text).unwrap(), refused);
    }

    #[test]
    fn a_start_that_is_refused_is_found_for_each_program() {
        let start = |text: &str| text.parse::<Program>().unwrap();
        let programs = |ref_count_max| Programs {
            ref_count_max,
            refused: vec![Refused {
                start: start("unique: get | get").start,
                why: "no owner".to_owned(),
            }],
        };
        let most = Params::MODEL.ref_count_max;
        let own = programs(most);
        assert_eq!(own.refuses(&start("unique: drop | get")), Some("no owner"));
        assert_eq!(own.refuses(&start("shared: drop | get")), None);
        assert!(own.reaches_limit() && programs(most - 1).reaches_limit());
        assert!(!programs(most + 1).reaches_limit());
    }

    #[test]
    fn a_value_is_named_by_its_state() {
        let ref_counts = RefCounts {
            unused: 100,
            unique: 101,
            busy: 102,
            max: 9,
        };
        let known = Description {
            ref_counts: Some(ref_counts),
            ..described(&[]).clone()
        };
        for (raw, name) in [
            (100, "UNUSED"),
            (101, "UNIQUE"),
            (102, "BUSY"),
            (1, "SHARED(1)"),
            (9, "SHARED(9)"),
            (10, "OVERFLOW(10)"),
        ] {
            assert_eq!(known.value(Some(0), raw), name);
            assert_eq!(known.value(None, raw), raw.to_string());
        }
        assert_eq!(described(&[]).value(Some(0), 100), "100");
    }

    #[test]
    fn sites_and_scenarios_are_found_by_their_names() {
        let scenario = |name: &str| Scenario {
            name: name.to_owned(),
            threads: 2,
            broken: None,
        };
        let mut known = described(&["SHARE", "RETIRE"]).clone();
        known.scenarios = ["one", "two"].map(scenario).into();
        known.sites[1].weak = true;
        known.sites[1].admits.push(Ordering::None);
        let known: &'static Description = Box::leak(Box::new(known));
        assert_eq!(known.scenario("two"), Some(&scenario("two")));
        assert_eq!(known.scenario("three"), None);
        let sites: Vec<_> = known.sites().collect();
        let [share, retire] = sites[..] else { panic!() };
        assert_eq!(known.site("RETIRE"), Some(retire));
        assert!(share != retire && share < retire && known.site("DEC").is_none());
        assert_eq!(share.to_string(), "SHARE");
        // Three letters are wrong at most.
        assert!(
            known
                .find_site("SHAxxx")
                .unwrap_err()
                .ends_with("did you mean `SHARE`?")
        );
        assert!(
            known
                .find_site("SHxxxx")
                .unwrap_err()
                .contains("the sites are")
        );
        let none = described(&[]).find_site("a.rs:1").unwrap_err();
        assert!(none.ends_with("as none was made"), "{none}");
        let other = known.find_site("a.rs:1").unwrap_err();
        assert!(other.ends_with("there are SHARE, RETIRE"), "{other}");
        let inject = |n| Inject {
            site: "RETIRE".to_owned(),
            n,
        };
        assert_eq!(known.inject("RETIRE#1"), Ok(inject(1)));
        assert_eq!(known.inject("RETIRE # 2"), Ok(inject(2)));
        assert!(known.inject("RETIRE#0").is_err());
        let strong = known.inject("SHARE#1").unwrap_err();
        assert!(
            strong.starts_with("SHARE cannot fail spuriously"),
            "{strong}"
        );
    }

    #[test]
    fn an_ordering_that_a_site_cannot_have_is_refused_with_what_it_can() {
        let mut known = described(&["FENCE", "INC", "STORE"]).clone();
        known.sites[0].operation = Operation::Fence;
        known.sites[0].admits.push(Ordering::None);
        known.sites[1].operation = Operation::FetchAdd;
        let known: &'static Description = Box::leak(Box::new(known));
        let fence = known.resolve("FENCE", "none").unwrap();
        assert_eq!(
            (fence.0.to_string(), fence.1),
            ("FENCE".to_owned(), Ordering::None)
        );
        let refused = |site, ordering| known.resolve(site, ordering).unwrap_err();
        let no_fence = refused("STORE", "none");
        assert!(
            no_fence.starts_with("`none` is no ordering that STORE"),
            "{no_fence}"
        );
        let add = refused("INC", "Acquire");
        assert!(
            add.starts_with("INC (fetch_add) cannot be Acquire: an atomic add"),
            "{add}"
        );
        let store = refused("STORE", "Acquire");
        assert!(
            store.contains("(store) cannot be Acquire: this operation"),
            "{store}"
        );
    }
}
