//! The worker of `meta-core`: its table of orderings and the values of its word.

use std::sync::atomic;

use meta_core::ordering::{self as table, SITES};
use meta_core::{REF_COUNT_BUSY, REF_COUNT_UNIQUE, REF_COUNT_UNUSED};
use pipe::{Description, Exploration, Job, Operation, Ordering, RefCounts, SiteInfo};
use programs::spec::Params;
use prop_tests::adapter::{MetaCore, scenario};

use crate::engine::Progress;
use crate::{Host, Subject};

/// `meta-core` as a subject.
pub fn meta_core() -> Subject {
    Subject::new()
        .protocol::<MetaCore<Host>>()
        .ref_counts(RefCounts {
            unused: REF_COUNT_UNUSED,
            unique: REF_COUNT_UNIQUE,
            busy: REF_COUNT_BUSY,
            max: Params::MODEL.ref_count_max,
        })
        .sites(SITES.iter().map(site))
        .scenarios(scenario::all::<Host>())
}

/// Describes it.
pub fn describe() -> Description {
    meta_core().describe()
}

/// Explores a job on it with the engine of this build.
///
/// # Errors
///
/// If the job is another engine's, or there is no such scenario.
pub fn explore(job: &Job, progress: Progress) -> Result<Exploration, String> {
    meta_core().explore(job, progress)
}

fn site(info: &table::SiteInfo) -> SiteInfo {
    let admits = |o: &Ordering| info.operation.admits(to_core(*o));
    SiteInfo {
        name: info.name.to_owned(),
        operation: match info.operation {
            table::Operation::Load => Operation::Load,
            table::Operation::Store => Operation::Store,
            table::Operation::CasSuccess => Operation::CasSuccess,
            table::Operation::CasFailure => Operation::CasFailure,
            table::Operation::FetchAdd => Operation::FetchAdd,
            table::Operation::FetchSub => Operation::FetchSub,
            table::Operation::Fence => Operation::Fence,
        },
        step: info.step.to_owned(),
        ordering: of_core(Some(info.ordering)),
        admits: Ordering::ALL.into_iter().filter(admits).collect(),
        partners: info.partners().map(str::to_owned).collect(),
        reason: info.reason.to_owned(),
        modelled: info.modelled,
        weak: info.weak,
    }
}

/// The ordering of an access, or `None` for no fence.
pub(crate) const fn to_core(ordering: Ordering) -> Option<atomic::Ordering> {
    match ordering {
        Ordering::None => None,
        Ordering::Relaxed => Some(atomic::Ordering::Relaxed),
        Ordering::Acquire => Some(atomic::Ordering::Acquire),
        Ordering::Release => Some(atomic::Ordering::Release),
        Ordering::AcqRel => Some(atomic::Ordering::AcqRel),
        Ordering::SeqCst => Some(atomic::Ordering::SeqCst),
    }
}

/// The reverse of [`to_core`].
pub(crate) const fn of_core(ordering: Option<atomic::Ordering>) -> Ordering {
    match ordering {
        None => Ordering::None,
        Some(atomic::Ordering::Relaxed) => Ordering::Relaxed,
        Some(atomic::Ordering::Acquire) => Ordering::Acquire,
        Some(atomic::Ordering::Release) => Ordering::Release,
        Some(atomic::Ordering::AcqRel) => Ordering::AcqRel,
        Some(_) => Ordering::SeqCst,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orderings_survive_the_way_there_and_back() {
        for ordering in Ordering::ALL {
            assert_eq!(of_core(to_core(ordering)), ordering);
        }
    }

    #[test]
    fn every_site_has_an_ordering_that_it_admits() {
        for site in describe().sites {
            assert!(site.admits.contains(&site.ordering), "{}", site.name);
        }
    }
}
