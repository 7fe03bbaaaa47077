//! The code under test, as far as commands have to know it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::OnceLock;

use pipe::{Description, SiteInfo};
use programs::program::Program;

use crate::print::count;
use crate::worker::Worker;

type Ask = dyn Fn() -> Result<Description, String> + Send + Sync;

/// The code under test. It is described when somebody first asks, for that
/// takes a worker, and most programs can be read without.
pub struct Subject {
    ask: Box<Ask>,
    description: OnceLock<&'static Description>,
    /// The same with the sites that were found by running.
    extended: OnceLock<&'static Description>,
}

impl Subject {
    /// The subject that `ask` describes.
    pub fn new(ask: impl Fn() -> Result<Description, String> + Send + Sync + 'static) -> Self {
        Subject {
            ask: Box::new(ask),
            description: OnceLock::new(),
            extended: OnceLock::new(),
        }
    }

    /// Has a worker that is there describe it, so that no other need be built.
    ///
    /// # Errors
    ///
    /// If the worker cannot.
    pub fn learn(&self, worker: &mut Worker) -> Result<(), String> {
        if self.description.get().is_none() {
            let described = worker.describe()?;
            self.description
                .get_or_init(|| Box::leak(Box::new(described)));
        }
        Ok(())
    }

    /// From here on it is described with the sites that were found by running.
    pub fn extend(&self, extended: &'static Description) {
        self.extended.get_or_init(|| extended);
    }

    /// Its description, which is kept for as long as the process runs.
    ///
    /// # Errors
    ///
    /// If it cannot be asked for.
    pub fn description(&self) -> Result<&'static Description, String> {
        if let Some(known) = self.extended.get().or_else(|| self.description.get()) {
            return Ok(known);
        }
        let asked = (self.ask)()?;
        Ok(self.description.get_or_init(|| Box::leak(Box::new(asked))))
    }
}

/// The same subject with the accesses that were met when it ran, where it has no table
/// of them.
pub fn with_sites(
    subject: &'static Description,
    met: impl IntoIterator<Item = SiteInfo>,
) -> &'static Description {
    let mut sites: Vec<SiteInfo> = Vec::new();
    for site in met {
        if !sites.iter().any(|known| known.name == site.name) {
            sites.push(site);
        }
    }
    sites.sort_by(|a, b| natural(&a.name).cmp(&natural(&b.name)));
    Box::leak(Box::new(Description {
        sites,
        ..subject.clone()
    }))
}

/// A place in the order of the source: its numbers are numbers.
fn natural(place: &str) -> (&str, Vec<u32>, bool) {
    let failing = place.ends_with("/fail");
    let mut parts = place.trim_end_matches("/fail").split(':');
    let path = parts.next().unwrap_or_default();
    (
        path,
        parts.filter_map(|part| part.parse().ok()).collect(),
        failing,
    )
}

/// The programs that the subject can run, and what is to be said of the others: a
/// line for each reason.
///
/// # Errors
///
/// If it runs no programs at all.
pub fn fitting(
    programs: impl IntoIterator<Item = Program>,
    subject: &Description,
) -> Result<(Vec<Program>, Vec<String>), String> {
    let Some(own) = &subject.programs else {
        return Err(
            "the subject runs no programs, it has scenarios alone\n  hint: `explore \
                    --subject PATH NAME` runs one"
                .to_owned(),
        );
    };
    let mut refused: BTreeMap<(String, &str), u64> = BTreeMap::new();
    let mut fitting = Vec::new();
    for program in programs {
        match own.refuses(&program) {
            None => fitting.push(program),
            Some(why) => {
                let text = program.to_string();
                let start = text.split(':').next().unwrap_or_default().to_owned();
                *refused.entry((start, why)).or_default() += 1;
            }
        }
    }
    let line = |((start, why), n): ((String, &str), u64)| {
        format!(
            "left out: {} programs that start `{start}`: {why}",
            count(n)
        )
    };
    let mut lines: Vec<_> = refused.into_iter().map(line).collect();
    if !own.reaches_limit() {
        lines.push(format!(
            "left out: the limit of the count, {}, which no program reaches",
            count(own.ref_count_max)
        ));
    }
    Ok((fitting, lines))
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Subject")
            .field(&self.description.get())
            .finish()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// `meta-core`.
    pub(crate) fn subject() -> Subject {
        Subject::new(|| Ok(::worker::describe()))
    }

    /// `meta-core`, described.
    pub(crate) fn described() -> &'static Description {
        subject().description().unwrap()
    }

    #[test]
    fn a_subject_is_asked_once_and_not_before() {
        use std::sync::atomic::{AtomicU32, Ordering};
        static ASKED: AtomicU32 = AtomicU32::new(0);
        let subject = Subject::new(|| {
            // ORDERING: Relaxed: one thread counts.
            ASKED.fetch_add(1, Ordering::Relaxed);
            Ok(::worker::describe())
        });
        // ORDERING: as above.
        let asked = || ASKED.load(Ordering::Relaxed);
        assert_eq!(asked(), 0);
        let first = subject.description().unwrap();
        assert!(std::ptr::eq(first, subject.description().unwrap()));
        assert_eq!(asked(), 1);
    }
}
