//! What a worker says of the code under test: its atomic accesses, the values
//! of its word, and the scenarios.

use std::cmp;
use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

use crate::{Inject, Ordering, OrderingChange, Verdict};

/// The code under test, as far as commands have to know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// The atomic accesses, in the order of the table.
    pub sites: Vec<SiteInfo>,
    /// The values of the reference count.
    pub ref_counts: RefCounts,
    /// The scenarios.
    pub scenarios: Vec<Scenario>,
}

/// What an access does to its location.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
            Operation::Fence => "fence",
        })
    }
}

/// An atomic access of the protocol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
