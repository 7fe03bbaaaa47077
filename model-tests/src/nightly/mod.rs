//! Nights: random programs under shuttle's random schedulers and rc11's sampling,
//! for as long as there is time.

mod draw;
mod line;
mod summary;

pub use draw::{Batch, Draw, Family, Way};
pub use line::BatchLine;
pub use summary::NightSummary;
