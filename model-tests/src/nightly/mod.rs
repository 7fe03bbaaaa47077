//! Nights: random programs under shuttle's random schedulers, for as long as
//! there is time.

mod draw;
mod line;
mod summary;

pub use draw::{Batch, Draw, Family};
pub use line::BatchLine;
pub use summary::NightSummary;
