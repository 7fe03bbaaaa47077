//! What a worker has to know of the code under test.

use std::{fmt, io};

use pipe::{
    Broken, Description, Exploration, Job, Manner, OrderingChange, RefCounts, SiteInfo, Target,
};
use programs::program::{Program, Start, StartKind};
use prop_tests::protocol::{FARTHEST_LIMIT, Protocol};
use prop_tests::scenario::{Expected, Scenario};

use facade::named::Access;

use crate::engine::{self, Host, Progress};
use crate::serve::serve;

/// The code under test, as its worker runs it: a protocol, scenarios, or both.
///
/// ```no_run
/// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
/// use worker::{Scenario, Subject};
///
/// fn main() -> std::io::Result<()> {
///     let adders = Scenario::on("two-adders", || AtomicU32::new(0))
///         .threads(2, |number, _| _ = number.fetch_add(1, Relaxed))
///         .end(|number, end| end.say(number.load(Relaxed)))
///         .allowed(&[" |  => 2"]);
///     Subject::new().scenario(adders).serve()
/// }
/// ```
#[derive(Debug, Default)]
pub struct Subject {
    programs: Option<Programs>,
    sites: Vec<SiteInfo>,
    ref_counts: Option<RefCounts>,
    scenarios: Vec<Scenario>,
    cells: Vec<CellUse>,
}

/// What the pointer that an `UnsafeCell` hands out at a line is used for.
#[derive(Clone, Debug)]
#[cfg_attr(not(model), allow(dead_code, reason = "real threads know no cells"))]
pub(crate) struct CellUse {
    pub(crate) path_end: &'static str,
    pub(crate) line: u32,
    pub(crate) access: Access,
}

/// How programs are run on the handles of a protocol.
struct Programs {
    explore: fn(&Program, &Job, Progress) -> Result<Exploration, String>,
    slot_at: fn(usize) -> Option<usize>,
    refused: fn(Start) -> Option<&'static str>,
    ref_count_max: u64,
    parallel: bool,
}

impl Subject {
    /// A subject that can do nothing yet.
    pub fn new() -> Self {
        Subject::default()
    }

    /// It can run programs, on the handles of this protocol.
    #[must_use]
    pub fn protocol<P: Protocol<Host = Host>>(mut self) -> Self {
        self.programs = Some(Programs {
            explore: engine::explore_program::<P>,
            slot_at: P::slot_at,
            refused: P::start_refused,
            ref_count_max: P::REF_COUNT_MAX,
            parallel: P::PARALLEL,
        });
        self
    }

    /// Its atomic accesses, where they have names; otherwise their places stand
    /// for them.
    #[must_use]
    pub fn sites(mut self, sites: impl IntoIterator<Item = SiteInfo>) -> Self {
        self.sites = sites.into_iter().collect();
        self
    }

    /// The values of the word of a slot, so that stories can name them and transitions are
    /// known.
    #[must_use]
    pub fn ref_counts(mut self, ref_counts: RefCounts) -> Self {
        self.ref_counts = Some(ref_counts);
        self
    }

    /// What the cells of a file are used for: each line of its `text` that calls
    /// `UnsafeCell::get` reads if it has one of `reads` in it, and writes otherwise.
    /// `path_end` is how the file's path ends.
    ///
    /// The explorer sees where the pointer is handed out, and not what becomes of it. A
    /// line that it does not know counts as a write, and a race that there is only because
    /// of that is a `tool failure`, not a `data race`.
    ///
    /// # Panics
    ///
    /// If no line has one of `reads` in it: the file has changed.
    #[must_use]
    pub fn cells(mut self, path_end: &'static str, text: &str, reads: &[&str]) -> Self {
        for read in reads {
            assert!(
                text.contains(read),
                "{path_end}: no line has `{read}` in it"
            );
        }
        let uses = (1..)
            .zip(text.lines())
            .filter(|(_, text)| text.contains(".get()"));
        self.cells.extend(uses.map(|(line, text)| CellUse {
            path_end,
            line,
            access: match reads.iter().any(|read| text.contains(read)) {
                true => Access::Read,
                false => Access::Write,
            },
        }));
        self
    }

