//! The workers that a command runs its jobs on.

use std::io::IsTerminal;

use super::Refusal;
use crate::engine::EngineName;
use crate::interrupt;
use crate::pool::Pool;
use crate::worker::{self, WorkerBuild};

/// Builds the engine's worker and makes a pool of so many, as many as cores if
/// nothing is said. From here on an interrupt is a request.
pub(super) fn pool(engine: EngineName, workers: Option<usize>) -> Result<Pool, Refusal> {
    let quiet = !std::io::stderr().is_terminal();
    let program = worker::build(WorkerBuild { engine, quiet }).map_err(Refusal::tool)?;
    interrupt::listen().map_err(Refusal::tool)?;
    let workers = workers.unwrap_or_else(Pool::default_size);
    Ok(Pool::new(engine, &program, workers))
}
