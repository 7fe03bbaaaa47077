//! The workers that a command runs its jobs on, and what they describe.

use pipe::EngineName;
use programs::program::{Bound, size};

use super::Refusal;
use crate::campaign::refuse_more;
use crate::interrupt;
use crate::note;
use crate::pool::Pool;
use crate::subject::Subject;
use crate::worker::{Builds, Worker};

/// The most threads that loom runs.
pub(super) const LOOM_THREADS: usize = 5;

/// Refuses bounds with more programs than a command holds in memory.
///
/// # Errors
///
/// If they have: the number.
pub(super) fn refuse_many(bounds: &[Bound], slots: usize, with_count: bool) -> Result<(), Refusal> {
    const MOST: u128 = 1_000_000;
    for bound in bounds {
        let programs = size(*bound, slots, with_count);
        refuse_more(&bound.to_string(), programs, MOST).map_err(Refusal::input)?;
    }
    Ok(())
}

/// The code under test, described by a worker of this engine if somebody asks.
pub fn subject(engine: EngineName) -> Subject {
    Subject::new(move || {
        let program = built(engine)?;
        Worker::new(engine, &program).describe()
    })
}

/// Builds the engine's worker and makes a pool of so many, as many as cores if
/// nothing is said. From here on an interrupt is a request.
///
/// # Errors
///
/// If it cannot be built.
pub fn pool(engine: EngineName, workers: Option<usize>) -> Result<Pool, Refusal> {
    pool_of(&[engine], workers)
}

/// The same for jobs of several engines.
pub(super) fn pool_of(engines: &[EngineName], workers: Option<usize>) -> Result<Pool, Refusal> {
    interrupt::listen().map_err(Refusal::tool)?;
    let mut builds = Builds::start(engines);
    let mut programs = Vec::new();
    while let Some((engine, built)) = builds.next(still_building) {
        programs.push((engine, built.map_err(Refusal::tool)?));
    }
    if programs.len() < engines.len() {
        return Err(Refusal::tool("interrupted"));
    }
    let workers = workers.unwrap_or_else(Pool::default_size);
    let programs: Vec<_> = programs.iter().map(|(e, path)| (*e, &**path)).collect();
    Ok(Pool::of(&programs, workers))
}

/// The engine's worker, built. From here on an interrupt is a request.
pub(super) fn built(engine: EngineName) -> Result<std::path::PathBuf, String> {
    interrupt::listen()?;
    let mut builds = Builds::start(&[engine]);
    let built = builds.next(still_building);
    built.map_or_else(|| Err("interrupted".to_owned()), |(_, program)| program)
}

/// Says which workers are being built.
pub(super) fn still_building(engines: &[EngineName]) {
    let names: Vec<_> = engines.iter().map(|engine| engine.as_str()).collect();
    note!("building: {}", names.join(", "));
}