    /// One scenario more.
    #[must_use]
    pub fn scenario(mut self, scenario: impl Into<Scenario>) -> Self {
        self.scenarios.push(scenario.into());
        self
    }

    /// These scenarios as well.
    #[must_use]
    pub fn scenarios(mut self, scenarios: impl IntoIterator<Item = Scenario>) -> Self {
        self.scenarios.extend(scenarios);
        self
    }

    /// Answers the requests on standard input, until it ends.
    ///
    /// # Errors
    ///
    /// If standard output is gone.
    pub fn serve(self) -> io::Result<()> {
        serve(&self)
    }

    /// Describes it.
    ///
    /// # Panics
    ///
    /// If a control names no verdict or ordering.
    pub fn describe(&self) -> Description {
        Description {
            sites: self.sites.clone(),
            ref_counts: self.ref_counts,
            programs: self.programs.as_ref().map(Programs::describe),
            scenarios: self.scenarios.iter().map(scenario_of).collect(),
        }
    }

    /// Explores a job with the engine of this build.
    ///
    /// # Errors
    ///
    /// If the job is another engine's, or the subject cannot run it.
    pub fn explore(&self, job: &Job, progress: Progress) -> Result<Exploration, String> {
        self.classify();
        engine::words(self.ref_counts);
        match &job.case {
            Target::Program(program) => {
                let Some(programs) = &self.programs else {
                    return Err("the subject has scenarios alone, and runs no programs".to_owned());
                };
                if let Some(why) = (programs.refused)(program.start) {
                    return Err(format!("the subject cannot start like this: {why}"));
                }
                if !programs.parallel && matches!(&job.manner, Manner::Rc11(how) if how.cores > 1) {
                    return Err(
                        "the subject's slots are statics of the process, which several cores \
                         would share: it is explored on one\n  hint: leave --jobs out; several \
                         programs go on several cores by themselves"
                            .to_owned(),
                    );
                }
                (programs.explore)(program, job, progress)
            }
            Target::Scenario(name) => {
                let scenario = self.scenarios.iter().find(|own| own.name == **name);
                let scenario = scenario.ok_or_else(|| format!("there is no scenario `{name}`"))?;
                let slot_at = self
                    .programs
                    .as_ref()
                    .map_or(nowhere as _, |own| own.slot_at);
                engine::explore_scenario(scenario.clone(), slot_at, job, progress)
            }
        }
    }

    /// Has the explorer know what the cells are used for.
    pub(crate) fn classify(&self) {
        engine::classify(&self.cells);
    }
}

fn nowhere(_address: usize) -> Option<usize> {
    None
}

impl Programs {
    fn describe(&self) -> pipe::Programs {
        let starts = [
            StartKind::Unused,
            StartKind::Shared,
            StartKind::SharedTwice,
            StartKind::Unique,
        ];
        let forgotten = (1..FARTHEST_LIMIT).map(|forgotten| (StartKind::Shared, forgotten));
        let starts = starts.map(|kind| (kind, 0)).into_iter().chain(forgotten);
        let refused = starts.filter_map(|(kind, forgotten)| {
            let start = Start { kind, forgotten };
            let why = (self.refused)(start)?.to_owned();
            Some(pipe::Refused { start, why })
        });
        let refused = refused.collect();
        pipe::Programs {
            ref_count_max: self.ref_count_max,
            refused,
        }
    }
}

fn scenario_of(scenario: &Scenario) -> pipe::Scenario {
    let verdict = |words: &str| words.parse().expect("a scenario names a verdict");
    let change = |text: &str| {
        let (site, ordering) = text.split_once('=').expect("SITE=Ordering");
        OrderingChange {
            site: site.to_owned(),
            ordering: ordering.parse().expect("an ordering"),
        }
    };
    pipe::Scenario {
        name: scenario.name.to_string(),
        threads: scenario.threads,
        broken: match scenario.expected {
            Expected::Pass => None,
            Expected::Broken {
                loom,
                shuttle,
                weaken,
            } => Some(Broken {
                loom: verdict(loom),
                shuttle: shuttle.map(verdict),
                weaken: weaken.map(change),
            }),
        },
    }
}

impl fmt::Debug for Programs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Programs")
            .field("ref_count_max", &self.ref_count_max)
            .finish_non_exhaustive()
    }
}
